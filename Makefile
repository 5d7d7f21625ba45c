# The only task runner of the project; CI calls the same recipes. `make help` lists them.

# On the command line: make reproduce CORES=4, make dashboard PORT=5001, make test PYTHON=python3.12
CORES ?= all
PORT ?= 5000
PYTHON ?=

BIN := .venv/bin
STAMP := .venv/.installed
SNAKEFILES := Snakefile workflow
NUMERICS := src/mixot/families/*,src/mixot/transport/*,src/mixot/engines/*,src/mixot/fitting/*
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES) --rerun-incomplete --show-failed-logs

export PYTHON
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## *' '/^[a-z]+:.*##/ {printf "make %-10s %s\n", $$1, $$2}' Makefile

$(STAMP): pyproject.toml requirements.lock .ci/install
	@.ci/install

.PHONY: reproduce
reproduce: $(STAMP)  ## run the full study, end with its claims and results/index.html
	@$(BIN)/mixot-study check study=full
	@$(BIN)/mixot-study recover
	$(SNAKEMAKE) --configfile conf/study/full.yaml
	@$(BIN)/mixot-ledger show

.PHONY: smoke
smoke: $(STAMP)  ## the same study cut down
	@$(BIN)/mixot-study check study=smoke
	@$(BIN)/mixot-study recover
	$(SNAKEMAKE) --configfile conf/study/smoke.yaml
	@$(BIN)/mixot-ledger show

.PHONY: bench
bench: $(STAMP)  ## measure the package beside its peers, into results/bench
	@.ci/peers install
	$(SNAKEMAKE) --configfile conf/study/smoke.yaml --forcerun bench_machine -- bench
	@$(BIN)/python -m mixot.benchmarks show

.PHONY: dashboard
dashboard: $(STAMP)  ## serve what was logged on http://127.0.0.1:5000 (PORT=...)
	@test -f results/mlflow/mlflow.db || { \
	  echo "Nothing is logged yet: make smoke, make reproduce or mixot-fit -m fill results/mlflow." >&2; exit 1; }
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT))).close()' 2>/dev/null || { \
	  echo "Port $(PORT) is taken: make dashboard PORT=5001" >&2; exit 1; }
	@echo "http://127.0.0.1:$(PORT) (Ctrl-C ends it)"
	@# Without its job runner the server is two processes and not nine.
	@MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false PYTHONWARNINGS=ignore exec $(BIN)/mlflow server \
	  --backend-store-uri "sqlite:///$(CURDIR)/results/mlflow/mlflow.db" \
	  --host 127.0.0.1 --port $(PORT) --workers 1 --uvicorn-opts "--log-level warning"

.PHONY: test
test: $(STAMP)  ## run the whole test suite, with the coverage of the numerics
	$(BIN)/pytest --numprocesses 2 --dist loadfile --cov --cov-report=
	@$(BIN)/coverage report --skip-covered
	@$(BIN)/coverage report --include '$(NUMERICS)' --format total --fail-under 95 >/dev/null || { \
	  $(BIN)/coverage report --include '$(NUMERICS)' --fail-under 95; exit 1; }

.PHONY: check
check: lint types  ## lint, types and the tests that take no study
	$(BIN)/pytest --numprocesses 2 -m "not slow"

.PHONY: lint
lint: $(STAMP)  ## ruff, snakefmt, codespell and snakemake's linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check $(SNAKEFILES)
	$(BIN)/codespell
	$(BIN)/snakemake --lint --configfile conf/study/smoke.yaml

.PHONY: types
types: $(STAMP)  ## mypy on src
	$(BIN)/mypy

.PHONY: format
format: $(STAMP)  ## rewrite in the house format what can be
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt $(SNAKEFILES)

.PHONY: lock
lock: $(STAMP)  ## resolve both lock files again (UPGRADE=--upgrade moves the pins)
	$(BIN)/uv pip compile pyproject.toml --extra reproduce --extra test --output-file requirements.lock \
	  --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --custom-compile-command "make lock" $(UPGRADE)
	.ci/peers lock $(UPGRADE)

.PHONY: clean
clean:  ## remove the environment and what tools cache; results stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
	find src tests workflow -name __pycache__ -type d -prune -exec rm -rf {} +
