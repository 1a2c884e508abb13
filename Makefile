# Everything a developer or a CI machine does here, by name. Needs Python 3.11 or newer (with venv), and make.
# The virtual environment is built once, from requirements/dev.txt, and again when that file changes.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:

BIN := .venv/bin
PY  := $(BIN)/python
WORKERS ?= 2
REDOCLY := @redocly/cli@2.77.0
DOCUMENTS := openapi.yaml emulator/inventory.openapi.yaml emulator/control.openapi.yaml

.PHONY: help
help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

# ---- the virtual environment

.PHONY: venv
venv: .venv/ready ## The virtual environment, when it is missing or out of date

.venv/locked: requirements/dev.txt
	@python=$$(for candidate in python3.11 python3 python3.12 python3.13 python3.14; do \
	    "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$candidate" && break; \
	  done); \
	if [ -z "$$python" ]; then \
	  echo "make: Python 3.11 or newer is needed; neither python3.11 nor python3 on the PATH is one." >&2; exit 1; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "make: $$python lacks its venv module; on Debian and Ubuntu: apt-get install $$(basename "$$python")-venv" >&2; exit 1; fi; \
	echo "Setting up .venv with $$("$$python" --version): $$(grep -c == requirements/dev.txt) locked packages, once, in less than a minute ..."; \
	"$$python" -m venv --clear .venv
	@$(PY) -m pip install --quiet --quiet --disable-pip-version-check --only-binary :all: --require-hashes --requirement requirements/dev.txt
	@touch $@

.venv/ready: .venv/locked pyproject.toml
	@$(PY) -m pip install --quiet --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@echo "Set up: .venv holds the project and its tools."
	@touch $@

# ---- to see it work

.PHONY: demo serve
demo: .venv/ready ## A machine's life through the API, then a contract run; ends by itself
	@$(PY) scripts/demo.py

serve: .venv/ready ## The emulator, until Ctrl-C; options: make serve ARGS="--port 0"
	@exec $(BIN)/hypervisor-emulator serve $(ARGS)

# ---- the one check command, and its parts

.PHONY: test lint types imports check format
test: lint types imports check ## All that must pass before a commit

lint: .venv/ready ## Style: ruff, rules and format
	@echo "== ruff"
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: .venv/ready ## Types: mypy, strict
	@echo "== mypy"
	@$(PY) -m mypy

imports: .venv/ready ## Who may import whom: import-linter
	@echo "== import-linter"
	@$(BIN)/lint-imports --no-cache --no-logo

check: .venv/ready ## The tests, with branch coverage; some of them, without: make check ARGS="tests/contract -k lifecycle"
	@echo "== pytest"
	@$(PY) -m pytest --numprocesses $(WORKERS) --dist loadgroup --cov --cov-report term $(if $(ARGS),--no-cov $(ARGS))

format: .venv/ready ## Rewrites what ruff can mend
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

# ---- what is made from something else

.PHONY: docs picture lock wheel
docs: .venv/ready ## The pages of docs/ that are made from openapi.yaml
	@$(PY) -m contract pages

picture: .venv/ready ## docs/images/demo.svg anew, from a run of the demo
	@$(PY) scripts/picture.py

wheel: .venv/ready ## dist/: the wheel and the source distribution
	@$(PY) -m build --no-isolation --outdir dist .

# pip's own settings are put aside: a mirror's name or a local path must never enter the lock.
lock: .venv/ready ## requirements/dev.txt anew, from pyproject.toml and requirements/dev.in; ARGS="--upgrade" for newer versions
	@PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= CUSTOM_COMPILE_COMMAND="make lock" $(PY) -m piptools compile --quiet \
	  --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	  --extra contract-tests --output-file requirements/dev.txt $(ARGS) requirements/dev.in pyproject.toml
	@echo "Made: requirements/dev.txt, $$(grep -c == requirements/dev.txt) packages."

# ---- slow, for CI: each needs a package registry

.PHONY: slow fuzz contract-lint lowest
slow: fuzz contract-lint lowest ## The jobs that CI runs after the tests

fuzz: .venv/ready ## 1,000 generated examples for every operation of an emulator
	@$(PY) scripts/fuzz.py

contract-lint: ## The three OpenAPI documents under redocly; needs npm
	@if command -v npm >/dev/null 2>&1; then \
	  for document in $(DOCUMENTS); do \
	    echo "== redocly $$document"; \
	    REDOCLY_TELEMETRY=off npx --yes $(REDOCLY) lint --config redocly.yaml "$$document" || exit 1; \
	  done; \
	elif [ "$(CI)" = true ]; then \
	  echo "contract-lint: npm is missing, and CI must not go without this check." >&2; exit 1; \
	else \
	  echo "contract-lint: SKIPPED. redocly comes through npm, and there is none here; CI runs it."; \
	fi

lowest: .venv/ready ## The tests of the product with the lowest versions that pyproject.toml allows
	@$(PY) scripts/lowest.py
