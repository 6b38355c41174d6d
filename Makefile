# Everything runs from .venv, which is made on first use and renewed when pyproject.toml or constraints.txt changes.
# To choose the interpreter: make test PYTHON=python3.12

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
.DEFAULT_GOAL := help
.PHONY: help demo test bench soak mutation docs lint format clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' Makefile

demo: $(INSTALLED) ## Copy a made-up Jira site with Dagster and show it (ARGS="--help")
	$(BIN)/jira-assets demo $(ARGS)

test: $(INSTALLED) ## Run the tests (ARGS="-k settings" for some of them)
	$(BIN)/pytest $(ARGS)

bench: $(INSTALLED) ## Measure a rebuild and the update of one issue
	$(BIN)/python benchmarks/rebuild.py
	$(BIN)/python benchmarks/upsert.py

soak: $(INSTALLED) ## Fail every system call, kill everything at random, and compare with clean runs (ARGS="--seed 7")
	$(BIN)/python -m jira_assets_tests.faults $(FAULTS)
	$(BIN)/python benchmarks/soak.py $(ARGS)
	$(BIN)/python benchmarks/soak_webhooks.py $(ARGS)
	$(BIN)/python benchmarks/soak_webhooks.py --dagster $(ARGS)
	$(BIN)/python benchmarks/growth.py

mutation: $(INSTALLED) ## Take guards away, 200 of them, and see whether the tests notice (ARGS="--only raw --seed 7")
	$(BIN)/python benchmarks/mutation.py $(ARGS)

docs: $(INSTALLED) ## Write the generated pages, .env.example and the pictures
	$(BIN)/python docs/generate.py

lint: $(INSTALLED) ## Check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED) ## Repair style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove .venv and caches; data/ and .dagster/ stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info

# The newest interpreter that will do, unless PYTHON names one. Debian ships venv apart from Python.
$(INSTALLED): pyproject.toml constraints.txt
	@set -euo pipefail; \
	python=""; \
	for candidate in $(or $(PYTHON),python3.14 python3.13 python3.12 python3.11 python3); do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			python=$$candidate; break; \
		fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "make: no Python 3.11 or newer found$(if $(PYTHON), as $(PYTHON)). Install one, or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "make: $$python cannot make virtual environments. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2; \
		exit 1; \
	fi; \
	echo "Installing into $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --constraint constraints.txt
	@touch $@
