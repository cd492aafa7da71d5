# Needs Python 3.11 and a package index; everything goes into .venv. pip's own settings are honoured,
# as PIP_CONSTRAINT, PIP_FIND_LINKS or PIP_INDEX_URL in the environment.
#
#   make run                      simulated sample -> ./out, prints the path of the report last
#   make run BIDS=... OUT=...     your own dataset; ARGS="--participant-label 01" passes options on
#   make test | test-containers | test-cluster | lint | audit | docs | bench | reliability | descriptor | lock | clean

VENV := .venv
BIN := $(VENV)/bin
BIDS ?= sample
OUT ?= out
LEVELS ?= participant group
ARGS ?=
PYTHON ?= $(shell for python in python3.11 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.DEFAULT_GOAL := help
.PHONY: help install run test test-containers test-cluster lint audit docs bench reliability descriptor lock clean

help:
	@sed -n '4,6s/^# *//p' Makefile

install: $(VENV)/.installed

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it or set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

$(VENV)/.installed-%: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

sample/dataset_description.json: | $(VENV)/.installed
	$(BIN)/bidsapp-sample sample

ifeq ($(BIDS),sample)
run: sample/dataset_description.json
endif
run: $(VENV)/.installed
	@code=0; $(BIN)/bidsapp "$(BIDS)" "$(OUT)" $(LEVELS) $(ARGS) || code=$$?; \
	report=$$(ls -t "$(OUT)"/group*.html "$(OUT)"/sub-*.html 2>/dev/null | head -n 1); \
	test -z "$$report" || realpath "$$report"; exit $$code

test: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

test-containers: $(VENV)/.installed
	$(BIN)/python -m pytest -m containers tests/containers

test-cluster: $(VENV)/.installed
	$(BIN)/python -m pytest -m cluster tests/cluster

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

# Known vulnerabilities of what is installed; asks the advisory database, so it needs the network.
audit: $(VENV)/.installed-audit
	$(BIN)/pip-audit --skip-editable --local

docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@realpath docs/_build/html/index.html

bench: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks

# Injects faults into real runs and writes docs/reliability.md; ARGS="--only quota" does one again.
reliability: $(VENV)/.installed
	$(BIN)/python benchmarks/faults $(ARGS)

descriptor: $(VENV)/.installed
	$(BIN)/bidsapp --bids-exec-spec > descriptor.json

# What a clean installation resolves to today, without the packages of CUDA: those follow torch's own pins.
lock:
	$(PYTHON) -m venv .lock
	.lock/bin/pip install --quiet .
	{ sed -n '/^#/p' requirements.lock; \
	  .lock/bin/pip freeze --all --exclude bidsapp --exclude pip --exclude wheel \
	  | sed -E '/^(nvidia|cuda|triton)/d; s/\+cpu$$//'; } > requirements.new
	mv requirements.new requirements.lock
	rm -rf .lock

clean:
	rm -rf .lock $(VENV) docs/_build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
