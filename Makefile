# Everything a developer or a CI machine does here, by name. Needs Python 3.11 or newer (with venv), and make.
# The virtual environment is built once, from requirements/dev.txt, and again when that file changes.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
# the tests start hundreds of processes: each would compile the same modules again
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PY  := $(BIN)/python
# half of proving the suite is waiting, too
WORKERS ?= 4
# tests wait for servers half of their time
TESTERS ?= 4
REDOCLY := @redocly/cli@2.77.0
PROPERTIES := tests/emulator/test_walks.py tests/emulator/test_names.py tests/emulator/test_any_input.py
DOCUMENTS := openapi.yaml emulator/inventory/inventory.openapi.yaml emulator/control/control.openapi.yaml

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
	@$(PY) -m pip install --quiet --quiet --disable-pip-version-check --only-binary :all: --no-deps --require-hashes --requirement requirements/dev.txt
	@touch $@

.venv/ready: .venv/locked pyproject.toml
	@$(PY) -m pip install --quiet --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@broken=$$($(PY) -m pip check) || { echo "$$broken" >&2; exit 1; }
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
	@$(PY) -m pytest --numprocesses $(TESTERS) --dist loadscope --no-loadscope-reorder --cov --cov-report term $(if $(ARGS),--no-cov $(ARGS))

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
	  --extra contract-tests --extra granian --extra postgresql --output-file requirements/dev.txt $(ARGS) requirements/dev.in pyproject.toml
	@echo "Made: requirements/dev.txt, $$(grep -c == requirements/dev.txt) packages."

# ---- slow, for CI: each needs a package registry

.PHONY: bench guard slow runs fuzz contract-lint lowest browser certificates crash prove restless
slow: runs fuzz contract-lint lowest browser certificates crash guard prove restless ## The jobs that CI runs after the tests

certificates: .venv/ready ## The emulator and a faulty server certified, and both verified; ARGS=--keep: into docs/reports
	@$(PY) scripts/certificates.py $(ARGS)
	@THOROUGH=yes $(PY) -m pytest --no-cov -q tests/certificate/test_edits.py

prove: .venv/ready ## Wrong servers are caught, lawful ones not blamed: docs/proof.md; some: make prove ARGS="NAME ..."
	@$(PY) scripts/prove.py --workers $(WORKERS) $(ARGS)

restless: .venv/ready ## Lawful trouble is not blamed: every kind, and restless with 10 seeds; more: ARGS="--seeds 100"
	@$(PY) scripts/restless.py $(ARGS)

fuzz: .venv/ready ## 1,000 generated examples for every operation of an emulator, all of its properties; ARGS="--examples 100"
	@$(PY) scripts/fuzz.py $(ARGS)
	@THOROUGH=yes $(PY) -m pytest --no-cov -q --numprocesses $(TESTERS) $(PROPERTIES)

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

browser: .venv/ready ## Example reports in a real browser, with neither scripts nor network; needs Chromium
	@$(PY) scripts/browser.py

.venv-bench/ready: benchmarks/requirements.txt
	@python3 -m venv --clear .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements.txt
	@touch $@

bench: .venv/ready .venv-bench/ready ## Beside a bare route and four peers: docs/benchmarks.md; a part: ARGS="--only throughput"
	@$(PY) -m benchmarks $(ARGS)

guard: .venv/ready ## Beside a bare route alone: has a ratio of docs/benchmarks.md fallen?
	@$(PY) -m benchmarks --guard --rounds 3 --seconds 2

crash: .venv/ready ## Workers and PostgreSQL killed under load, 200 rounds: nothing acknowledged is lost; fewer: ARGS="--rounds 20"
	@$(PY) scripts/crash.py $(ARGS)

runs: .venv/ready ## The tests that are whole runs of the suite
	@$(PY) -m pytest --no-cov -q -m slow --numprocesses $(TESTERS) --dist load
