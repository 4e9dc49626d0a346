"""Read the syncs from sync.yml, the command line and the environment."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from scripts.warehouse import Elsewhere, Place

from .destination import Destination
from .errors import ConfigError
from .ledger import forgotten_beside
from .locks import is_postgres
from .plug_ins import known, plug_in

# always: the column decides; a null empties the field. never_clear: a null is not sent.
# set_if_empty: written once, where the destination holds nothing; what people typed stays.
POLICIES = ("always", "never_clear", "set_if_empty")
NAME = re.compile(r"[A-Za-z0-9_$][\w.$-]*")
COLUMN = re.compile(r"[a-z_][a-z0-9_]*")

# What is pushed without a sync.yml: a sync's name, and the destination that says what goes there.
DEFAULT_NAME, DEFAULT_DESTINATION = "hubspot_contacts", "hubspot"


@dataclass(frozen=True)
class Field:
    """Where a column goes, what a null does there, and by how much a number has to change.

    A number goes out again when it differs by `changes_by` or more from what was delivered; 0 is
    any change.
    """

    to: str
    policy: str = "never_clear"
    changes_by: float = 0.0


@dataclass(frozen=True)
class Sync:
    """One way from a table to a destination; `fields` maps our columns to remote fields.

    `warehouse` is a DuckDB file or one of scripts/targets.py, `ledger` a DuckDB file or the address
    of a PostgreSQL database. `where` keeps the rows whose column has one of the values, for each
    column. `suppressions` is a table of profile_ids whom nothing may reach; None switches that off
    for sources without people. `forgotten` is the list of who was forgotten, None for that beside
    the ledger.
    """

    name: str
    destination: Destination
    source: str
    key: tuple[str, ...]
    fields: dict[str, Field]
    warehouse: Place = Path("data/warehouse.duckdb")
    ledger: str = "data/ledger.duckdb"
    forgotten: Path | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    suppressions: str | None = "marts.profile_suppressions"
    contains_people: bool = True
    require_validation: bool = True
    max_age_hours: float | None = None
    max_remove_share: float = 0.2
    max_new_share: float = 0.5
    max_blank_share: float = 0.2
    max_change_share: float = 0.9
    workers: int = 4
    max_tries: int = 6
    backoff_seconds: float = 0.5
    longest_wait_seconds: float = 120.0
    timeout_seconds: float = 30.0

    @property
    def label(self) -> str:
        """The sync and where it goes, for people."""
        return f"{self.name} ({self.destination.name}, {self.destination.account})"

    @property
    def place(self) -> str:
        """The destination and its address or account."""
        return f"{self.destination.name}:{self.destination.account}"

    @property
    def ledger_name(self) -> str:
        """The name under which the ledger keeps its records: another account, another name."""
        return f"{self.name}:{self.place}"

    @property
    def remote(self) -> dict[str, str]:
        """The policy of each remote field."""
        return {field.to: field.policy for field in self.fields.values()}


COMMON = ("warehouse", "ledger", "suppressions", "max_remove_share", "max_new_share")
COMMON += ("max_blank_share", "max_change_share")
COMMON += ("require_validation", "max_age_hours", "workers", "max_tries")
COMMON += ("backoff_seconds", "longest_wait_seconds", "timeout_seconds")
OF_A_SYNC = ("destination", "options", "source", "where", "key", "fields", "contains_people")
OF_A_SYNC += COMMON[1:]


PASSWORD = (
    "An address with a password belongs in the environment: set AUDIENCE_LEDGER. On the command "
    "line every user of the machine can read it, in a file every copy."
)


def load_syncs(
    config: Path | None = None,
    *,
    names: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
    **overrides: Any,
) -> list[Sync]:
    """Return the syncs, or those that `names` names: defaults, sync.yml, then `overrides`.

    A name is that of a sync or of a destination, which means all syncs that go there.
    Without `config`, `sync.yml` in the current folder is read when there is one. The environment
    gives secrets, AUDIENCE_WAREHOUSE the warehouse and AUDIENCE_LEDGER the ledger. Overrides that
    are None do nothing. Raises ConfigError.
    """
    environ = os.environ if environ is None else environ
    path = config or Path("sync.yml")
    if config is not None and not path.exists():
        raise ConfigError(f"There is no file {path}; copy sync.example.yml to it.")
    values: dict[str, Any] = read_yaml(path) if path.exists() else {}
    chosen = values.pop("syncs", None) or default_syncs()
    unknown = sorted(set(values) - set(COMMON))
    if unknown:
        raise ConfigError(
            f"{path} does not know {unknown}; beside `syncs` it knows {sorted(COMMON)}. Secrets "
            "belong in the environment, never in this file."
        )
    for given in (values.get("ledger"), overrides.get("ledger")):
        if has_password(str(given or "")):
            raise ConfigError(PASSWORD)
    for name, variable in (("warehouse", "AUDIENCE_WAREHOUSE"), ("ledger", "AUDIENCE_LEDGER")):
        if environ.get(variable):
            values[name] = environ[variable]
    values |= {name: value for name, value in overrides.items() if value is not None}
    names = named(list(names), chosen, path)
    return [make_sync(name, chosen[name], values, environ) for name in names]


def has_password(address: str) -> bool:
    """Whether the address of a database holds a password."""
    if re.search(r"(^|[\s?&])(ssl)?password\s*=", address, re.IGNORECASE):
        return True
    return bool(re.match(r"[\w+.-]+://[^/?#@]*:[^/?#]+@", address))


def named(names: list[str], chosen: Mapping[str, Any], path: Path) -> list[str]:
    """Return the syncs that are meant; all of them when nothing is named."""
    meant = {
        name: [
            key
            for key, given in chosen.items()
            if name == key or (isinstance(given, dict) and given.get("destination") == name)
        ]
        for name in names
    }
    missing = [name for name, syncs in meant.items() if not syncs]
    if missing:
        raise ConfigError(f"There is no sync {missing}; {path} has {sorted(chosen)}.")
    return list(dict.fromkeys(sync for syncs in meant.values() for sync in syncs)) or list(chosen)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; an empty file is an empty mapping."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as problem:
        raise ConfigError(f"{path} cannot be read: {problem}") from None
    if not isinstance(found, dict) or not isinstance(found.get("syncs", {}), dict):
        raise ConfigError(f"{path} must be a mapping of settings; see sync.example.yml.")
    return found


def make_sync(name: str, given: Any, common: Mapping[str, Any], environ: Mapping[str, str]) -> Sync:
    """Return one checked sync."""
    if not isinstance(given, dict):
        raise ConfigError(f"The sync {name} must be a mapping; see sync.example.yml.")
    unknown = sorted(set(given) - set(OF_A_SYNC))
    if unknown:
        raise ConfigError(f"The sync {name} does not know {unknown}; it knows {sorted(OF_A_SYNC)}.")
    absent = [need for need in ("destination", "source", "key", "fields") if not given.get(need)]
    if absent:
        raise ConfigError(f"The sync {name} lacks {absent}.")
    if has_password(str(given.get("ledger") or "")):
        raise ConfigError(PASSWORD)
    settings = {key: convert(key, value) for key, value in common.items()} | {
        key: convert(f"syncs.{name}.{key}", given[key])
        for key in (*COMMON, "contains_people")
        if key in given
    }
    sync = Sync(
        name=name,
        destination=make_destination(str(given["destination"]), given.get("options"), environ),
        source=str(given["source"]),
        where=make_where(name, given.get("where") or {}),
        key=make_key(name, given["key"]),
        fields=make_fields(name, given["fields"]),
        **settings,
    )
    check(sync)
    return replace(sync, forgotten=common_list(sync, str(common.get("ledger") or Sync.ledger)))


def common_list(sync: Sync, ledger: str) -> Path | None:
    """Return the list of the forgotten beside the common ledger, for a sync with one of its own.

    None where the sync's ledger already has a list, and with it a secret, of its own.
    """
    own = forgotten_beside(sync.ledger)
    is_common = sync.ledger == ledger or own.with_suffix(".secret").exists()
    return None if is_common else forgotten_beside(ledger)


def make_key(name: str, given: Any) -> tuple[str, ...]:
    """Return the columns of the key: one, or a list of them."""
    columns = given if isinstance(given, list) else [given]
    if not all(isinstance(column, str) for column in columns):
        raise ConfigError(f"{name}.key is a column or a list of columns, not {given!r}.")
    return tuple(columns)


def make_where(name: str, given: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return which rows of the source are meant: `column: value` or `column: [values]`."""
    if not isinstance(given, dict) or not all(COLUMN.fullmatch(str(column)) for column in given):
        raise ConfigError(f"{name}.where must map columns to a value or a list of values.")
    wanted = {
        column: values if isinstance(values, list) else [values] for column, values in given.items()
    }
    if not all(isinstance(value, str | int) for values in wanted.values() for value in values):
        raise ConfigError(f"{name}.where takes texts, whole numbers, true and false as values.")
    texts = {
        column: [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
        for column, values in wanted.items()
    }
    return tuple((column, tuple(values)) for column, values in texts.items())


def make_destination(name: str, options: Any, environ: Mapping[str, str]) -> Destination:
    """Return the plug-in with its options and secrets."""
    if not isinstance(options, dict | None):
        raise ConfigError(f"The options of {name} must be a mapping; see sync.example.yml.")
    return plug_in(name)(options or {}, environ)


def default_syncs() -> dict[str, dict[str, Any]]:
    """What is pushed without a sync.yml, as sync.yml would say it."""
    return {DEFAULT_NAME: dict(plug_in(DEFAULT_DESTINATION).default_sync)}


def readable_destinations() -> list[str]:
    """The destinations from which something can be pulled."""
    return [name for name in known() if plug_in(name).can_pull]


def make_fields(name: str, given: Any) -> dict[str, Field]:
    """Return the fields: `column: remote` or `column: {to: remote, policy: always}`."""
    if not isinstance(given, dict):
        raise ConfigError(f"fields of {name} must map columns to remote fields.")
    found = {}
    for column, target in given.items():
        spec = target if isinstance(target, dict) else {"to": target}
        if set(spec) - {"to", "policy", "changes_by"} or "to" not in spec:
            raise ConfigError(
                f"{name}.fields.{column} must be a name, or {{to:, policy:, changes_by:}}."
            )
        texts = {key: value for key, value in spec.items() if key != "changes_by"}
        if not all(isinstance(text, str | int) for text in texts.values()):
            raise ConfigError(f"{name}.fields.{column} cannot be {target!r}: a name is needed.")
        texts = {key: str(value) for key, value in texts.items()}
        by = spec.get("changes_by", 0)
        if isinstance(by, bool) or not isinstance(by, int | float) or not 0 <= by < float("inf"):
            raise ConfigError(f"{name}.fields.{column}.changes_by is a number, not {by!r}.")
        found[str(column)] = Field(**texts, changes_by=float(by))
    return found


def convert(path: str, value: Any) -> Any:
    """Return a setting in its own type; raises ConfigError with the path, the value and why not.

    `path` is `workers`, or `syncs.<name>.workers` where a sync sets it.
    """
    name = path.rpartition(".")[2]
    if isinstance(value, Elsewhere):
        return value
    kind = Path if name == "warehouse" else get_type_hints(Sync)[name]
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as problem:
        why = problem.errors(include_url=False, include_input=False)[0]["msg"]
        raise ConfigError(f"{path} cannot be {value!r}: {why}.") from None


def check(sync: Sync) -> None:
    """Raise ConfigError when a sync makes no sense."""
    name, targets = sync.name, list(sync.remote)
    columns = [*sync.fields, *sync.key]
    wrong = [column for column in columns if not COLUMN.fullmatch(column)]
    wrong += [target for target in targets if not NAME.fullmatch(target)]
    if wrong:
        raise ConfigError(f"{name}: these are no names of columns or fields: {wrong}.")
    if len(targets) < len(sync.fields):
        raise ConfigError(f"{name}: fields may use a remote field only once.")
    policies = {field.policy for field in sync.fields.values()} - set(POLICIES)
    if policies:
        raise ConfigError(f"{name}: there is no policy {sorted(policies)}; choose of {POLICIES}.")
    if "set_if_empty" in sync.remote.values() and not sync.destination.can_read:
        raise ConfigError(
            f"{name}: set_if_empty asks what the destination holds, and {sync.destination.name} "
            "cannot be asked. Use never_clear."
        )
    lacking = sorted(sync.destination.needs - set(targets))
    if lacking:
        raise ConfigError(f"{name}: {sync.destination.name} needs a column for {lacking}.")
    forbidden = sorted(target for target in targets if sync.destination.is_forbidden(target))
    if forbidden:
        raise ConfigError(
            f"{name}: {forbidden} say whether a person wants to be contacted. Only that person and "
            f"{sync.destination.name} decide this; a segment never does. Take them out of fields."
        )
    both = sorted(sync.destination.pulled & set(targets))
    if both:  # it would feed itself
        raise ConfigError(
            f"{name}: {both} are read from {sync.destination.name} as facts about people. What is "
            "pulled must not be pushed; give the audience fields names of their own."
        )
    for table in (sync.source, sync.suppressions):
        if table and not re.fullmatch(r"\w+\.\w+", table):
            raise ConfigError(f"{name}: {table!r} is not of the form schema.table.")
    for setting in ("max_remove_share", "max_new_share", "max_blank_share", "max_change_share"):
        if not 0 <= getattr(sync, setting) <= 1:
            raise ConfigError(f"{setting} is a share between 0 and 1.")
    if min(sync.workers, sync.max_tries) < 1:
        raise ConfigError("workers and max_tries must be at least 1.")
    seconds = (sync.backoff_seconds, sync.longest_wait_seconds, sync.timeout_seconds)
    if not all(0 <= number < float("inf") for number in seconds) or not sync.timeout_seconds:
        raise ConfigError("Seconds are numbers of 0 or more, and timeout_seconds more than 0.")
    if sync.max_age_hours is not None and not 0 < sync.max_age_hours < 1_000_000:
        raise ConfigError("max_age_hours must be more than 0, or null.")
    if min(sync.destination.batch_size, sync.destination.quota[0]) < 1:
        raise ConfigError(
            f"{name}: {sync.destination.name} must have at least 1 record in a batch, and make at "
            "least 1 request."
        )
    sync.destination.check_mapped(sync.remote)
    is_postgres(sync.ledger)
    ends = sync.destination.tells_removes or sync.destination.memberships & set(targets)
    if not ends and "always" not in sync.remote.values():
        raise ConfigError(
            f"{name}: whoever leaves would keep every field, since none may be emptied. Give the "
            "fields that only we write `policy: always`, such as the one of the segments."
        )
