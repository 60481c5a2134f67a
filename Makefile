# Tegn. `make help` lists the commands.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
MINUTES ?= 10
PIP := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: help serve test fuzz lint format train bench bench-desk lock assets clean
.DEFAULT_GOAL := help

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

serve: $(VENV)/.serving ## set up, migrate, and serve on http://127.0.0.1:3000
	@$(BIN)/python -m serving start

test: $(VENV)/.dev ## run the whole test suite
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --max-worker-restart 0 $(ARGS)

fuzz: $(VENV)/.dev ## send Tegn what nobody would: MINUTES=10 for each part, SEED=, PARTS="pages files.pdf"
	@$(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(PARTS)

lint: $(VENV)/.dev ## check style, types and the direction of imports
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

format: $(VENV)/.dev ## rewrite the code in the project's style
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

train: $(VENV)/.dev ## reproduce the shipped tagger from the repository's data
	@$(BIN)/python -m training run experiments/encoder.toml --output models/tegn-da
	@$(BIN)/python -m training compile models/tegn-da

bench: $(VENV)/.bench ## measure side by side with others; ARGS="load" or "soak" for the long parts
	@$(BIN)/python -m tests.bench $(ARGS)

bench-desk: $(VENV)/.dev ## measure the pages of the desk with 50,000 texts stored
	@$(BIN)/python -m tests.bench_desk

lock: $(VENV)/.dev ## resolve the pinned requirements anew
	@sh requirements/lock.sh $(BIN)

assets: ## make the pages' style sheet, fonts and icons anew (needs npm)
	@sh serving/review/look/make.sh

clean: ## remove the environment and caches; keeps .tegn and .mlflow
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

# Each stamp is younger than the lock it was installed from, so a changed lock installs anew.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Tegn needs Python 3.11: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.serving: requirements/serving.txt | $(VENV)/bin/python
	@echo "installing what serving needs (once; a few minutes)"
	@$(PIP) install -r $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(VENV)/bin/python
	@echo "installing everything (once; some minutes)"
	@$(PIP) install -r $<
	@touch $@ $(VENV)/.serving

$(VENV)/.bench: requirements/bench.txt | $(VENV)/bin/python
	@echo "installing what Tegn is measured beside (once)"
	@$(PIP) install -r $<
	@touch $@ $(VENV)/.dev $(VENV)/.serving
