"""A copy of the whole project beside a built demo, in which a test does what a reader would."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

from scripts import dbt_runner
from scripts.dbt_runner import PROJECT

from .conftest import AS_OF, PARSES

NOT_COPIED = (".git", ".venv*", "target", "logs", "data", ".*_cache", "__pycache__", ".hypothesis")


class House:
    """A copy of the whole project beside the warehouse of a built demo."""

    def __init__(self, folder: Path, raw: Path, warehouse: Path) -> None:
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
        self.folder = folder
        self.warehouse = folder / "data" / "warehouse.duckdb"
        self.warehouse.parent.mkdir()
        (folder / "data" / "raw").mkdir()
        # The tables alone: what else the demo writes there is a sign that they are not one's own.
        for table in raw.iterdir():
            if not table.name.startswith("_"):
                (folder / "data" / "raw" / table.name).symlink_to(table)
        shutil.copy(warehouse, self.warehouse)
        # Programs that find their packages where these tests found them.
        binaries = folder / ".venv" / "bin"
        binaries.mkdir(parents=True)
        for name, what in (
            ("python", ""),
            ("dbt", "-m dbt.cli.main"),
            ("audiences", "-m tests.python.house"),
        ):
            (binaries / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {what} "$@"\n')
            (binaries / name).chmod(0o755)
        # Nothing is to be installed here.
        (folder / ".venv" / "ready").touch()
        (folder / ".venv-bottlecrm").mkdir()
        (folder / ".venv-bottlecrm" / "ready").touch()

    def run(self, *command: str) -> str:
        """What a command prints in this folder. It must succeed."""
        # A run of pytest inside a run of pytest is a run of its own.
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
        }
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={
                **environment,
                "AUDIENCE_WAREHOUSE": str(self.warehouse),
                # The demo's clock, which `make build` and `make segment` take from here.
                "AS_OF": AS_OF,
                PARSES: str(dbt_runner.parses_left_in),
                "PATH": f"{self.folder / '.venv' / 'bin'}:{environment['PATH']}",
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        return done.stdout

    def rows(self, query: str) -> set[tuple]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return set(connection.execute(query).fetchall())


if __name__ == "__main__":
    # `audiences`, with the first project's parses at hand: importing conftest has seen to that.
    from scripts.audiences import main

    sys.exit(main())
