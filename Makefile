# Thin: every line calls a command that can be called by itself. `make help` lists the targets.
PYTHON ?= python3
BIN := .venvs/warehouse/bin
LOCK := .venvs/tools/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate --quiet --upgrade
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-15s %s\n", $$1, $$2 }'

.PHONY: up
up: setup ## set everything up and load the demo utility, from files to dashboards (safe to repeat)
	@bin/gridmart up

.PHONY: down
down: ## stop everything; data stays
	@bin/gridmart down

.PHONY: status
status: ## show every service, the links, and where the passwords are
	@bin/gridmart status

.PHONY: setup
setup: ## build the three Python environments from their locks, skip what is current
	@$(PYTHON) -m gridmart.stack.environments

.PHONY: setup-spark
setup-spark: ## the same, with the optional Spark engine of the lake
	@$(PYTHON) -m gridmart.stack.environments --extra spark
	@$(PYTHON) -m gridmart.stack.system_packages java

.PHONY: setup-peers
setup-peers: ## the same, with what `gridmart bench` measures itself against
	@$(PYTHON) -m gridmart.stack.environments --extra peers

.PHONY: setup-browser
setup-browser: ## install what the browser test needs: Chromium, fonts for Chinese and for the badge
	@$(PYTHON) -m gridmart.stack.system_packages browser

.PHONY: lock
lock: ## renew the locks of requirements/*.in (Python 3.11 and 3.12)
	@$(PYTHON) -m gridmart.stack.environments --tools
	cd requirements && for name in airflow warehouse superset spark peers; do ../$(LOCK) $$name.in -o $$name.txt; done

.PHONY: lint
lint: ## ruff, mypy, sqlfluff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --processes 2 dbt/models dbt/tests

.PHONY: format
format: ## write code in the house's form; .env.example, docs/faults.md and docs/kpis.md from what they describe
	@$(BIN)/python -c 'from gridmart.settings import env_example; print(env_example(), end="")' > .env.example
	@$(BIN)/python -c 'from gridmart.simulator.faults import page; print(page(), end="")' > docs/faults.md
	@$(BIN)/python -c 'from gridmart.kpis import page; print(page(), end="")' > docs/kpis.md
	@$(BIN)/python -c 'from gridmart.kpis import docs; print(docs(), end="")' > dbt/models/marts/_kpis.md
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

.PHONY: test-unit
test-unit: ## the tests that need no service (seconds)
	@$(BIN)/pytest -q --numprocesses 2 tests/unit

.PHONY: test-integration
test-integration: ## the tests on a real PostgreSQL, lake and Airflow's own DAG loader (minutes)
	+@$(BIN)/pytest --exitfirst tests/dags tests/scenarios tests/integration

.PHONY: test-e2e
test-e2e: ## the tests on a whole running stack, from meter files to a browser (minutes)
	@$(BIN)/pytest --exitfirst tests/e2e

.PHONY: test
test: setup-spark setup-browser lint test-unit ## everything: lint and unit tests first, then the others side by side
	@# the integration tests show themselves as they run ("+"), the end-to-end tests when they are done
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target test-e2e test-integration
