"""Engines over one world. Servers come from packages; what is missing skips with its reason."""

import os
from pathlib import Path

import pytest

from . import world
from .engines import Engine, PostgreSQL, Spark


@pytest.fixture(scope="session")
def raw(tmp_path_factory, make_engine):
    """The folder of the world and its sources."""
    folder = tmp_path_factory.mktemp("world")
    real = os.environ.get("REAL_DATA_DIR")
    return folder, world.make(folder, Path(real) if real else None, make_engine("DuckDB"))


@pytest.fixture(scope="session")
def make_engine(tmp_path_factory, request):
    """A function that gives an engine, the same one in all tests: each parses the project once."""
    made = {}

    def make(name: str) -> Engine:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            if name == "DuckDB":
                made[name] = Engine(folder)
            elif name == "PostgreSQL":
                pytest.importorskip("dbt.adapters.postgres", reason="dbt-postgres is missing")
                made[name] = PostgreSQL(folder, request.getfixturevalue("postgres"), "world")
            else:
                pytest.importorskip(
                    "pyspark", reason="Spark is missing: make test-engines brings it"
                )
                made[name] = Spark(folder)
        return made[name]

    return make
