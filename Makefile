# The two commands that matter: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3.11
NEWER_PYTHON ?= python3.12
BIN := .venv/bin
AS_OF ?=

# Compiled Python makes every start after the first one quicker.
unexport PYTHONDONTWRITEBYTECODE
export DBT_SEND_ANONYMOUS_USAGE_STATS = false

.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs trigger-docs segment-docs build segment validate plan push status crm bench bench-identity \
	bench-push test-faults pull doctor mutants lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv installs in seconds what pip installs in a minute; both the same hashes.
.venv/ready: requirements.txt requirements-bootstrap.txt
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is missing: install Python 3.11 or set PYTHON=…"; exit 1; }
	@echo "Installing into .venv …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements-bootstrap.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt 2> /dev/null \
		|| $(BIN)/pip install -qq --disable-pip-version-check --no-compile --require-hashes -r requirements.txt
	@touch $@

profiles.yml:
	@cp profiles.example.yml $@

demo: .venv/ready profiles.yml  ## made data in, segments out, contacts into a local demo CRM
	@$(BIN)/python -m dev.demo

# BottleCRM, the real CRM of some tests, wants Python 3.12: without one those tests are skipped.
.venv-bottlecrm/ready: .venv/ready requirements-bottlecrm.txt
	@rm -rf $(@D)
	@PYENV_VERSION=$$(pyenv latest 3.12 2> /dev/null) $(NEWER_PYTHON) -m venv $(@D) 2> /dev/null \
		&& $(BIN)/uv pip install --quiet --python $(@D)/bin/python --require-hashes -r requirements-bottlecrm.txt \
		|| mkdir -p $(@D)
	@touch $@

test: .venv/ready .venv-bottlecrm/ready  ## all tests: Python, dbt unit and data tests, on temporary warehouses
	@$(BIN)/python -m pytest

test-faults: .venv/ready .venv-bottlecrm/ready  ## the push under every fault, with 10,000 records and 20 kills
	@FAULT_RECORDS=10000 KILLS=20 $(BIN)/python -m pytest -k "fault or kill" tests/python/delivery

lint: .venv/ready profiles.yml  ## SQL and Python style
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/sqlfluff lint models tests/integrity analyses > .sqlfluff.log 2>&1 \
		|| { grep -v -e '^===' -e Skipped .sqlfluff.log; rm -f .sqlfluff.log; exit 1; }
	@rm -f .sqlfluff.log

format: .venv/ready  ## let ruff put the Python in shape
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

docs: .venv/ready profiles.yml  ## one page with every model and column: target/static_index.html
	@$(BIN)/dbt --quiet docs generate --static
	@echo "target/static_index.html"

trigger-docs: .venv/ready  ## write docs/triggers.md from the macros and their cases
	@$(BIN)/python -m dev.trigger_docs

segment-docs: .venv/ready  ## write docs/segments.md from the segments' SQL and YAML
	@$(BIN)/python -m dev.segment_docs

build: .venv/ready profiles.yml  ## dbt build on your own data (dbt_project.yml says where it is)
	@$(BIN)/python -m scripts.roll_up
	@$(BIN)/dbt build $(if $(AS_OF),--vars '{as_of: "$(AS_OF)"}')

segment: .venv/ready profiles.yml  ## build, and run one segment's unit tests: make segment NAME=sales_ready
	@test -n "$(NAME)" || { echo "say which segment: make segment NAME=sales_ready"; exit 1; }
	@$(BIN)/python -m scripts.roll_up
	@$(BIN)/dbt build --exclude-resource-type unit_test $(if $(AS_OF),--vars '{as_of: "$(AS_OF)"}')
	@$(BIN)/dbt test --select $(NAME),test_type:unit $(if $(AS_OF),--vars '{as_of: "$(AS_OF)"}')

validate: .venv/ready  ## check the raw files and what is about to leave
	@$(BIN)/python -m scripts.validate

plan: .venv/ready  ## what a push would change at the destinations of sync.yml
	@$(BIN)/python -m scripts.crm_sync plan

push: .venv/ready  ## push to them (docs/destinations.md says which secrets they want)
	@$(BIN)/python -m scripts.crm_sync push

pull: .venv/ready  ## read what people changed there into the raw files
	@$(BIN)/python -m scripts.crm_sync pull

doctor: .venv/ready  ## check tokens, rights and remote fields
	@$(BIN)/python -m scripts.crm_sync doctor

status: .venv/ready  ## what was delivered, and what was refused
	@$(BIN)/python -m scripts.crm_sync status

crm: .venv/ready  ## serve the demo CRM's contacts on a local page
	@$(BIN)/python -m dev.demo_crm

bench: .venv/ready profiles.yml  ## time the build on 1 and 10 million events
	@$(BIN)/python -m dev.bench

bench-identity: .venv/ready  ## time identity on 100 thousand, 1 and 10 million edges
	@$(BIN)/python -m dev.bench_identity

bench-push: .venv/ready  ## time the push: latency, a million records, a run without changes
	@$(BIN)/python -m dev.bench_push

mutants: .venv/ready  ## seed mistakes into the SQL, one at a time; the oracle must catch each
	@$(BIN)/python -m dev.mutants

LOCKING := --quiet --universal --generate-hashes --no-strip-extras --no-annotate --no-header --no-emit-index-url

lock: .venv/ready  ## pin requirements.in anew
	@for name in requirements requirements-bootstrap requirements-splink; do \
		$(BIN)/uv pip compile $(LOCKING) --python-version 3.11 $$name.in -o $$name.txt; \
	done
	@$(BIN)/uv pip compile $(LOCKING) --python-version 3.12 requirements-bottlecrm.in -o requirements-bottlecrm.txt

clean:  ## remove what dbt and the demo wrote (your profiles.yml stays)
	@rm -rf target logs data .pytest_cache .ruff_cache .hypothesis
