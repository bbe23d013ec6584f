# Everything a developer runs. Each target does its own set-up; a second run finds it done.
#
#   make demo    the main job, from registration to withdrawal, on a real chain in this machine
#   make test    every test
#   make check   formatting, lints, types, layers and the fast tests
#   make fix     what can be formatted and mended by machine
#   make bench   the figures of docs/benchmarks.md

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := check

PYTHON ?= $(or $(shell command -v python3.11),$(shell command -v python3))
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport PYTHONPATH

# The platform's own binary: npm's wrapper exits with 0 when tests fail.
FORGE_PACKAGE := node_modules/@foundry-rs/forge-linux-amd64/bin/forge
FORGE = $(shell test -x $(FORGE_PACKAGE) && echo $(FORGE_PACKAGE) || echo forge)
FORGE_FLAGS := --root . --use scripts/solc
# Not --config-path: with that, forge looks for the sources beside the configuration.
export FOUNDRY_CONFIG := tests/contracts/foundry.toml

.PHONY: setup compile demo test test-contracts test-python check fix bench clean

setup: $(VENV)/.done node_modules/.done

$(VENV)/.done: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: set PYTHON to its command" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	awk '/^[^ #]/ { wanted = /^uv==/ } wanted && !/^ *#/' requirements.lock > $(VENV)/uv.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(VENV)/uv.lock
	$(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

node_modules/.done: package-lock.json $(VENV)/.done
	npm ci --silent
	touch $@

compile: setup
	python scripts/compile.py

# Kubo, from Go's module proxy, pinned by go.sum; about two minutes, once.
build/bin/ipfs: tools/kubo/go.mod tools/kubo/go.sum
	command -v go >/dev/null || { echo "Go 1.26 is needed to build Kubo for the tests" >&2; exit 1; }
	cd tools/kubo && go build -o $(CURDIR)/$@.new github.com/ipfs/kubo/cmd/ipfs
	mv $@.new $@

.PHONY: kubo
kubo: build/bin/ipfs

demo: compile
	python scripts/demo.py

test: compile test-contracts test-python

# First the canary: a runner that does not fail on it proves nothing. FOUNDRY_FUZZ_RUNS and FOUNDRY_INVARIANT_RUNS for more.
test-contracts: setup
	if output=$$(FOUNDRY_PROFILE=canary $(FORGE) test $(FORGE_FLAGS) 2>&1); then echo "forge passes a failing test" >&2; exit 1; fi; \
	grep -q 'FAIL: the canary sings' <<<"$$output" || { echo "$$output" >&2; exit 1; }
	$(FORGE) test $(FORGE_FLAGS)

test-python: compile build/bin/ipfs
	pytest tests

# The checks share nothing, so they run side by side; each prints when it is done.
check: compile
	$(MAKE) --no-print-directory -j2 --output-sync=target check-format check-types check-layers check-contracts check-fast

.PHONY: check-format check-types check-layers check-contracts check-fast
check-format:
	ruff check
	ruff format --check

check-types:
	mypy

check-layers:
	lint-imports

check-contracts:
	$(FORGE) fmt --root . --check contracts tests/contracts
	npx --no-install solhint --max-warnings 0 'contracts/**/*.sol'
	npx --no-install solhint --max-warnings 0 --config contracts/interfaces/.solhint.json 'contracts/interfaces/*.sol'

check-fast:
	pytest -q tests/unit

# On a machine that does nothing else: whatever else runs is measured too.
bench: compile
	python -m benchmarks.run

fix: setup
	ruff check --fix
	ruff format
	$(FORGE) fmt --root . contracts tests/contracts

clean:
	rm -rf $(VENV) node_modules build dist src/ledger/chain/artifacts
