# The doors for maintainers and newcomers. Windows users: README.md has the same steps as plain commands.
#   make install    the environment .venv and the extension, as the others do where they need it
#   make run        everything from nothing: environment, extension, data, notebooks, summary;
#                   TENSORFLOW=0 leaves TensorFlow and its notebook out
#   make test       style, tests, and each notebook executed small
#   make test-all   the same with the slow tests
#   make coverage   line and branch coverage of cs231n by the quick tests, and what they leave out
#   make release    what a student downloads: build/release and build/a2-student.zip
#   make clean      remove what these made

PYTHON ?= python3
TENSORFLOW ?= 1
BIN := .venv/bin

.PHONY: install run test test-all coverage lint release clean

install: .venv/installed

run: .venv/installed
ifneq ($(TENSORFLOW),0)
	@$(MAKE) --no-print-directory .venv/tensorflow || echo "TensorFlow cannot be installed here: see above."
endif
	$(BIN)/python -m staff.run $(if $(filter 0,$(TENSORFLOW)),--without TensorFlow)

test: lint
	$(BIN)/python -m pytest -q -m "not slow"

test-all: lint
	$(BIN)/python -m pytest -q --durations=15

coverage: .venv/installed
	$(BIN)/python -m pytest -q -m "not slow" --cov --cov-report=term-missing

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

release: .venv/installed
	$(BIN)/python -m staff.release build/release

# The extension is built in place by the editable install, so a changed source builds it again.
.venv/installed: $(addprefix requirements,.txt -test.txt -grade.txt -cluster.txt -pdf.txt) constraints.txt \
		pyproject.toml setup.py cs231n/im2col_cython.pyx $(wildcard cs231n/kernels/*)
	@echo "Installing into .venv, the versions of constraints.txt; this takes a few minutes ..."
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[test]"
	@touch $@

# Apart from the rest, since it is large and not every machine has a wheel of it.
.venv/tensorflow: .venv/installed requirements-tensorflow.txt
	@echo "Installing TensorFlow for one of the notebooks (make run TENSORFLOW=0 does without) ..."
	$(BIN)/python -m pip install --quiet --only-binary :all: -c constraints.txt -r requirements-tensorflow.txt
	@touch $@

clean:
	rm -rf .venv build *.egg-info cs231n/im2col_cython.c cs231n/*.so
	find . -name __pycache__ -type d -prune -exec rm -r {} +
