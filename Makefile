# Everything runs in the environment under .venv, made from requirements.lock; no target needs an activated shell.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
ZOO := $(VENV)/.zoo
DEEP := $(VENV)/.deep
CONFIG ?= config/demo.yaml
ACCOUNTS ?= 10000
MONTHS ?= 24
SEED ?= 7
DATA := $(or $(CLV_DATA_DIR),data)
DEMO := $(DATA)/demo/files

.PHONY: help zoo deep run test lint format types rooms unit dev review docs lock clean-env benchmarks

help:
	@echo "make run      environment, demo company, the whole graph, then where to look"
	@echo "make test     everything that CI checks: lint, types, room rules, unit, dbt, end to end"
	@echo "make lint     ruff, basedpyright, sqlfluff, import rules"
	@echo "make unit     the tests that need neither data, servers nor the whole graph (seconds)"
	@echo "make dev      Dagster's UI on http://127.0.0.1:3000 (CONFIG=config/x.yaml for another company)"
	@echo "make review   the review app on http://127.0.0.1:8050: published predictions, and what the newest run says of the month"
	@echo "make docs     the dbt docs of CONFIG as one static page"
	@echo "make zoo      adds XGBoost and CatBoost to the environment, for the leaderboard"
	@echo "make deep     adds PyTorch (5 GB on Linux), for the networks beside value models"
	@echo "make lock     resolve pyproject.toml anew into requirements.lock"

# requirements.lock is complete (names, versions, hashes), so nothing is resolved at install time.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] < (3, 14) else "Python 3.11 to 3.13 is needed, found " + sys.version.split()[0] + "; set PYTHON=python3.11, say")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

$(DEMO)/accounts.parquet: | $(READY)
	$(BIN)/clv simulate --accounts $(ACCOUNTS) --months $(MONTHS) --seed $(SEED) --out $(DEMO)

# The extra algorithms of the leaderboard, beside what is installed.
$(ZOO): requirements-zoo.lock | $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-zoo.lock
	@touch $(ZOO)

zoo: $(ZOO)

$(DEEP): requirements-deep.lock | $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-deep.lock
	@touch $(DEEP)

deep: $(DEEP)

run: $(READY) $(if $(filter config/demo.yaml,$(CONFIG)),$(DEMO)/accounts.parquet)
	$(BIN)/clv run --config $(CONFIG)

# Two workers: on two cores they take little more than half the time of one.
test: lint
	$(BIN)/python -m pytest --numprocesses 2 --no-loadscope-reorder

unit: $(READY)
	$(BIN)/python -m pytest -m "not data and not server and not slow and not e2e"

lint: $(READY) format types rooms
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/macros dbt_project/tests --processes 2 --disable-progress-bar

format: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/basedpyright --level error

rooms: $(READY)
	$(BIN)/lint-imports

dev: $(READY)
	CLV_CONFIG=$(CONFIG) $(BIN)/dagster dev --host 127.0.0.1

review: $(READY)
	$(BIN)/clv review --config $(CONFIG)

docs: $(READY)
	$(BIN)/clv docs --config $(CONFIG)

# Needs `uv` on the PATH; the lock carries no addresses.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --extra zoo --universal --python-version 3.11 --generate-hashes --no-strip-extras --constraints requirements.lock \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet --output-file requirements-zoo.lock
	uv pip compile pyproject.toml --extra deep --universal --python-version 3.11 --generate-hashes --no-strip-extras --constraints requirements.lock \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet --output-file requirements-deep.lock
