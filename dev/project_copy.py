"""A copy of the project's own files, to be changed and built without touching the project."""

import shutil
from pathlib import Path

from scripts.dbt_runner import PROJECT

FILES = ("dbt_project.yml", "profiles.example.yml")
FOLDERS = ("models", "macros", "seeds", "tests")


def copy_of_files(folder: Path) -> Path:
    """What dbt reads of the project, copied into the folder, which is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(PROJECT / name, folder / name)
    for name in FOLDERS:
        shutil.copytree(PROJECT / name, folder / name)
    return folder
