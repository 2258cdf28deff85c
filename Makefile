# The tasks of a checkout. `make help` lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
DEMO := data/demo

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast test-nightly coverage test-spark mutants check fix docs lab mlflow bench lock

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/ready ## the virtual environment, from the lock

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Python 3.11 is needed; name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock \
		|| $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . \
		|| $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m riskmodel.openmp
	touch $@

demo: setup ## a fictional economy of 3,000 enterprises, to each bank's limit file
	test -d $(DEMO) || $(BIN)/riskmodel simulate $(DEMO) --enterprises 3000 --months 60 --seed 7
	$(BIN)/riskmodel run experiments/baseline.toml --data $(DEMO)

# a worker a core, each with one thread; files in the order of tests/conftest.py, long ones first
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest
WORKERS := -n 2 --dist loadfile --no-loadscope-reorder

test: setup ## the tests
	$(PYTEST) $(WORKERS)

test-fast: setup ## the tests of a work in progress: those that take no whole run and no economy
	$(PYTEST) $(WORKERS) -m "not slow"

test-nightly: setup ## the tests with drawn examples in full number
	RISKMODEL_NIGHTLY=1 $(PYTEST) $(WORKERS)

coverage: setup ## the tests, and which lines of the package they run
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation-package riskmodel \
		--constraint requirements.lock -e '.[coverage]'
	$(PYTEST) $(WORKERS) --cov riskmodel --cov-report term:skip-covered

test-spark: setup ## features and scores on Spark, equal bits with this machine's; needs Java 17
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation-package riskmodel \
		--constraint requirements.lock -e '.[spark]'
	$(BIN)/python -m pytest -n 0 tests/pipeline/test_spark.py

SAMPLE ?= 0
SEED ?= 1
mutants: setup ## small faults that no test notices: all of them by night, or SAMPLE=300 a package
	nice $(BIN)/python tests/mutants --sample $(SAMPLE) --seed $(SEED) $(PACKAGES)

check: setup ## format, lint, types, import contracts, clean notebooks: changes nothing
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nbstripout --verify --extra-keys "metadata.papermill cell.metadata.papermill" notebooks/*.ipynb notebooks/*/*.ipynb
	$(BIN)/riskmodel dictionary | diff -q - data/README.md

fix: setup ## what `check` asks for, as far as a machine can do it
	$(BIN)/ruff format src tests
	$(BIN)/ruff check --fix src tests
	$(BIN)/nbstripout --extra-keys "metadata.papermill cell.metadata.papermill" notebooks/*.ipynb notebooks/*/*.ipynb
	$(BIN)/riskmodel dictionary > data/README.md

docs: setup ## the site in build/docs/html; its tutorial is the newest finished run, else the demo's
	test -e experiments/runs/latest/DONE || $(MAKE) demo
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation-package riskmodel \
		--constraint requirements.lock -e '.[docs]'
	$(BIN)/python docs/build.py experiments/runs/latest
	$(BIN)/python docs/check.py build/docs/html

lab: setup ## JupyterLab on the notebooks
	$(BIN)/jupyter lab --notebook-dir notebooks

mlflow: setup ## the tracking pages on the demo's runs
	MLFLOW_DISABLE_TELEMETRY=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(BIN)/mlflow ui \
		--workers 1 --backend-store-uri sqlite:///$(CURDIR)/experiments/mlflow.db

bench: setup ## features, limits and scoring beside what one would pick instead
	$(BIN)/riskmodel bench features
	$(BIN)/riskmodel bench limits
	$(BIN)/riskmodel bench scoring

lock: setup ## the lock anew, from pyproject.toml
	$(BIN)/uv pip compile --python-version 3.11 --extra dev --generate-hashes --no-annotate \
		--no-emit-index-url --no-header --quiet --output-file requirements.lock pyproject.toml
