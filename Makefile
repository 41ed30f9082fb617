# Two commands to know: `make demo` and `make test`. Both need only Python 3.11+ and make; `make help` lists the rest.
# Everything runs in .venv, built from requirements/*.txt, in which every file is pinned by its hash.

PYTHON ?= python3
# Hundreds of processes are started by the tests: each would compile the program anew.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
CODE := bot newsletter tests
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet install
HASHED := --no-deps --require-hashes --only-binary :all:
# A stamp stands in .venv for each step done there, so that a changed lock file, and only that, is installed again.
RUN := .venv/.run-installed
LINKLETTER := .venv/.linkletter-installed
DEV := .venv/.dev-installed
BENCH := .venv/.bench-installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test laws check bench format lock clean

help:  ## List these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: $(LINKLETTER)  ## Let a week end in the sample chat and show its newsletter: no token, no network
	@$(BIN)/linkletter demo --once

test: $(LINKLETTER) $(DEV)  ## Run all tests (PostgreSQL's are skipped where its programs are not installed)
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile

laws: $(LINKLETTER) $(DEV)  ## Try the laws on chats that no run has tried before [TIMES=10]
	@for _ in $$(seq $(or $(TIMES),10)); do \
		HYPOTHESIS_PROFILE=further $(BIN)/python -m pytest --quiet --numprocesses auto tests/laws || exit 1; done

check: $(LINKLETTER) $(DEV)  ## Lint, format, strict types, and the arrows between modules
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet tests/test_architecture.py

# By its path: `-m tests.bench` would find the package called "tests" that a dependency installs.
bench: $(LINKLETTER) $(DEV) $(BENCH)  ## Measure, as ratios within one run [EXPORT=path QUICK=1 POSTGRES=1]
	@$(BIN)/python tests/bench $(if $(QUICK),--quick) $(if $(POSTGRES),--postgres) $(if $(EXPORT),"$(EXPORT)")

format: $(DEV)  ## Put the code into its form and mend what ruff can
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

# --universal: one file for Python 3.11 to 3.14 on every system. --no-header, no annotations, no addresses:
# the files say what is installed, not where it was found. Newer versions: make lock UPGRADE=--upgrade
EXTRAS := --extra slack --extra discord --extra postgres
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(UPGRADE)
lock: $(DEV)  ## Write requirements/*.txt anew from pyproject.toml
	$(COMPILE) pyproject.toml $(EXTRAS) --output-file requirements/run.txt
	$(COMPILE) pyproject.toml $(EXTRAS) --group dev --constraints requirements/run.txt --output-file requirements/dev.txt
	$(COMPILE) --group build --constraints requirements/dev.txt --output-file requirements/build.txt
	$(COMPILE) --group bench --constraints requirements/dev.txt --output-file requirements/bench.txt

clean:  ## Remove .venv and what the tools left behind
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# From here on: how .venv comes to be. A changed lock makes it anew, so that nothing undeclared stays behind.
$(RUN): requirements/run.txt requirements/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Linkletter needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Name another one: make PYTHON=python3.12 ...")'
	@echo "Making .venv from requirements/run.txt (half a minute; on a busy machine more)"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) $(HASHED) -r requirements/run.txt -r requirements/build.txt
	@touch $@

$(LINKLETTER): pyproject.toml $(RUN)
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt $(RUN)
	@echo "Adding requirements/dev.txt"
	@$(PIP) $(HASHED) -r requirements/dev.txt
	@touch $@

$(BENCH): requirements/bench.txt $(DEV)
	@$(PIP) $(HASHED) -r requirements/bench.txt
	@touch $@
