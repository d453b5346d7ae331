# Two commands on a fresh machine: `make demo` and `make test`. Needs Python 3.11+, pip, make and git.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export GEM_HOME ?= $(CURDIR)/.gem
export DAGSTER_HOME := $(GEM_HOME)/dagster
# The tests start a hundred processes, which would each compile every module anew.
unexport PYTHONDONTWRITEBYTECODE
READY := .venv/.ready
EVAL_READY := .venv-eval/.ready
TRAIN_READY := .venv-train/.ready
TORCH ?= torch==2.13.0
TAU2_READY := .venv-tau2/.ready
# Pinned beside what runs in those environments.
HARNESS := gem_assets/evaluation/harness
TRAIN_LOCK := gem_assets/training/scripts/requirements.lock

.PHONY: demo test test-slow test-train test-itool test-browser test-evaluate train-env eval-env bench bench-rival bench-evaluate proof proof-itool \
	laws filter-weights screenshots check ui setup lock lock-eval clean

## demo: set up, carry the sample corpus through every stage, print where documents are lost
demo: setup
	@$(BIN)/gem ingest gem_assets/sample_corpus --corpus demo --shard-size 12
	@$(BIN)/gem run --corpus demo

## test: the tests, in about three minutes
# A worker takes whole files, so that what a file's fixture makes is made once (xdist 3.8 overlooks its groups under pytest 9).
test: setup
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow and not train and not browser and not evaluate"

## test-slow: whole backfills, killed and repeated; the whole path over real HTTP
test-slow: setup
	$(BIN)/pytest -n 2 --dist loadfile -m slow -rP

## test-train: trains, kills, resumes, serves and synthesizes with a tiny model on the CPU
test-train: setup train-env
	$(BIN)/pyright -p gem_assets/training/scripts
	$(BIN)/pytest gem_assets_tests/training gem_assets_tests/orchestration -m train

## test-itool: both kinds of policy, every preference loss, campaigns killed and resumed, a round in Dagster; minutes
test-itool: setup train-env
	$(BIN)/pytest gem_assets_tests/itool -m train

## test-browser: pages in headless Chromium (CHROMIUM names another than /usr/bin/chromium)
test-browser: setup
	$(BIN)/pytest gem_assets_tests/browser -m browser

## test-evaluate: the benchmarks' own harnesses on a few entries, in their own environment
test-evaluate: eval-env
	REQUIRE_EVAL_ENV=1 $(BIN)/pytest gem_assets_tests/evaluation -m evaluate

## bench: ratios against baselines measured in the same run; QUICK=1 only shows that they run
bench: setup
	$(BIN)/python -m gem_assets_tests.benches.bench_ingest $(if $(QUICK),--rows 2000)
	$(BIN)/python -m gem_assets_tests.benches.bench_llm $(if $(QUICK),--quick)
	$(BIN)/python -m gem_assets_tests.benches.bench_verification $(if $(QUICK),--quick)

## bench-rival: the bench of model calls beside bespokelabs-curator, which it installs apart, once
bench-rival: setup
	$(BIN)/python -m gem_assets_tests.benches.bench_llm rival

## bench-evaluate: the oracle and the mute through all 800 entries of BFCL, the whole path
bench-evaluate: eval-env
	$(BIN)/python -m gem_assets_tests.benches.bench_evaluate

## proof: what verification catches of planted defects, and its false alarms
proof: setup
	$(BIN)/python -m gem_assets_tests.verification.proof

## proof-itool: two rounds of iTool on a tiny model beside plain training, SEEDS times; some minutes a seed on two cores
SEEDS ?= 3
proof-itool: setup train-env
	$(BIN)/python -m gem_assets_tests.itool.proof --seeds $(SEEDS)

## laws: what the baseline generator keeps, measured over CORPUS
CORPUS ?= gem_assets/sample_corpus
laws: setup
	$(BIN)/python -m gem_assets_tests.benches.laws.table $(CORPUS)

## filter-weights: fit the baseline generator's filter to the labelled texts of ../shared, leaving sources out
filter-weights: setup
	$(BIN)/python -m gem_assets_tests.benches.filter_weights --write

## screenshots: the pictures of README, from the sample corpus, in headless Chromium
screenshots: setup
	$(BIN)/python -m gem_assets_tests.browser.screenshots

## check: format, lint, types, definitions
check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	mkdir -p $(DAGSTER_HOME) && cp dagster.yaml $(DAGSTER_HOME)/
	$(BIN)/dg check defs

## ui: Dagster on 127.0.0.1:3000, reports on 127.0.0.1:3001
ui: setup
	@mkdir -p $(DAGSTER_HOME) $(GEM_HOME)/reports && cp dagster.yaml $(DAGSTER_HOME)/
	@$(BIN)/python -m gem_assets.orchestration.instance.ui

## lock: pin every dependency anew
lock: setup
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --group train \
		--override <(echo "torch ; sys_platform == 'never'") --no-emit-package torch -o $(TRAIN_LOCK)

## train-env: the trainer's own environment in .venv-train; TORCH names another build of torch
train-env: $(TRAIN_READY)

## eval-env: what the benchmarks BFCL and tau2-bench need, in environments of their own, for `gem evaluate`
eval-env: $(EVAL_READY) $(TAU2_READY)

## lock-eval: pin those environments anew; bfcl-eval without its dependencies, which take 6 GB
lock-eval: setup
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		$(HARNESS)/requirements-bfcl.in -o $(HARNESS)/requirements-bfcl.lock
	echo "bfcl-eval==2026.3.23" | $(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --no-deps - >> $(HARNESS)/requirements-bfcl.lock
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		$(HARNESS)/requirements-tau2.in -o $(HARNESS)/requirements-tau2.lock

setup: $(READY)

$(TAU2_READY): $(HARNESS)/requirements-tau2.lock | setup
	@echo "installing what tau2-bench imports into .venv-tau2 …"
	@test -x .venv-tau2/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python .venv-tau2
	@$(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode --python .venv-tau2/bin/python $(HARNESS)/requirements-tau2.lock
	@touch $@

$(EVAL_READY): $(HARNESS)/requirements-bfcl.lock | setup
	@echo "installing BFCL into .venv-eval …"
	@test -x .venv-eval/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python .venv-eval
	@$(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode --python .venv-eval/bin/python $(HARNESS)/requirements-bfcl.lock
	@touch $@

# uv fills the environment in seconds and checks every hash; pip only brings uv.
$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 demo"; exit 2; }
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	@echo "installing pinned dependencies into .venv …"
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# pip fetches torch: it knows the builds this machine is set up for, uv does not. uv fills in the rest by hash.
$(TRAIN_READY): $(TRAIN_LOCK) $(READY)
	@test -x .venv-train/bin/python || $(PYTHON) -m venv .venv-train
	@echo "installing the trainer into .venv-train …"
	@$(BIN)/uv pip install --quiet --require-hashes --no-deps --python .venv-train/bin/python -r $(TRAIN_LOCK)
	@.venv-train/bin/python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	@.venv-train/bin/python -c 'import torch; print("torch", torch.__version__, "on", torch.cuda.get_device_name() if torch.cuda.is_available() else "the CPU")'
	@touch $@

clean:
	rm -rf .venv .venv-train .venv-eval .venv-tau2 .pytest_cache .ruff_cache
