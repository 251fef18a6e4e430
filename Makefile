# The front door. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed
PYTEST := $(VENV)/bin/pytest
SOURCES := broker tests
COVERAGE := 94

.DEFAULT_GOAL := help

##@ Start
.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z][a-z-]*:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## Make .venv with the locked packages (quick when nothing changed)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make setup PYTHON=...") if sys.version_info < (3, 11) else None'
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@echo 'Installing the locked packages into $(VENV) …' >&2
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock >&2
	@$(VENV)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e . >&2
	@touch $@

.PHONY: demo
demo: $(STAMP) ## Two tenants, two identity providers, one app; CHECK=1 signs in headlessly and prints the tokens
	@$(VENV)/bin/broker demo $(if $(CHECK),--check)

.PHONY: run
run: $(STAMP) ## Serve config/ and apply what changed in it
	$(VENV)/bin/broker serve --config config --apply

##@ Prove
.PHONY: test
test: $(STAMP) ## Run the tests; prints what was left out and why
	$(PYTEST) $(TESTS)

.PHONY: check
check: $(STAMP) static ## Static checks, then every test with branch coverage
	$(PYTEST) --cov=broker --cov-branch --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE) $(TESTS)

.PHONY: static
static: $(STAMP)
	$(VENV)/bin/ruff format --check $(SOURCES)
	$(VENV)/bin/ruff check $(SOURCES)
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python -m tests.architecture.sizes

.PHONY: bench
bench: $(STAMP) ## CPU time of whole sign-ins by phase; QUICK=1 takes under 50 s
	$(VENV)/bin/python -m tests.performance.bench $(if $(QUICK),--quick)

.PHONY: soak
soak: $(STAMP) ## Ten minutes of sign-ins while keys roll and identity providers fail; MINUTES=3 is shorter
	$(VENV)/bin/python -m tests.soak --minutes $(or $(MINUTES),10)

##@ Tidy
.PHONY: fmt
fmt: $(STAMP) ## Format the code and apply the safe fixes
	$(VENV)/bin/ruff format $(SOURCES)
	$(VENV)/bin/ruff check --fix $(SOURCES)

.PHONY: lock
lock: $(STAMP) ## Renew requirements.lock (needs uv); names no index
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --output-file requirements.lock
