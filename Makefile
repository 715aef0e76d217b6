# Needletail's commands. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

# Two jobs fit the smallest machine we support (2 cores, 4 GB): more only swaps.
JOBS ?= 2
RELEASE := .build-release
PRODUCTS := ingest-api segment-service campaign-scheduler delivery-email delivery-sms delivery-push delivery-voice \
	delivery-custom inbound-reply analytics-aggregator needletail
SWIFT_RELEASE := swift build -c release --static-swift-stdlib -j $(JOBS) --scratch-path $(RELEASE)
NEEDLETAIL := $(RELEASE)/release/needletail

.PHONY: help
help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what is missing (as root), and the Python peers of the tests
	@ops/local/setup.sh build run test

.PHONY: setup-run
setup-run:
	@ops/local/setup.sh build run

.PHONY: setup-bench
setup-bench:
	@ops/local/setup.sh build run test bench

.PHONY: build
build: ## build the processes in release, statically linked to Swift's library
	@set -e; for product in $(PRODUCTS); do $(SWIFT_RELEASE) --product $$product; done

.PHONY: up
up: setup-run build ## start the suite under .needletail/ (NEEDLETAIL_HOME moves it)
	@$(NEEDLETAIL) up

.PHONY: down
down: ## stop the suite; its data stays
	@if [ -x $(NEEDLETAIL) ]; then $(NEEDLETAIL) down; else echo "needletail is not built, so nothing of it runs"; fi

.PHONY: demo
demo: setup-run build ## start the suite and run one real campaign through it
	@$(NEEDLETAIL) demo

.PHONY: test
test: setup ## build for debugging and run every test on a private Postgres
	@ops/local/test.sh $(TEST_ARGUMENTS)

.PHONY: lint
lint: ## check format, shell scripts and generated code
	@ops/local/lint.sh

.PHONY: format
format: ## format every Swift file that is not generated
	@git ls-files -z '*.swift' ':!*.generated.swift' | xargs -0 swift format --in-place --parallel

.PHONY: bench
bench: setup-bench build ## measure against the physical limits and the peers (BENCH="json queue": only those)
	@NEEDLETAIL_BENCH=1 $(SWIFT_RELEASE) --product bench
	@ops/bench/run.sh $(RELEASE)/release $(BENCH)

.PHONY: chaos
chaos: setup build ## kill workers and Postgres 200 times during a run of 50,000 recipients, and ingest-api under load
	@ops/chaos/run.sh
	@ops/chaos/run.sh keys
	@ops/chaos/run.sh ingest

.PHONY: db
db: ## open psql on the running suite's database
	@. "$${NEEDLETAIL_HOME:-.needletail}/env" && psql "$$NEEDLETAIL_DATABASE_URL"

.PHONY: clean
clean: ## remove build products (never .needletail/, which holds data)
	rm -rf .build $(RELEASE)
