"""What the ad platforms have in common: a record is one person in one audience, known by hashes.

A platform forgets what it was sent, so the hashes are kept as `remote_id`: a remove, or a changed
address, takes out exactly what went in. Two records of one audience that share an address are one
person for the platform: when one of them leaves, the engine sends the other again.
"""

import json
import re
from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from scripts.warehouse import literal

from ..destination import (
    Call,
    Destination,
    Finding,
    NoAnswer,
    Outcome,
    Record,
    Refused,
    Stop,
    Value,
)
from ..errors import AuthError, ConfigError, redact

Row = dict[str, str]  # identifier → its hash, and `audience` → the id of the audience
Person = tuple[str, Row]  # the key of a record, and what it is known by
REQUEST = "request"  # in a row: the platform's number of the request that carried it, for support


# The audience that a row went to, and the one that a value of now means, as SQL.
WENT_TO = "json_extract_string(case when json_valid(remote_id) then remote_id end, '$.audience')"
GOES_TO = """regexp_extract(
    coalesce(map([NAMES]::varchar[], [IDS]::varchar[])[cast(audience as varchar)],
        cast(audience as varchar)),
    '^[0-9]+$')"""

# What a row that was sent names there, as SQL; STRONG stands for the names of the identifiers.
IDENTITIES = """list_filter(
    list_transform(
        [STRONG],
        lambda name: json_extract_string(row, '$.audience') || ' ' || name || ' '
            || json_extract_string(row, '$.' || name)
    ),
    lambda identity: identity is not null
)""".replace("row,", "case when json_valid(remote_id) then remote_id end,")


class Unsaid(str):
    """Why nobody knows what became of one person: it stays open, and the others go on."""


class AudienceDestination(Destination):
    """Base of the ad platforms; they set `made_of` and `strong` and write the abstract part."""

    needs = frozenset({"audience"})
    memberships = needs
    made_of: ClassVar[Mapping[str, Sequence[str]]] = {}  # identifier → our fields it is made of
    strong: ClassVar[frozenset[str]] = frozenset()  # identifiers that find a person on their own

    phases = ("remove", "leave", "update", "add")
    went_to = WENT_TO

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        super().__init__(options, environ)
        names = ", ".join(f"'{name}'" for name in sorted(self.strong))
        self.identities = IDENTITIES.replace("STRONG", names)
        if not isinstance(self.option["audiences"], Mapping):
            raise ConfigError(f"The option audiences of {self.name} maps names to audience ids.")
        ids = {str(name): str(o or "") for name, o in self.option["audiences"].items()}
        if both := sorted(name for name in ids if name in {o for n, o in ids.items() if n != name}):
            raise ConfigError(f"{both} in the option audiences are names and ids: rename them.")
        meant = GOES_TO.replace("NAMES", listed(ids)).replace("IDS", listed(ids.values()))
        self.places = {"audience": f"nullif({meant}, '')"}

    @abstractmethod
    def identify(self, values: Mapping[str, Value]) -> Row:
        """Return the identifiers of a person, hashed, without the empty ones."""

    @abstractmethod
    def upload(
        self, call: Call, audience: str, people: Sequence[Person], *, remove: bool
    ) -> dict[str, str]:
        """Put people in an audience, or take them out; returns reasons by key of refused ones.

        An `Unsaid` reason leaves that one open.
        """

    @abstractmethod
    def look_up(self, call: Call, audience: str) -> str:
        """Return what is wrong with an audience, empty when it can be used."""

    @abstractmethod
    def find(self, call: Call, name: str, *, create: bool) -> str:
        """Return the id of the audience of this name, empty when there is none."""

    @property
    def membership_fields(self) -> frozenset[str]:
        """All of them: each is part of what a person is known by."""
        return frozenset(self.known)

    def touched(self, record: Record) -> set[str]:
        """Return the identifiers of a record, as it was sent and as it will be."""
        rows = [sent(record.remote_id)]
        if record.whole and self.audience_id(record.whole):
            rows.append(self.row(record.whole))
        return {name for row in rows for name in self.strong_names(row)} or {record.key}

    def strong_names(self, row: Row) -> set[str]:
        """Return what finds a person of an audience on its own."""
        return {f"{row['audience']} {key} {row[key]}" for key in self.strong & set(row)}

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Take out what is no longer true, or put in what is; see `Destination.send`.

        An update comes twice: as `leave` it takes out what changed, as `update` it puts in what is.
        """
        outcomes: dict[str, Outcome] = {}
        rows: dict[str, Row] = {}
        people: list[Person] = []
        is_leaving = operation in ("remove", "leave")
        for record in records:
            old, new = sent(record.remote_id), {}
            try:
                if operation != "remove":
                    new = self.kept(old, record) | self.row(record.whole)
                elif not old and record.whole:
                    old = self.row(record.whole)
            except Refused as problem:
                outcomes[record.key] = Outcome(record.key, "refused", reason=str(problem))
                continue
            if len(old) < 2 and len(new) < 2:
                reason = "nothing to match on" if new else "what was sent is not known"
                outcomes[record.key] = Outcome(record.key, "refused", reason=reason)
                continue
            people.append((record.key, self.gone(old, new) if is_leaving else new))
            rows[record.key] = new
        for audience, group in grouped(people).items():
            for key, reason in self.upload(call, audience, group, remove=is_leaving).items():
                state = "open" if isinstance(reason, Unsaid) else "refused"
                outcomes[key] = Outcome(key, state, reason=reason)
        for key, row in rows.items():
            kept = json.dumps(row, separators=(",", ":")) if row else None
            outcomes.setdefault(key, Outcome(key, "delivered", kept))
        return list(outcomes.values())

    def row(self, values: Mapping[str, Value]) -> Row:
        """Return what the platform is told about a person; raises Refused without an audience."""
        unknown = self.unknown(values)
        if unknown:
            raise ConfigError(f"{self.name} has no fields {unknown}, only {self.known}.")
        audience = self.audience_id(values)
        if not audience:
            name = values.get("audience")
            text = f"no audience {name!r} in the option audiences" if name else "it has no audience"
            raise Refused(redact(text))
        return {"audience": audience, **self.identify(values)}

    def audience_id(self, values: Mapping[str, Value]) -> str:
        """Return the id of the audience of a person, empty when none is known."""
        name = str(values.get("audience") or "")
        audience = str(self.option["audiences"].get(name, name) or "")
        return audience if re.fullmatch(r"\d+", audience) else ""

    def check_mapped(self, fields: Collection[str]) -> None:
        """Raise ConfigError for a field that the platform has not, or when none says who it is."""
        if unknown := self.unknown(dict.fromkeys(fields)):
            raise ConfigError(f"{self.name} has no fields {unknown}, only {self.known}.")
        if not set(fields) - {"audience"}:
            raise ConfigError(f"{self.name} needs a column that says who it is: {self.known[1:]}.")

    def kept(self, old: Row, record: Record) -> Row:
        """Return the identifiers that no changed field touches: a null need not mean to empty."""
        return {
            key: value
            for key, value in old.items()
            if key in self.made_of and not set(self.made_of[key]) & set(record.values)
        }

    @property
    def known(self) -> list[str]:
        """The remote fields that can be mapped."""
        return [
            "audience",
            *dict.fromkeys(name for parts in self.made_of.values() for name in parts),
        ]

    def unknown(self, names: Mapping[str, object]) -> list[str]:
        """Return the names that are no fields of this platform."""
        return sorted(set(names) - set(self.known))

    def gone(self, old: Row, new: Row) -> Row:
        """Return the part of an old row that has to leave: all of it, or what changed."""
        if old == new or len(old) < 2:
            return {}
        if old["audience"] != new.get("audience") or not self.strong & set(old):
            return old
        lost = {key: old[key] for key in self.strong & set(old) if old[key] != new.get(key)}
        return {"audience": old["audience"], **lost} if lost else {}

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Take a person out of the audience; the platform holds nothing else of theirs from us."""
        row = sent(remote_id)
        if len(row) < 2:
            return False
        reasons = self.upload(call, row["audience"], [(key, row)], remove=True)
        if isinstance(reason := reasons.get(key), Unsaid):
            raise NoAnswer(reason)
        return not reasons

    def erase_sent(self, call: Call, record: Record) -> bool:
        """Take out the identifiers that were sent."""
        return self.erase(call, record.key, json.dumps(self.row(record.whole)))

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Yield findings about the mapped fields and each audience that the options name."""
        unknown = self.unknown(fields)
        fine = "audience" in fields and len(fields) > 1 and not unknown
        yield Finding("fields", fine, "" if fine else f"Map audience and some of {self.known}.")
        if not self.option["audiences"]:
            yield Finding("audiences", False, "Name one in the option audiences to have it tried.")
        for name, audience in self.option["audiences"].items():
            title = f"audience {name}"
            try:
                if audience:
                    problem = self.look_up(call, str(audience))
                elif found := self.find(call, str(name), create=create):
                    problem = f"Set its id in the option audiences: {found}."
                else:
                    problem = "It does not exist."
            except (AuthError, ConfigError, Refused, Stop) as raised:
                problem = str(raised)
            yield Finding(title, not problem, problem)


def listed(texts: Iterable[str]) -> str:
    """Return texts as SQL writes them in a list."""
    return ", ".join(map(literal, texts))


def sent(remote_id: str | None) -> Row:
    """Return what was sent the last time; empty when that is not known."""
    try:
        row = json.loads(remote_id or "{}")
    except ValueError:
        return {}
    known = isinstance(row, dict) and row.get("audience")
    return {key: value for key, value in row.items() if key != REQUEST} if known else {}


def grouped(people: Sequence[Person]) -> dict[str, list[Person]]:
    """Return people by audience, without those that nothing identifies."""
    groups: dict[str, list[Person]] = {}
    for key, row in people:
        if len(row) > 1:
            groups.setdefault(row["audience"], []).append((key, row))
    return groups
