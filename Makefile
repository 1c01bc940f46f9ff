# The doors for maintainers and newcomers. Windows users: README.md has the same steps as plain commands.
#   make run        everything from nothing: environment, extension, data, notebooks, summary
#   make test       style, tests, and each notebook executed small
#   make test-all   the same with the slow tests
#   make release    what a student downloads: build/release and build/a2-student.zip
#   make clean      remove what these made

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test test-all lint release clean

run: .venv/installed
	$(BIN)/python -m staff.run

test: lint
	$(BIN)/python -m pytest -q -m "not slow"

test-all: lint
	$(BIN)/python -m pytest -q --durations=15

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

release: .venv/installed
	$(BIN)/python -m staff.release build/release

# The extension is built in place by the editable install, so a changed source builds it again.
.venv/installed: requirements.txt requirements-test.txt requirements-pdf.txt constraints.txt pyproject.toml setup.py cs231n/im2col_cython.pyx
	@echo "Installing into .venv, the versions of constraints.txt; this takes a few minutes ..."
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[test]"
	@touch $@

clean:
	rm -rf .venv build *.egg-info cs231n/im2col_cython.c cs231n/*.so
	find . -name __pycache__ -type d -prune -exec rm -r {} +
