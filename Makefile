# Every target is one line of `make help`: the text behind the two hashes.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
BIN := .venv/bin
T ?= tests
J ?= 2
READY := .venv/ready

.DEFAULT_GOAL := help
.PHONY: help setup run test test-postgresql test-scale check transcripts model conformance chaos fuzz bench bench-scale images test-images events lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): deploy/locks/development.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/locks/development.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(READY) ## make the environment in .venv from the pinned lock

run: $(READY) ## a whole mail server on loopback, data under var/
	@exec $(BIN)/eilpost up --development --data var $(ARGS)

test: $(READY) ## all tests that need no other server (one file or folder: T=tests/unit; side by side: J=2)
	$(BIN)/pytest -n $(J) --dist loadfile $(T)

test-postgresql: $(READY) ## all tests of storage on a PostgreSQL that is started for them
	$(BIN)/pytest tests/integration/storage tests/integration/test_storage_replicas.py --every-engine -k postgresql

test-scale: $(READY) ## a whole cluster: suites, kills and failovers of each engine (parts: P="drill failovers")
	$(BIN)/python -m tests.scale $(P)

check: $(READY) ## lint, format, types, import laws, deployment files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n $(J) tests/architecture tests/deploy

transcripts: $(READY) ## the protocol transcripts, each against running services
	$(BIN)/pytest tests/transcripts

model: $(READY) ## 1,000 games of random commands from several IMAP sessions, against a naive model
	EILPOST_MODEL_SEEDS=1000 $(BIN)/pytest -n $(J) tests/unit/services/imap/test_model.py

conformance: $(READY) ## suites of others, where they are at hand: IMAP, SMTP and ManageSieve scripts, SPF, ARC (SCRIPTS=folder)
	$(BIN)/python -m tests.conformance $(SCRIPTS)

chaos: $(READY) ## 50 kills of random services under load, 40 while scripts run, one a second of delivery on the way out: nothing lost
	$(BIN)/python -m tests.chaos
	$(BIN)/python -m tests.chaos --drill sieve --kills 20
	$(BIN)/python -m tests.chaos --drill imapsieve --kills 20
	$(BIN)/python -m tests.chaos.outbound

fuzz: $(READY) ## every parser, ten times the usual number of examples
	EILPOST_HYPOTHESIS=fuzz $(BIN)/pytest -n $(J) --dist loadfile tests/unit/shared

bench: $(READY) ## the table of figures (one workload: W=imap-mix)
	$(BIN)/python -m tests.bench $(W)

bench-scale: $(READY) ## letters and IMAP commands with 1, 2 and 4 processes of each service on PostgreSQL
	$(BIN)/python -m tests.bench.scale

images: $(READY) ## the container image; without a registry from Debian's packages (needs docker)
	deploy/container/with-docker deploy/container/images

test-images: $(READY) ## the compose file for real: a letter through it, replicas added and drained (needs docker)
	deploy/container/with-docker $(BIN)/pytest tests/images

events: $(READY) ## write the pages of all log events and metrics
	$(BIN)/python -m shared.observe.pages

lock: ## pin the newest versions that pyproject.toml allows (needs uv)
	uv pip compile -q --upgrade --generate-hashes --universal --no-emit-index-url --no-header --extra postgresql --extra objects --extra opentelemetry pyproject.toml -o deploy/locks/runtime.txt
	uv pip compile -q --upgrade --generate-hashes --universal --no-emit-index-url --no-header --extra postgresql --extra objects --extra opentelemetry pyproject.toml --group dev -o deploy/locks/development.txt
