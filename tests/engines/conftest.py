"""Engines over one world. Servers come from packages; what is missing skips with its reason."""

import os
from pathlib import Path

import pytest

from . import world
from .engines import Engine, PostgreSQL, Spark


@pytest.fixture(scope="session")
def raw(tmp_path_factory):
    """The folder of the world and its sources."""
    folder = tmp_path_factory.mktemp("world")
    real = os.environ.get("REAL_DATA_DIR")
    return folder, world.make(folder, Path(real) if real else None)


@pytest.fixture(scope="session")
def make_engine(tmp_path_factory, request):
    """A function that gives an engine with an empty warehouse."""
    made = {}

    def make(name: str, warehouse: str) -> Engine:
        # Spark has one catalogue in a process.
        key = name, "" if name == "Spark" else warehouse
        if key not in made:
            folder = tmp_path_factory.mktemp(f"{name}-{warehouse}")
            if name == "DuckDB":
                made[key] = Engine(folder)
            elif name == "PostgreSQL":
                pytest.importorskip("dbt.adapters.postgres", reason="dbt-postgres is missing")
                made[key] = PostgreSQL(folder, request.getfixturevalue("postgres"), warehouse)
            else:
                pytest.importorskip(
                    "pyspark", reason="Spark is missing: make test-engines brings it"
                )
                made[key] = Spark(folder)
        return made[key]

    return make
