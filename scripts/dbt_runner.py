"""Run dbt inside this process, quietly, and let go of the warehouse afterwards."""

import contextlib
import hashlib
import io
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.errors import PersonNeeded

PROJECT = Path(__file__).resolve().parent.parent

# Only running reads these: a project parsed under one value is parsed for every other.
READ_WHILE_RUNNING = {"as_of", "raw_path"}
# What decides which names a parsed project gives its tables.
CONNECTION_OPTIONS = ("--target", "-t", "--profile")
PARSED_FOLDERS = ("models", "macros", "seeds", "tests", "analyses")
PARSED_FILES = ("dbt_project.yml", "profiles.yml")
# Enough for the settings that take turns in one process; a parsed project is some 30 MB.
KEPT_MANIFESTS = 16
INLINE = ".inline_query"  # how dbt names the query of --inline
_manifests: dict[Any, Any] = {}
# A folder in which processes that parse the project as it is leave for each other what dbt made of
# it; dbt reads again what has changed since. None: nothing is left.
parses_left_in: Path | None = None


@dataclass(frozen=True)
class Node:
    """What became of one model, seed, test or hook; `sql` is what it was compiled to."""

    name: str
    kind: str
    status: str
    seconds: float
    message: str
    path: str = ""
    sql: str = ""


class DbtFailed(PersonNeeded):
    """dbt could not do what it was asked to; the message says which node and why.

    `nodes` are those that ran, `output` is what dbt printed, which can say more.
    """

    exit_code = 1

    def __init__(self, message: str, nodes: list[Node], output: str = "") -> None:
        super().__init__(message)
        self.nodes = nodes
        self.output = output


def run_dbt(
    *arguments: str,
    warehouse: Path,
    variables: Mapping[str, Any] | None = None,
    target_path: Path | None = None,
    profiles_dir: Path | None = None,
    project_dir: Path = PROJECT,
    on_event: Callable[[Any], None] | None = None,
) -> list[Node]:
    """Run one dbt command, for example ``run_dbt("build", warehouse=path)``.

    ``variables`` are dbt vars; ``warehouse`` is the DuckDB file of target dev. Returns the nodes
    in the order in which they ended. Raises DbtFailed, which carries those nodes, when anything
    failed, warnings aside.
    """
    return as_nodes(
        invoke_dbt(
            *arguments,
            warehouse=warehouse,
            variables=variables,
            target_path=target_path,
            profiles_dir=profiles_dir,
            project_dir=project_dir,
            on_event=on_event,
        )
    )


def invoke_dbt(
    *arguments: str,
    warehouse: Path,
    variables: Mapping[str, Any] | None = None,
    target_path: Path | None = None,
    profiles_dir: Path | None = None,
    project_dir: Path = PROJECT,
    manifest: Any = None,
    on_event: Callable[[Any], None] | None = None,
) -> Any:
    """Run one dbt command and return dbt's own result, which depends on the command.

    A ``manifest``, as ``invoke_dbt("parse", ...)`` returns it, saves parsing the project; without
    one a project whose files did not change is parsed once in this process (parsed_once).
    ``on_event`` is called with each of dbt's events while it runs.
    The rest is as in run_dbt.
    """
    variables = dict(variables or {})
    profiles_dir = profiles_dir or project_dir
    ensure_profiles(profiles_dir)
    where = {
        "warehouse": warehouse,
        "target_path": target_path,
        "profiles_dir": profiles_dir,
        "project_dir": project_dir,
        "on_event": on_event,
    }
    if arguments[0] == "parse":
        _manifests.clear()  # whoever asks for it wants no old one
        variables = read_by_parsing(variables)
    elif manifest is None and "--no-partial-parse" not in arguments:
        manifest = parsed_once(arguments, variables, **where)
    return call_dbt(arguments, variables, manifest=manifest, **where)


def call_dbt(
    arguments: Sequence[str],
    variables: Mapping[str, Any],
    *,
    warehouse: Path,
    target_path: Path | None,
    profiles_dir: Path,
    project_dir: Path,
    manifest: Any = None,
    on_event: Callable[[Any], None] | None = None,
) -> Any:
    """Run one dbt command as it is."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    call = [
        *arguments,
        "--project-dir", str(project_dir),
        "--profiles-dir", str(profiles_dir),
        "--vars", json.dumps(variables),
        "--log-level-file", "none",
        "--quiet",
    ]  # fmt: skip
    if target_path is not None:
        call += ["--target-path", str(target_path.resolve())]
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    output = io.StringIO()
    with (
        environment(AUDIENCE_WAREHOUSE=str(warehouse.resolve())),
        contextlib.chdir(Path.cwd()),  # dbt goes to the project's folder and stays there
        contextlib.redirect_stdout(output),
    ):
        try:
            callbacks = [on_event] if on_event else []
            result = dbtRunner(manifest=manifest, callbacks=callbacks).invoke(call)
        finally:
            # dbt keeps the file locked until the process ends, unless told to let go, and a query
            # that did not compile in the manifest, where the next one has the same name.
            DuckDBConnectionManager.close_all_connections()
            for left in [name for name in getattr(manifest, "nodes", ()) if name.endswith(INLINE)]:
                del manifest.nodes[left]
    if not result.success:
        nodes = as_nodes(result.result)
        printed = output.getvalue()
        raise DbtFailed(failure_text(nodes, result.exception, printed), nodes, printed)
    return result.result


def parsed_once(
    arguments: Sequence[str], variables: Mapping[str, Any], *, warehouse: Path, **where: Any
) -> Any:
    """The project as dbt parses it, read again only when a file or a setting that counts differs.

    Parsing takes longer than building a small warehouse, and dbt does it anew for each value of
    each var. ``where`` is as in call_dbt. Raises DbtFailed.
    """
    words = [word for argument in arguments for word in argument.split("=", 1)]
    connection = [
        word
        for option, value in itertools.pairwise(words)
        if option in CONNECTION_OPTIONS
        for word in (option, value)
    ]
    variables = read_by_parsing(variables)
    key = (
        *connection,
        os.environ.get("SPARK_FILE_FORMAT"),
        warehouse.stem,  # DuckDB's name of the catalogue, part of every relation's
        json.dumps(variables, sort_keys=True),
        fingerprint(where["project_dir"], where["profiles_dir"]),
    )
    # What was asked for last is kept longest.
    parsed = _manifests.pop(key, None)
    if parsed is None:
        parsed = parsed_anew(connection, variables, warehouse=warehouse, **where)
        while len(_manifests) >= KEPT_MANIFESTS:
            del _manifests[next(iter(_manifests))]
    _manifests[key] = parsed
    return parsed


def parsed_anew(
    connection: list[str], variables: Mapping[str, Any], *, warehouse: Path, **where: Any
) -> Any:
    """The project as dbt parses it now, from what another process left where there is such."""
    call = ["parse", *connection]
    if parses_left_in is None:
        return call_dbt(call, variables, warehouse=warehouse, **where)
    settings = [connection, variables, warehouse.stem, os.environ.get("SPARK_FILE_FORMAT")]
    text = json.dumps(settings, sort_keys=True)
    folder = parses_left_in / hashlib.sha256(text.encode()).hexdigest()[:16]
    left = folder / "partial_parse.msgpack"
    if not left.exists() and where["project_dir"] != PROJECT:
        # A copy differs in a file or two; what it cannot be parsed with may be in those.
        with contextlib.suppress(DbtFailed):
            own = where | {"project_dir": PROJECT}
            parsed_anew(connection, variables, warehouse=warehouse, **own)
    if left.exists():
        call += ["--partial-parse-file-path", str(left)]
    with tempfile.TemporaryDirectory() as target:
        where["target_path"] = Path(target)
        # dbt parses anew for another file of the warehouse, though it opens none.
        parsed = call_dbt(call, variables, warehouse=folder / warehouse.name, **where)
        made = Path(target) / left.name
        # dbt writes none where nothing has changed. A copy's would name the copy's seeds.
        is_its_own = where["project_dir"] == PROJECT and parses_left_in.is_relative_to(PROJECT)
        if is_its_own and made.exists():
            # Whole, or not at all: another process may be reading.
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(made, mine := folder / f"{os.getpid()}.msgpack")
            mine.replace(left)
    return parsed


def read_by_parsing(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The vars that make dbt parse a project anew, so that a later command need not."""
    return {name: value for name, value in variables.items() if name not in READ_WHILE_RUNNING}


def fingerprint(project_dir: Path, profiles_dir: Path) -> frozenset[tuple[str, int, int]]:
    """Path, time of change in nanoseconds and size in bytes of every file that dbt parses."""
    files = [
        *(folder / name for folder in (project_dir, profiles_dir) for name in PARSED_FILES),
        *(path for name in PARSED_FOLDERS for path in (project_dir / name).rglob("*")),
    ]
    return frozenset(
        (str(path), (stat := path.stat()).st_mtime_ns, stat.st_size)
        for path in files
        if path.is_file()
    )


def ensure_profiles(folder: Path) -> None:
    """Put the example profiles into a folder that has none."""
    if not (folder / "profiles.yml").exists():
        shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")


def as_nodes(result: Any) -> list[Node]:
    """The nodes of dbt's result; none when the command runs none."""
    return [as_node(entry) for entry in getattr(result, "results", None) or []]


def as_node(entry: Any) -> Node:
    """One entry of dbt's results as a Node; an operation has an id and no node of dbt's."""
    node = getattr(entry, "node", None)
    kind, *_, name = entry.unique_id.split(".") if node is None else (None, node.name)
    return Node(
        name=name,
        kind=kind or str(getattr(node.resource_type, "value", node.resource_type)),
        status=str(getattr(entry.status, "value", entry.status)),
        seconds=float(entry.execution_time or 0.0),
        message=str(entry.message or ""),
        path=str(getattr(node, "original_file_path", "") or ""),
        sql=str(getattr(node, "compiled_code", "") or ""),
    )


def failure_text(nodes: list[Node], exception: BaseException | None, output: str) -> str:
    """What a person needs to know about a failed run, the failed nodes first."""
    failed = [node for node in nodes if node.status in ("error", "fail", "runtime error")]
    lines = [f"{node.kind} {node.name}: {node.message.strip()}" for node in failed]
    if exception is not None:
        lines.append(str(exception).strip())
    return "\n".join(lines) or output.strip() or "dbt failed without a word"


@contextlib.contextmanager
def environment(**values: str) -> Any:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
