"""What a destination plug-in is: its limits, how it sends, and the signals it gives back."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

import httpx
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from .errors import ConfigError, shown

# Removes go out first: who must not be contacted leaves before anything else happens.
OPERATIONS = ("remove", "update", "add")

# update_only never creates a record.
MODES = ("upsert", "update_only")


def no_boolean(given: Any) -> Any:
    """Return what is to be a number: a yes is none, though Python takes it for 1."""
    if isinstance(given, bool):
        raise ValueError("it is yes or no, and not a number")
    return given


NO_BOOLEAN = BeforeValidator(no_boolean)

# Why a person whom no address and no id names can neither be removed nor erased.
NAMELESS = "no address is known to look the person up by; take ours off by hand"

Value = str | int | float | bool | list[Any] | None


@dataclass(frozen=True)
class Record:
    """One record to send, by remote field name.

    `values` are what to send now: an add carries everything that is not null, an update only what
    changed, a remove None for each field that is to be emptied. None empties a field. `whole` is
    everything we own of the record, for one that has to be created anew; in a remove without a
    `remote_id` what was sent last without an answer, to know by it who is meant. `remote_id` is
    what the destination answered the last time, None when that is unknown. `turn` is the number of
    the batch that was answered last for this key, where the destination `counts_turns`: it is the
    same for what is sent again without an answer, and another for who comes back. Instants are text
    in UTC, `2026-06-30T00:00:00.000Z`; dates are `2026-06-30`; numbers and booleans are themselves.
    """

    key: str
    remote_id: str | None
    values: dict[str, Value]
    whole: dict[str, Value]
    turn: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of one record; the reason is safe to store and print.

    `state` is `delivered`, `refused` (for good), `absent` when the record is not there and must not
    be created, `noted` when there is nothing to tell the destination and nothing was sent, or
    `open` when the destination did not say.
    `remote_id` is kept and comes back in the next Record of this key: an id, or whatever a later
    remove needs (a hashed address). None keeps the one known before.
    """

    key: str
    state: str
    remote_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that `doctor` looked at; `detail` says what to do when it is not fine."""

    name: str
    is_fine: bool
    detail: str = ""


class Transient(Exception):
    """Try the same request again; `wait` is the pause in seconds that everyone has to keep."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class NoAnswer(Transient):
    """The request may or may not have arrived: the connection was lost on the way."""


class Refused(Exception):
    """The request was refused as a whole, because of one of its records."""


class Stop(Exception):
    """Nothing more can be sent in this run; what is open stays open for the next one."""


# call(method, path_or_address, *, json=None, content=None, params=None, headers=None): one request
# within the quota. Raises Transient when there was no answer.
Call = Callable[..., httpx.Response]


def url(template: str, *ids: object) -> str:
    """Return an address in which each `{}` holds an id, quoted so that it is one part of a path.

    Raises Refused for an id that no path can hold.
    """
    texts = [str(value) for value in ids]
    if {"", ".", ".."} & set(texts):
        raise Refused("an id that no address can hold")
    return template.format(*(quote(text, safe="") for text in texts))


def key_parts(key: str) -> tuple[str, str]:
    """Return the last column of a record key, and what stands before it, empty where nothing does.

    Both as the source has them: in a key of several columns a bar that is theirs is `\\1`, and a
    backslash `\\0`.
    """
    before, _, last = key.rpartition("|")
    if not before:
        return last, before
    plain = [part.replace("\\1", "|").replace("\\0", "\\") for part in (last, before)]
    return plain[0], plain[1]


class Destination:
    """Base of the plug-ins: one sets the attributes it needs and writes `send`.

    A plug-in is one file: in `destinations/`, or in any installed package that names its class
    under the entry points `audience_engine.destinations`. What a class says it can do it has to do:
    one that says so without the method is an error when it is defined.
    """

    name: ClassVar[str]
    address: ClassVar[str] = ""  # default of the variable <NAME>_BASE_URL
    secrets: ClassVar[Mapping[str, str]] = {}  # environment variable → what it has to be
    options: ClassVar[Mapping[str, Any]] = {}  # what `options:` in sync.yml may set → default
    needs: ClassVar[frozenset[str]] = frozenset()  # remote fields without which nothing can be sent
    # A remove does something although no field may be emptied: it ends what one of these fields
    # names (a list, an audience), or `tells_removes`, because it is passed on as it is.
    memberships: frozenset[str] = frozenset()
    tells_removes: ClassVar[bool] = False
    # Of these a remove empties none: they say who it is. So none of them may have `policy: always`.
    stays: frozenset[str] = frozenset()
    # What the name of a field may be, a regular expression.
    field_names: ClassVar[str] = r"[A-Za-z0-9_$][\w.$-]*"
    # Fields that only the person or the vendor may decide, such as the subscription status.
    forbidden: ClassVar[frozenset[str]] = frozenset()
    # What a run does, in this order; the next begins when the one before has ended. `leave` is the
    # first half of an update: what the record was known by goes before anybody comes in its place.
    phases: ClassVar[tuple[str, ...]] = OPERATIONS
    # SQL that makes of a `remote_id` the list of what it names there: who shares one of these with
    # a record that leaves or changes is sent again after it.
    identities: str = "[remote_id]"
    # Remote field → SQL of the id that its value means in the options, null for a value that means
    # none; and SQL that makes of a `remote_id` the one that it went to. Who is elsewhere moves.
    places: Mapping[str, str] = {}
    went_to: str = "null"
    takes_arrays: ClassVar[bool] = False  # else a list is sent as text with semicolons
    is_idempotent: ClassVar[bool] = True  # False: without an answer a person decides, not a retry
    counts_turns: ClassVar[bool] = False  # each Record has its `turn`
    can_read: ClassVar[bool] = False  # `read` exists, so that set_if_empty can be honored
    can_match: ClassVar[bool] = False  # `match` and `count` exist: people are there before we come
    # What `doctor` would have to post to know that it may write; only with `--probe`.
    probe: ClassVar[str] = ""
    may_probe: bool = False
    unasked: str = ""  # why a destination that holds people cannot be asked which, for `plan`
    look_at_most: ClassVar[int] = 10_000  # people that a plan asks for, where that is slow
    takes_over: ClassVar[bool] = False  # what is sent by key reaches the record that has it already
    record_id: ClassVar[str] = (
        ""  # the remote field that names a record by its own id; never written
    )
    can_pull: ClassVar[bool] = False
    # Of pulled rows: the columns that name one, by table (else `id`), and those that say nothing.
    row_keys: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    volatile_columns: ClassVar[frozenset[str]] = frozenset()
    # What is pushed where there is no sync.yml; only for the destination that is then used.
    default_sync: ClassVar[Mapping[str, Any]] = {}
    raw_folder: ClassVar[str] = ""  # of what is pulled, among dbt's raw files; default: the name
    max_workers: int = 8  # requests at the same time, at most
    batch_size: int = 100
    quota: tuple[int, float] = (100, 10.0)  # requests per seconds

    def __init_subclass__(cls, **more: Any) -> None:
        """Check what the class claims; raises TypeError."""
        super().__init_subclass__(**more)
        claims = {"can_read": ["read"], "can_match": ["match", "count"], "can_pull": ["pull"]}
        lacking = [
            method
            for claim, methods in claims.items()
            if getattr(cls, claim) is True
            for method in methods
            if getattr(cls, method) is getattr(Destination, method)
        ]
        if hasattr(cls, "name") and cls.send is Destination.send:
            lacking.append("send")
        if lacking:
            raise TypeError(f"{cls.__name__} lacks {', '.join(lacking)}.")

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the options and the environment; raises ConfigError for an option not known."""
        unknown = sorted(map(str, set(options) - set(self.options)))
        if unknown:
            raise ConfigError(
                f"{self.name} does not know the options {unknown}; it knows {sorted(self.options)}."
            )
        self.option: dict[str, Any] = {
            name: self._typed(name, options.get(name, default))
            for name, default in self.options.items()
        }
        if self.option.get("mode", MODES[0]) not in MODES:
            raise ConfigError(f"The option mode of {self.name} is one of {MODES}.")
        self.secret = {name: environ.get(name, "").strip() for name in self.secrets}
        # How far a pull is, as JSON can hold it; set again before the next pull of the same start.
        self.progress: dict[str, Any] = {}
        # What a pull could not read, and why: it went on without.
        self.left_out: dict[str, str] = {}
        # What the syncs to this destination write, so that a pull need not read it back.
        self.written: frozenset[str] = frozenset()
        variable = f"{self.name.upper()}_BASE_URL"
        self.base_url = (environ.get(variable) or self.address).rstrip("/")

    def _typed(self, name: str, value: Any) -> Any:
        kind = type(self.options[name])
        if kind in (int, float):
            kind = Annotated[kind, NO_BOOLEAN, Field(ge=0, allow_inf_nan=False)]
        if kind is str and not isinstance(value, bool | list | dict | None):
            return str(value)  # an id of digits, or a day, as YAML reads it
        try:
            return TypeAdapter(kind).validate_python(value)
        except ValidationError as problem:
            why = problem.errors(include_url=False, include_input=False)[0]["msg"]
            raise ConfigError(
                f"The option {name} of {self.name} cannot be {shown(value)}: {why}."
            ) from None

    @property
    def account(self) -> str:
        """What tells two accounts apart: the ledger never takes one's records for the other's."""
        return str(self.option.get("account") or "") or httpx.URL(self.base_url).host

    def whose(self, call: Call) -> str:
        """Return which account the credentials open, in words that a person recognises.

        What went to one account is never taken for delivered to another. Changes nothing there.
        Here, for vendors who do not say it: the address and a fingerprint of the credentials, so
        that a renewed key counts as another account until a person says that it is the same.
        """
        return " ".join(filter(None, [self.account, fingerprint(*self.secret.values())]))

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request; read anew for each, so that a token can be renewed."""
        return {}

    @property
    def pulled(self) -> frozenset[str]:
        """Remote fields that `pull` reads: what is pulled must not be pushed."""
        return frozenset()

    def is_forbidden(self, field: str) -> bool:
        """Return whether a remote field says if a person wants to be contacted."""
        barred = {name.lower() for name in self.forbidden}
        return field.lower() in barred or field.lower().split(".")[0] in barred

    @property
    def has_secrets(self) -> bool:
        """Whether everything is there that a request needs."""
        return all(self.secret.values())

    def check(self) -> None:
        """Raise ConfigError when a secret, or an option that must be set, is missing."""
        missing = [
            f"{name} ({self.secrets[name]})" for name in self.secrets if not self.secret[name]
        ]
        if missing:
            raise ConfigError(f"Set in the environment for {self.name}: {', '.join(missing)}.")

    def check_mapped(self, fields: Collection[str]) -> None:
        """Raise ConfigError when what is mapped does not go with the options."""

    @property
    def membership_fields(self) -> frozenset[str]:
        """Fields of which another value makes another membership: the one before has to end."""
        return self.memberships

    def touched(self, record: Record) -> set[str]:
        """Return what a record names at the destination: two that share it go one by one."""
        return {record.remote_id or record.key}

    def batch_of(self, operation: str, total: int) -> int:
        """Return how many records one batch takes when `total` are to be sent."""
        return self.batch_size

    def begin(self, sync: str, run_id: int) -> None:
        """Learn that a run begins: the name of the sync, and the number of the run."""

    def end(self) -> None:
        """Learn that nothing more comes in this run."""

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Send one batch of one operation; returns one outcome per record, in any order.

        Raises Transient, Refused or Stop, or a SyncError that ends the run. Sending the same
        batch twice must leave the destination as sending it once did.
        """
        raise NotImplementedError

    def match(self, call: Call, records: Sequence[Record]) -> dict[str, list[str]]:
        """Return the ids of the records that are there already, by key; nothing is written.

        They are looked for by the strongest key there is: the record's own id, the external id,
        the address. Several ids mean that nobody can tell which one is meant.
        """
        raise NotImplementedError

    def count(self, call: Call) -> int:
        """Return how many records the account holds, or at least holds."""
        raise NotImplementedError

    @property
    def creates(self) -> bool:
        """Whether records that are not there are created."""
        return self.option.get("mode") != "update_only"

    def adopt(
        self, call: Call, operation: str, records: Sequence[Record]
    ) -> tuple[list[Record], list[Outcome]]:
        """Return the records to send, with the ids of those that are there already, and the rest.

        The rest is refused because several are there, or absent because none may be created. Every
        batch passes here, so no plug-in can be made to write what only a person may decide.
        """
        names = {name for record in records for name in (*record.values, *record.whole)}
        if denied := sorted(name for name in names if self.is_forbidden(name)):
            raise ConfigError(
                f"{denied} are the person's to decide, and {self.name}'s: unmap them."
            )
        strangers = [
            record
            for record in records
            if not record.remote_id
            and (not self.creates or not self.takes_over or record.values.get(self.record_id))
        ]
        if operation == "remove" or not self.can_match or not strangers:
            return list(records), []
        found, unknown = self.match(call, strangers), {record.key for record in strangers}
        ready, settled = [], []
        for record in records:
            ids = found.get(record.key, [])
            if len(ids) > 1:
                reason = f"{len(ids)} records there could be meant; merge them or map {self.by_id}"
                settled.append(Outcome(record.key, "refused", None, reason))
            elif record.key in unknown and not ids and not self.creates:
                settled.append(Outcome(record.key, "absent"))
            else:
                ready.append(replace(record, remote_id=ids[0]) if ids else record)
        return ready, settled

    @property
    def by_id(self) -> str:
        """How a person can say which record is meant."""
        return self.record_id or "an external id"

    def read(
        self, call: Call, records: Sequence[Record], names: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Return what the destination holds in these fields, by key, without unknown records."""
        raise NotImplementedError

    def ids_of(self, call: Call, key: str, remote_id: str | None) -> list[str]:
        """Return the known id of a person, else those that `match` finds by the key."""
        if remote_id:
            return [remote_id]
        return self.match(call, [Record(key, None, {}, {})]).get(key, [])

    def checked(self, response: httpx.Response) -> Any:
        """Return the body of a good answer; raise the signal that fits any other.

        Transient knows how long the vendor wants to be left alone, whether a header or the body
        says so: that is how whoever only asks waits as well.
        """
        from .transport import judge

        return judge(response, who=self.name, rights="Check the credentials.")

    def busy(self, response: httpx.Response) -> Transient | None:
        """Return the signal when an answer below 400 asks to come again, as some vendors do."""
        return None

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Ask the destination to erase a person; False when it has no way to."""
        return False

    def erase_sent(self, call: Call, record: Record) -> bool:
        """Erase whom a request without an answer may have made, by what was sent (`whole`).

        See `erase`; here whoever `match` finds by it, else whoever has the key.
        """
        found = self.match(call, [record]).get(record.key, []) if self.can_match else []
        erased = [self.erase(call, record.key, remote_id) for remote_id in found or [None]]
        return all(erased)

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Yield findings about the token, its rights and the mapped fields.

        `fields` gives the kind of each remote field: text, number, boolean, instant or date.
        With `create`, a missing one is created where the destination allows it.
        """
        return iter(())

    def pull(
        self, call: Call, since: datetime | None
    ) -> Iterator[tuple[str, list[dict[str, Any]], datetime]]:
        """Yield (table, raw rows, watermark) of what changed since an instant, naive UTC.

        A page is safe when the next one is asked for. A plug-in that keeps in `progress` what the
        pages before hold goes on there after a crash; one that leaves it empty begins anew.
        """
        raise ConfigError(f"Nothing can be pulled from {self.name}.")


def fingerprint(*secrets: str) -> str:
    """Return eight signs that tell secrets apart and do not give them away; empty for none."""
    text = "\n".join(secrets).strip()
    return f"key {hashlib.sha256(text.encode()).hexdigest()[:8]}" if text else ""
