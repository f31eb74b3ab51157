# make quickstart   set up .venv from the lock, build a graph, train on it, predict
# make test         lint, types, tests in the same .venv
# make clean        remove everything made here

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --disable-pip-version-check -qq --no-compile -c constraints.txt
SENTENCE := The central bank raised its policy rate and bond yields climbed.

# The first Python that is new enough and can make a virtual environment. Override: make PYTHON=...
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo $$p; break; }; done)

.PHONY: quickstart test clean
.DELETE_ON_ERROR:

# A module is compiled when it is first imported and kept so: all that is installed would take minutes.
export PYTHONDONTWRITEBYTECODE :=

quickstart: $(STAMP)
	$(BIN)/kgml build-graph ontologies/fin.ttl
	$(BIN)/kgml train --fusion attention
	$(BIN)/kgml predict artifacts/fin-attention.model "$(SENTENCE)"

test: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -n 2
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder

# The build tools come first and from the lock too, so that nothing unlocked is fetched to build.
$(STAMP): constraints.txt pyproject.toml
	@test -n "$(PYTHON)" || { \
		echo "kgml needs Python 3.11 or newer with the venv module, and found none on PATH." >&2; \
		echo "Install one (on Debian and Ubuntu: python3.11 and python3.11-venv)," >&2; \
		echo "or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "installing into $(VENV) from constraints.txt; the first time downloads about 0.5 GB"
	$(PYTHON) -m venv $(VENV)
	$(PIP) hatchling editables
	$(PIP) --no-build-isolation -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) artifacts dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
