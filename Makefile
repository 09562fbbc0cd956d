# Every target sets itself up: a fresh clone needs nothing but Python >= 3.11, make and Git.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: quickstart study readme page verify restore restore-lock test test-slow test-all gpu lint
.DEFAULT_GOAL := quickstart

quickstart: .venv/installed  ## the whole pipeline on 5,000 bundled digits, in minutes
	cp quick.yaml params.yaml
	python -m stages.run
	@echo; echo "Report: REPORT.md    Figures: plots/figures/*.png    Back to the committed results: make restore"

study: .venv/installed  ## the full study, independent stages side by side; what is up to date does not run
	python -m stages.run

readme: .venv/installed  ## the results in README.md from the current metrics
	python -m stages.readme

page: .venv/installed  ## the report as a page with interactive charts: site/index.html
	python -m stages.page

verify: .venv/installed  ## are the results those of this code and these parameters?
	python -m stages.verify

restore: .venv/installed  ## back to the committed parameters and results, and what DVC has cached of them
	git restore params.yaml dvc.lock data metrics plots REPORT.md APPENDIX.md
	git clean -fdq data metrics plots
	git clean -fdqX -e '!/data/raw' -e '!/data/checkpoints' data plots
	dvc checkout --quiet --allow-missing

restore-lock: .venv/installed  ## put the last whole dvc.lock back after a kill has cut it off
	python -m stages.restore_lock

PYTEST := pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: .venv/installed  ## the test suite, in minutes
	$(PYTEST) -m "not slow"

test-slow: .venv/installed  ## kills, a cluster, a browser, whole runs; more examples of each property
	$(PYTEST) -m "slow or hypothesis" --hypothesis-profile=long

test-all: test test-slow  ## everything

gpu: export CAPS_DEVICE = cuda
gpu: .venv/installed  ## on a machine with CUDA: its tests, the routing benchmark, one trial timed
	pytest -m gpu tests/gpu
	python -m benchmarks.routing
	python -m benchmarks.arm

lint: .venv/installed
	ruff check .
	ruff format --check .

# uv installs in seconds what takes pip minutes; where there is no uv, pip does it alone.
PACKAGES := --quiet --constraint constraints.txt --editable '.[test]'

.venv/installed: pyproject.toml constraints.txt
	@test -e .git || { echo "DVC needs Git, and this folder is no clone: get it by git clone, or make it one by" \
		"git init && git add -A && git commit -m start" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt uv && \
	    $(BIN)/uv pip install --compile-bytecode --python $(BIN)/python $(PACKAGES) || $(BIN)/pip install $(PACKAGES)
	touch $@
