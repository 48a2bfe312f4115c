# Diorama. `make help` lists the targets; each sets up what it needs by itself.
.DEFAULT_GOAL := help
.PHONY: help demo test check dev bench lock oldest newest format clean

PYTHON_BIN := .venv/bin/python
STORE ?= .demo

# Compiled files make every start after the first one faster; containers often forbid them.
unexport PYTHONDONTWRITEBYTECODE

# Stamps make a second run start in seconds. Every setup is made from a lock file (`make lock` writes them).
.venv/.base: pyproject.toml hatch_build.py scripts/setup.sh locks/demo.txt
	@scripts/setup.sh demo
	@touch $@

.venv/.dev: pyproject.toml hatch_build.py scripts/setup.sh locks/dev.txt
	@scripts/setup.sh dev
	@touch $@ .venv/.base

.venv/.bench: .venv/.dev locks/bench.txt
	@scripts/setup.sh bench
	@touch $@

.venv/.chromium: .venv/.dev scripts/chromium.sh
	@scripts/chromium.sh > $@

.PHONY: ui
ui:
	@$(PYTHON_BIN) scripts/build_ui.py

demo: .venv/.base ui ## train three small models and watch them live in the browser
	@$(PYTHON_BIN) -m diorama demo --store $(STORE) $(DEMO_ARGS)

check: .venv/.dev ui ## lint, types, import rules and unit tests (under a minute)
	@$(MAKE) --no-print-directory --jobs check-python check-web check-units

.PHONY: check-python check-web check-units
check-python:
	@$(PYTHON_BIN) -m ruff check .
	@$(PYTHON_BIN) -m ruff format --check .
	@# The oldest Python has older libraries, whose own types are not the same.
	@if $(PYTHON_BIN) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then $(PYTHON_BIN) -m mypy; \
	  else echo "types are checked with Python 3.11 or newer"; fi
	@.venv/bin/lint-imports
	@$(PYTHON_BIN) scripts/import_circles.py src/diorama

check-web:
	@$(PYTHON_BIN) scripts/build_ui.py npm run --silent check
	@$(PYTHON_BIN) scripts/build_ui.py npm run --silent test

check-units:
	@$(PYTHON_BIN) -m pytest -q -n 2 -m "not slow and not browser" --hypothesis-profile=quick tests/unit tests/kinds

.venv/.strace: .venv/.dev scripts/strace.sh
	@scripts/strace.sh
	@touch $@

test: check .venv/.chromium .venv/.strace ## every test there is
	@DIORAMA_CHROMIUM="$$(cat .venv/.chromium)" $(PYTHON_BIN) -m pytest -n 2 --dist loadgroup tests

dev: .venv/.dev ui ## the server on the demo's store, and Vite with hot reload beside it
	@trap 'kill 0' INT TERM EXIT; \
	  $(PYTHON_BIN) -m diorama ui --store $(STORE) --no-browser --no-auth & \
	  $(PYTHON_BIN) scripts/build_ui.py npm run dev

bench: .venv/.bench .venv/.chromium ui ## speed and size beside the peers, as ratios
	@DIORAMA_CHROMIUM="$$(cat .venv/.chromium)" $(PYTHON_BIN) -m bench

oldest: .venv/.dev ## the tests on the lowest releases that pyproject.toml allows
	@scripts/suite.sh oldest

newest: .venv/.dev .venv/.chromium ## everything on the newest releases there are, before a release
	@scripts/suite.sh newest

lock: .venv/.dev ## resolve the lock files anew (LOCK_ARGS=--upgrade moves to newer releases)
	@scripts/lock.sh $(LOCK_ARGS)

format: .venv/.dev ## put all Python in shape
	@$(PYTHON_BIN) -m ruff check --fix-only -q .
	@$(PYTHON_BIN) -m ruff format -q .

clean: ## remove what was built or installed here
	rm -rf .venv web/node_modules src/diorama/server/static build dist .pytest_cache .mypy_cache .ruff_cache

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'
