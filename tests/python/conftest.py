"""What several test files need: dbt on temporary warehouses, and the demo built once."""

import gc
import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from scripts import dbt_runner
from scripts.dbt_runner import PROJECT, DbtFailed, Node, invoke_dbt, run_dbt

# Manifests are large and never garbage: to look through them again and again takes a tenth of the
# time.
gc.set_threshold(100_000, 20, 100)
AS_OF = "2026-06-30T00:00:00Z"
BUILDS_THE_DEMO = (
    "dbt_project.yml", "profiles.example.yml", "requirements.txt",
    "models", "macros", "seeds", "tests/generic", "tests/integrity", "dev", "scripts",
)  # fmt: skip
# Parsing is half of what many tests cost, and copies of the project differ in a file or two: those
# that a test makes of the whole project are told where the first one's are.
PARSES = "PARSES_LEFT_IN"
dbt_runner.parses_left_in = Path(os.environ.get(PARSES, PROJECT / "target" / "parses"))


# Files that `make test` leaves to `make test-long`: they build whole warehouses again and again,
# or draw many worlds. The longest begin first, so that two workers end together.
LONG = (
    "test_bench",
    "test_demo",
    "test_oracle",
    "test_real_data",
    "test_stranger",
    "test_explain_identity",
    "test_build",
    "test_incremental",
    "test_secrets",
    "test_components",
    "test_bottlecrm",
    "test_identity_properties",
    "test_identity_quality",
    "test_propose_links",
)
# Files, and by a mark of their own tests, that `make test-faults` runs at full size.
FAULTS = ("test_order", "test_faults", "test_bottlecrm_push")
# What begins first among the others.
EARLY = ("test_engine", "test_safety", "test_pipeline", "test_promises", "test_validate")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, and mark those of the other suites."""
    places = {name: place for place, name in enumerate((*LONG, *FAULTS, *EARLY))}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))
    for item in items:
        if item.path.stem in LONG:
            item.add_marker(pytest.mark.long)
        if item.path.stem in FAULTS:
            item.add_marker(pytest.mark.faults)


@dataclass
class Project:
    """The dbt project over one folder of raw files and one warehouse."""

    raw: Path
    warehouse: Path
    target_path: Path
    profiles_dir: Path
    variables: dict[str, Any] = field(default_factory=dict)
    project_dir: Path = PROJECT

    def dbt(self, *arguments: str, **variables: Any) -> list[Node]:
        return run_dbt(
            *arguments,
            warehouse=self.warehouse,
            target_path=self.target_path,
            profiles_dir=self.profiles_dir,
            project_dir=self.project_dir,
            variables={"raw_path": str(self.raw), **self.variables, **variables},
        )

    def rows(self, query: str, *parameters: Any) -> list[tuple]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(query, parameters).fetchall()

    def value(self, query: str, *parameters: Any) -> Any:
        ((value,),) = self.rows(query, *parameters)
        return value


def copy_of(project: Project, folder: Path) -> Project:
    """The same project over a copy of its warehouse."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(project.warehouse, folder / "warehouse.duckdb")
    return replace(project, warehouse=folder / "warehouse.duckdb")


@pytest.fixture(scope="session")
def target_path(tmp_path_factory):
    """One folder for dbt's artefacts, so that its parse cache is shared."""
    return tmp_path_factory.mktemp("target")


@pytest.fixture(scope="session")
def profiles_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("profiles")


@pytest.fixture(scope="session")
def make_project(tmp_path_factory, target_path, profiles_dir):
    """A function that gives a project of its own; keywords are dbt vars."""

    def make(raw: Path | None = None, **variables: Any) -> Project:
        folder = tmp_path_factory.mktemp("project")
        return Project(
            raw=raw or folder / "raw",
            warehouse=folder / "warehouse.duckdb",
            target_path=target_path,
            profiles_dir=profiles_dir,
            variables=variables,
        )

    return make


@pytest.fixture(scope="session")
def real_data():
    """The folder of real inputs, which is not part of the project."""
    folder = os.environ.get("REAL_DATA_DIR")
    if not folder:
        pytest.skip("REAL_DATA_DIR is not set: real inputs are not part of the project")
    path = Path(folder).resolve()
    if not path.is_dir():
        pytest.skip(f"REAL_DATA_DIR names {path}, which is not a folder")
    return path


@pytest.fixture(scope="session")
def demo(make_project, tmp_path_factory):
    """The demo data, built whole, with every data test."""
    built = built_demo()
    own = tmp_path_factory.mktemp("demo") / "target"
    shutil.copytree(built / "target", own)
    project = replace(make_project(built / "raw", as_of=AS_OF), target_path=own)
    shutil.copy(built / "warehouse.duckdb", project.warehouse)
    return project


def built_demo() -> Path:
    """The folder of the demo's `raw`, `warehouse.duckdb` and `target`, which nobody changes.

    The first process that asks builds it for all others, until a file changes that counts.
    """
    from dev import make_demo_data
    from dev.demo import Folder

    folder = PROJECT / "target" / "demos" / digest(*BUILDS_THE_DEMO)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "ready").exists():
            for older in folder.parent.glob("*/"):
                shutil.rmtree(older)
            raw = folder / "raw"
            # As many people as `make demo` makes, so that pages may show its numbers.
            people = str(Folder(raw).people)
            assert (
                make_demo_data.main(["--people", people, "--as-of", AS_OF, "--out", str(raw)]) == 0
            )
            project = Project(
                raw=raw,
                warehouse=folder / "warehouse.duckdb",
                target_path=folder / "target",
                profiles_dir=folder,
                variables={"as_of": AS_OF},
            )
            project.dbt("build", "--exclude-resource-type", "unit_test")
            (folder / "ready").touch()
    return folder


def digest(*names: str) -> str:
    """Of the content of these files and folders of the project."""
    found = hashlib.sha256()
    for path in sorted(path for name in names for path in files_of(PROJECT / name)):
        found.update(f"{path.relative_to(PROJECT)}\0".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def files_of(path: Path) -> Iterator[Path]:
    """A file, or those in a folder."""
    found = path.rglob("*") if path.is_dir() else [path]
    return (file for file in found if file.is_file() and file.suffix != ".pyc")


@pytest.fixture(scope="session")
def compiled(make_project):
    """A function that gives the SQL which some Jinja compiles to, on one line."""
    project = make_project(as_of=AS_OF)

    def compile_inline(inline: str, **variables: Any) -> str:
        try:
            result = invoke_dbt(
                "compile", "--inline", inline,
                warehouse=project.warehouse,
                target_path=project.target_path,
                profiles_dir=project.profiles_dir,
                variables={"raw_path": str(project.raw), **project.variables, **variables},
            )  # fmt: skip
        except DbtFailed as failure:
            # What a macro said is printed; the exception only says that something went wrong.
            raise DbtFailed(failure.output, failure.nodes) from failure
        return " ".join(result.results[0].node.compiled_code.split())

    return compile_inline
