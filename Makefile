# The two commands that matter: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3.11
NEWER_PYTHON ?= python3.12
BIN := .venv/bin
AS_OF ?=
SOURCES ?=
# More options for the command behind a target: make push ARGS="--limit 10".
ARGS ?=

# Compiled Python makes every start after the first one quicker.
unexport PYTHONDONTWRITEBYTECODE
export DBT_SEND_ANONYMOUS_USAGE_STATS = false

.DEFAULT_GOAL := help
.PHONY: help demo demo-data crm test test-long test-engines test-faults lint format docs trigger-docs \
	segment-docs command-docs other-warehouses build segment validate segments plan push pull \
	status doctor bench bench-identity bench-push identity-quality mutants compare lock clean \
	clean-demo

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv installs in seconds what pip installs in a minute; both the same hashes.
.venv/ready: requirements.txt requirements-bootstrap.txt pyproject.toml
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is missing: install Python 3.11 or set PYTHON=…"; exit 1; }
	@echo "Installing into .venv …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements-bootstrap.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt 2> /dev/null \
		|| $(BIN)/pip install -qq --disable-pip-version-check --no-compile --require-hashes -r requirements.txt
	@$(BIN)/uv pip install --quiet --offline --no-deps --python $(BIN)/python --editable .
	@touch $@

profiles.yml:
	@cp profiles.example.yml $@

demo: .venv/ready profiles.yml  ## made data in, segments out, contacts into a demo CRM
	@$(BIN)/python -m dev.demo

# BottleCRM, the real CRM of some tests, wants Python 3.12: without one those tests are skipped.
.venv-bottlecrm/ready: .venv/ready requirements-bottlecrm.txt
	@rm -rf $(@D)
	@PYENV_VERSION=$$(pyenv latest 3.12 2> /dev/null) $(NEWER_PYTHON) -m venv $(@D) 2> /dev/null \
		&& $(BIN)/uv pip install --quiet --python $(@D)/bin/python --require-hashes -r requirements-bottlecrm.txt \
		|| mkdir -p $(@D)
	@touch $@

test: .venv/ready .venv-bottlecrm/ready  ## the tests, on temporary warehouses
	@$(BIN)/python -m pytest -m "not long and not faults"

test-long: .venv/ready .venv-bottlecrm/ready  ## those that build much: real data, many worlds
	@$(BIN)/python -m pytest -m long

# PostgreSQL's adapter, Spark and Iceberg: 1 GB that only these tests need.
.venv-engines/ready: .venv/ready requirements.txt requirements-engines.txt
	@echo "Installing into .venv-engines …"
	@$(PYTHON) -m venv $(@D)
	@$(BIN)/uv pip install --quiet --python $(@D)/bin/python --require-hashes -r requirements.txt -r requirements-engines.txt
	@touch $@

test-engines: .venv-engines/ready  ## one answer on DuckDB, PostgreSQL and Spark
	@.venv-engines/bin/python -m pytest -n 0 tests/engines --ignore tests/engines/test_other_warehouses.py

other-warehouses: .venv-engines/ready  ## read the SQL as BigQuery, Snowflake and Trino would
	@.venv-engines/bin/python -m dev.other_warehouses $(ARGS)

test-faults: .venv/ready .venv-bottlecrm/ready  ## the push under every fault: 10,000 records, 20 kills
	@figures=$$(mktemp); FAULT_FIGURES=$$figures FAULT_RECORDS=10000 KILLS=20 \
		$(BIN)/python -m pytest -m faults tests/python/delivery; ended=$$?; \
		$(BIN)/python -m tests.python.delivery.figures $$figures; rm -f $$figures; exit $$ended

lint: .venv/ready profiles.yml  ## SQL and Python style
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/python -m dev.lint models tests/integrity analyses > .sqlfluff.log 2>&1 \
		|| { grep -v -e '^===' -e Skipped .sqlfluff.log; rm -f .sqlfluff.log; exit 1; }
	@rm -f .sqlfluff.log

format: .venv/ready  ## let ruff put the Python in shape
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

docs: .venv/ready profiles.yml  ## every model and column on one page
	@$(BIN)/dbt --quiet docs generate --static
	@echo "target/static_index.html"

trigger-docs: .venv/ready  ## write docs/triggers.md from the macros and their cases
	@$(BIN)/python -m dev.trigger_docs

segment-docs: .venv/ready  ## write docs/segments.md from the segments' SQL and YAML
	@$(BIN)/python -m dev.segment_docs

command-docs: .venv/ready  ## write docs/commands.md from the program's own help
	@$(BIN)/python -m dev.command_docs

BUILD = $(BIN)/audiences build $(if $(AS_OF),--as-of '$(AS_OF)') \
	$(if $(SOURCES),--sources '$(SOURCES)') $(ARGS)

build: .venv/ready  ## your own data; AS_OF=…, SOURCES=…, ARGS="--full-refresh"
	@$(BUILD)

segment: .venv/ready profiles.yml  ## build, test one segment alone: NAME=sales_ready
	@test -f models/marts/segments/*/$(or $(NAME),-).sql || { echo "Say which segment, by the name of its file: make segment NAME=sales_ready"; exit 1; }
	@$(BUILD) --exclude-resource-type unit_test --exclude-resource-type test || [ $$? -eq 4 ]
	@$(BUILD) --select $(NAME) --resource-type model --resource-type test --resource-type unit_test

validate: .venv/ready  ## check what came in and what is about to leave
	@$(BIN)/audiences validate $(ARGS)

segments: .venv/ready  ## list every segment with its size
	@$(BIN)/audiences segments $(ARGS)

plan: .venv/ready  ## what a push would change at the destinations
	@$(BIN)/audiences plan $(ARGS)

push: .venv/ready  ## push to them (secrets: docs/destinations.md)
	@$(BIN)/audiences push $(ARGS)

pull: .venv/ready  ## read what people changed there into the raw files
	@$(BIN)/audiences pull $(ARGS)

doctor: .venv/ready  ## check tokens, rights and remote fields
	@$(BIN)/audiences doctor $(ARGS)

status: .venv/ready  ## what was delivered, and what was refused
	@$(BIN)/audiences status $(ARGS)

crm: .venv/ready  ## serve the demo CRM's contacts on a local page
	@$(BIN)/python -m dev.demo_crm $(ARGS)

demo-data: .venv/ready  ## make only the demo's raw files
	@$(BIN)/python -m dev.make_demo_data $(ARGS)

bench: .venv/ready profiles.yml  ## time the build on 1 and 10 million events
	@$(BIN)/python -m dev.bench $(ARGS)

bench-identity: .venv/ready  ## time identity on 100 thousand, 1 and 10 million edges
	@$(BIN)/python -m dev.bench_identity $(ARGS)

bench-push: .venv/ready  ## time the push: latency, a million records
	@$(BIN)/python -m dev.bench_push $(ARGS)

identity-quality: .venv/ready profiles.yml  ## precision and recall of identity, on made people
	@$(BIN)/python -m dev.identity_quality $(ARGS)

compare: .venv/ready  ## compare two warehouses: BEFORE=a.duckdb AFTER=b.duckdb
	@$(BIN)/python -m dev.compare_warehouses $(BEFORE) $(AFTER) $(ARGS)

mutants: .venv/ready  ## seed mistakes into the SQL; the tests must catch each
	@$(BIN)/python -m dev.mutants $(ARGS)

LOCKING := --quiet --universal --generate-hashes --no-strip-extras --no-annotate --no-header --no-emit-index-url

lock: .venv/ready  ## pin requirements.in anew
	@for name in requirements requirements-bootstrap requirements-splink requirements-engines; do \
		$(BIN)/uv pip compile $(LOCKING) --python-version 3.11 $$name.in -o $$name.txt; \
	done
	@$(BIN)/uv pip compile $(LOCKING) --python-version 3.12 requirements-bottlecrm.in -o requirements-bottlecrm.txt

clean:  ## remove build outputs and caches; never anything in data
	@rm -rf target logs .pytest_cache .ruff_cache .hypothesis

clean-demo:  ## remove the demo: data/demo
	@rm -rf data/demo
