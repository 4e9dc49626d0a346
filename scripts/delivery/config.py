"""Read the syncs from sync.yml, the command line and the environment."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from dataclasses import fields as fields_of
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

import yaml
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BeforeValidator, ConfigDict, FiniteFloat, StringConstraints, ValidationError
from pydantic.dataclasses import dataclass

from scripts.warehouse import Place

from .destination import NO_BOOLEAN, Destination
from .errors import ConfigError, has_password, shown
from .ledger import forgotten_beside
from .locks import is_postgres
from .plug_ins import known, plug_in

# always: the column decides; a null empties the field. never_clear: a null is not sent.
# set_if_empty: written once, where the destination holds nothing; what people typed stays.
Policy = Literal["always", "never_clear", "set_if_empty"]
POLICIES = get_args(Policy)

DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9_]*)$")
BOOLEAN = re.compile(r"(true|True|TRUE|false|False|FALSE)$")

# What is pushed without a sync.yml: a sync's name, and the destination that says what goes there.
DEFAULT_NAME, DEFAULT_DESTINATION = "hubspot_contacts", "hubspot"


def number_as_text(given: Any) -> Any:
    """A remote field of digits, as YAML reads it, is a name."""
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


def as_list(given: Any) -> Any:
    """One of what can be several is a list of one."""
    return list(given) if isinstance(given, list | tuple) else [given]


def as_field(given: Any) -> Any:
    """`column: name` is short for `column: {to: name}`."""
    return given if isinstance(given, dict | Field) else {"to": given}


def value_as_text(given: Any) -> Any:
    """A value as the warehouse writes it as text: true and false in small letters, days as ISO.

    A number with a point, or an instant, may be written in several ways: only a text says which.
    """
    if isinstance(given, date) and not isinstance(given, datetime):
        return given.isoformat()
    if isinstance(given, float | datetime | None):
        raise ValueError("write it between quotation marks, as the warehouse shows it as text")
    return str(given).lower() if isinstance(given, bool) else number_as_text(given)


Column = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$")]
# What no name of a field may be anywhere; each destination says more.
Name = Annotated[
    str,
    BeforeValidator(number_as_text),
    StringConstraints(pattern=r"^[\w$]([^\x00-\x1f\"'\\{}]*[^\s\x00-\x1f\"'\\{}])?$"),
]
Table = Annotated[str, StringConstraints(pattern=r"^\w+\.\w+$")]
Values = Annotated[
    tuple[Annotated[str, BeforeValidator(value_as_text)], ...], BeforeValidator(as_list)
]
Share = Annotated[float, NO_BOOLEAN, Ge(0), Le(1)]
Count = Annotated[int, NO_BOOLEAN, Ge(1)]
Seconds = Annotated[FiniteFloat, NO_BOOLEAN, Ge(0)]
STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


@dataclass(frozen=True, config=STRICT)
class Field:
    """Where a column goes, what a null does there, and by how much a number has to change.

    A number goes out again when it differs by `changes_by` or more from what was delivered; 0 is
    any change.
    """

    to: Name
    policy: Policy = "never_clear"
    changes_by: Seconds = 0.0


@dataclass(frozen=True, config=STRICT)
class Sync:
    """One way from a table to a destination; `fields` maps our columns to remote fields.

    `warehouse` is a DuckDB file or one of scripts/targets.py, `ledger` a DuckDB file or the address
    of a PostgreSQL database. `where` keeps the rows whose column has one of the values, for each
    column. `suppressions` is a table of profile_ids whom nothing may reach; None switches that off
    for sources without people. `forgotten` is the list of who was forgotten, None for that beside
    the ledger. Raises pydantic's ValidationError for a value that makes no sense.
    """

    name: str
    destination: Destination
    source: Table
    key: Annotated[tuple[Column, ...], BeforeValidator(as_list)]
    fields: dict[Column, Annotated[Field, BeforeValidator(as_field)]]
    warehouse: Place = Path("data/warehouse.duckdb")
    ledger: str = "data/ledger.duckdb"
    forgotten: Path | None = None
    where: dict[Column, Values] = field(default_factory=dict)
    suppressions: Table | None = "marts.profile_suppressions"
    contains_people: bool = True
    require_validation: bool = True
    max_age_hours: Annotated[float, NO_BOOLEAN, Gt(0), Lt(1_000_000)] | None = None
    max_remove_share: Share = 0.2
    max_new_share: Share = 0.5
    max_blank_share: Share = 0.2
    max_change_share: Share = 0.9
    workers: Count = 4
    max_tries: Count = 6
    backoff_seconds: Seconds = 0.5
    longest_wait_seconds: Seconds = 120.0
    timeout_seconds: Annotated[Seconds, Gt(0)] = 30.0

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


# What may stand beside `syncs`, and in a sync.
COMMON = ("warehouse", "ledger", "suppressions", "require_validation")
COMMON += tuple(entry.name for entry in fields_of(Sync) if entry.name.startswith("max_"))
COMMON += ("workers", "backoff_seconds", "longest_wait_seconds", "timeout_seconds")
OF_A_SYNC = ("destination", "options", "source", "where", "key", "fields", "contains_people")
OF_A_SYNC += COMMON[1:]

PASSWORD = (
    "An address with a password belongs in the environment: set AUDIENCE_LEDGER. On the command "
    "line every user of the machine can read it, in a file every copy."
)
SECRET_IN_FILE = "{} holds a password. It belongs in the environment: in a file every copy has it."


class Loader(yaml.SafeLoader):
    """Reads YAML as people mean it, and no name twice.

    Only true and false are booleans, so that `where: {country: no}` is Norway; 010 and 12:30 are
    texts, and not 8 and 750.
    """

    yaml_implicit_resolvers: ClassVar = {
        sign: [
            (tag, DECIMAL if tag.endswith(":int") else BOOLEAN if tag.endswith(":bool") else shape)
            for tag, shape in held
        ]
        for sign, held in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping; raises an error for a name that is given twice."""
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for name, times in Counter(names).items():
            if times > 1 and name != "<<":
                why = f"{shown(name)} is given {times} times in one mapping"
                raise yaml.constructor.ConstructorError(problem=why, problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


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
    if odd := [name for name in chosen if not isinstance(name, str)]:
        raise ConfigError(
            f"The name of a sync is a text: write {', '.join(map(shown, odd))} in {path} between "
            "quotation marks."
        )
    unknown = sorted(map(str, set(values) - set(COMMON)))
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
    syncs = [make_sync(name, chosen[name], values, environ) for name in names]
    for sync in syncs:
        sync.destination.written = written_to(sync.destination.name, chosen)
    return syncs


def written_to(destination: str, given: Mapping[str, Any]) -> frozenset[str]:
    """Return the remote fields that any sync to a destination writes, also those not named now."""
    mapped = [
        sync["fields"].values()
        for sync in given.values()
        if isinstance(sync, dict) and isinstance(sync.get("fields"), dict)
        if sync.get("destination") == destination
    ]
    fields = [as_field(entry) for entries in mapped for entry in entries]
    return frozenset(str(entry["to"]) for entry in fields if "to" in entry)


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
    """Return the mapping in a YAML file without passwords; an empty file is an empty mapping."""
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader) or {}
    except yaml.MarkedYAMLError as problem:  # its own text shows the line, with all that is in it
        mark = problem.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ConfigError(f"{path} cannot be read: {where}{problem.problem}.") from None
    except (OSError, ValueError, yaml.YAMLError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else type(problem).__name__
        raise ConfigError(f"{path} cannot be read: {why}.") from None
    for place, text in texts_in(found):
        if has_password(text):
            is_ledger = place.rpartition(".")[2] == "ledger"
            raise ConfigError(PASSWORD if is_ledger else SECRET_IN_FILE.format(place))
    if not isinstance(found, dict) or not isinstance(found.get("syncs", {}), dict):
        raise ConfigError(f"{path} must be a mapping of settings; see sync.example.yml.")
    return found


def texts_in(given: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts among settings, each with its path."""
    if isinstance(given, Mapping):
        for name, value in given.items():
            yield from texts_in(value, f"{place}.{name}".strip("."))
    elif isinstance(given, list):
        for value in given:
            yield from texts_in(value, place)
    elif isinstance(given, str):
        yield place, given


def make_sync(name: str, given: Any, common: Mapping[str, Any], environ: Mapping[str, str]) -> Sync:
    """Return one checked sync."""
    if not isinstance(given, dict):
        raise ConfigError(f"The sync {name} must be a mapping; see sync.example.yml.")
    unknown = sorted(map(str, set(given) - set(OF_A_SYNC)))
    if unknown:
        raise ConfigError(f"The sync {name} does not know {unknown}; it knows {sorted(OF_A_SYNC)}.")
    absent = [need for need in ("destination", "source", "key", "fields") if not given.get(need)]
    if absent:
        raise ConfigError(f"The sync {name} lacks {absent}.")
    if has_password(str(given.get("ledger") or "")):
        raise ConfigError(PASSWORD)
    if not isinstance(given["destination"], str):
        what = shown(given["destination"])
        raise ConfigError(f"syncs.{name}.destination cannot be {what}; choose one of {known()}.")
    destination = make_destination(given["destination"], given.get("options"), environ)
    settings = {**common, **given, "name": name, "destination": destination}
    settings.pop("options", None)
    try:
        sync = Sync(**settings)
    except ValidationError as problem:
        raise ConfigError(told(problem, f"syncs.{name}", given)) from None
    check(sync)
    return replace(sync, forgotten=common_list(sync, str(common.get("ledger") or Sync.ledger)))


def common_list(sync: Sync, ledger: str) -> Path | None:
    """Return the list of the forgotten beside the common ledger, for a sync with one of its own.

    None where the sync's ledger already has a list, and with it a secret, of its own.
    """
    own = forgotten_beside(sync.ledger)
    is_common = sync.ledger == ledger or own.with_suffix(".secret").exists()
    return None if is_common else forgotten_beside(ledger)


def told(problem: ValidationError, place: str, given: Mapping[str, Any]) -> str:
    """Return what is wrong, a line each: the path, the value, and why not or the choices.

    What is not `given` there stands beside `syncs`.
    """
    lines = []
    for error in problem.errors(include_url=False):
        parts = [str(part) for part in error["loc"] if part != "[key]"]
        path = ".".join([place, *parts] if parts[0] in given else parts)
        if error["type"] == "unexpected_keyword_argument":
            choices = [entry.name for entry in fields_of(Field)]
            lines.append(f"{path} is not known; choose of {choices}.")
        elif error["type"] == "missing":
            lines.append(f"{path} is missing.")
        else:
            why = str(error.get("ctx", {}).get("error") or error["msg"])
            lines.append(f"{path} cannot be {shown(error['input'])}: {why}.")
    return "\n".join(lines)


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


def check(sync: Sync) -> None:
    """Raise ConfigError when a sync makes no sense."""
    name, targets = sync.name, list(sync.remote)
    if len(targets) < len(sync.fields):
        raise ConfigError(f"{name}: fields may use a remote field only once.")
    if "set_if_empty" in sync.remote.values() and not sync.destination.can_read:
        raise ConfigError(
            f"{name}: set_if_empty asks what the destination holds, and {sync.destination.name} "
            "cannot be asked. Use never_clear."
        )
    for column, goes in sync.fields.items():
        if not re.fullmatch(sync.destination.field_names, goes.to):
            raise ConfigError(
                f"syncs.{name}.fields.{column}.to cannot be {shown(goes.to)}: "
                f"{sync.destination.name} has no fields of such names."
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
    stays = sorted(name for name in sync.destination.stays if sync.remote.get(name) == "always")
    if stays:
        raise ConfigError(
            f"{name}: {stays} cannot have `policy: always`: they say who it is, so that "
            f"{sync.destination.name} keeps them when somebody leaves. Use never_clear."
        )
    both = sorted(sync.destination.pulled & set(targets))
    if both:  # it would feed itself
        raise ConfigError(
            f"{name}: {both} are read from {sync.destination.name} as facts about people. What is "
            "pulled must not be pushed; give the audience fields names of their own."
        )
    batches = [sync.destination.batch_of("add", total) for total in (1, 2**62)]
    if min(sync.destination.batch_size, sync.destination.quota[0], *batches) < 1:
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
