# The two commands that matter: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3.11
BIN := .venv/bin
AS_OF ?=

# Compiled Python makes every start after the first one quicker.
unexport PYTHONDONTWRITEBYTECODE
export DBT_SEND_ANONYMOUS_USAGE_STATS = false

.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs trigger-docs build validate plan push status crm bench bench-identity \
	mutants lock clean

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
	@$(BIN)/python -m scripts.demo

test: .venv/ready  ## all tests: Python, dbt unit and data tests, on temporary warehouses
	@$(BIN)/python -m pytest

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
	@$(BIN)/python -m scripts.trigger_docs

build: .venv/ready profiles.yml  ## dbt build on your own data (dbt_project.yml says where it is)
	@$(BIN)/dbt build $(if $(AS_OF),--vars '{as_of: "$(AS_OF)"}')

validate: .venv/ready  ## check the raw files and what is about to leave
	@$(BIN)/python -m scripts.validate

plan: .venv/ready  ## what a push to the CRM would change
	@$(BIN)/python -m scripts.crm_sync plan

push: .venv/ready  ## push to the CRM (HUBSPOT_TOKEN must be set)
	@$(BIN)/python -m scripts.crm_sync push

status: .venv/ready  ## what was delivered, and what was refused
	@$(BIN)/python -m scripts.crm_sync status

crm: .venv/ready  ## serve the demo CRM's contacts on a local page
	@$(BIN)/python -m scripts.demo_crm

bench: .venv/ready profiles.yml  ## time the build on 1 and 10 million events
	@$(BIN)/python -m scripts.bench

bench-identity: .venv/ready  ## time identity on 100 thousand, 1 and 10 million edges
	@$(BIN)/python -m scripts.bench_identity

mutants: .venv/ready  ## seed mistakes into the SQL, one at a time; the oracle must catch each
	@$(BIN)/python -m scripts.mutants

lock: .venv/ready  ## pin requirements.in anew
	@for name in requirements requirements-bootstrap requirements-splink; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
			--no-annotate --no-header --no-emit-index-url $$name.in -o $$name.txt; \
	done

clean:  ## remove what dbt and the demo wrote (your profiles.yml stays)
	@rm -rf target logs data .pytest_cache .ruff_cache .hypothesis
