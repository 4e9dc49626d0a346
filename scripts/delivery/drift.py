"""Read back what was delivered: tell what people or other tools changed, and send it again."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scripts.errors import PersonNeeded

from .config import Sync
from .destination import Record, Refused, Stop, Transient
from .diff import (
    attached_warehouse,
    columns_of,
    key_of,
    masked,
    quoted,
    read_source,
    rows_meant,
)
from .errors import ConfigError, SyncError
from .ledger import AGAIN, Ledger
from .transport import Transport, patient

SHOWN = 20  # records that a report names


@dataclass
class Drift:
    """What is not there as it was delivered.

    `looked_at` counts records, `gone` those that are not there any more, `fields` records by
    field; `records` are (masked key, what is not as delivered) of at most 20 of them.
    """

    sync: str
    looked_at: int = 0
    gone: int = 0
    changed: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    records: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_none(self) -> bool:
        """Whether everything is as delivered."""
        return not self.gone and not self.changed


def find_drift(ledger: Ledger, sync: Sync, *, sample: int | None = None) -> Drift:
    """Read delivered records back, `sample` of them or all; changes nothing.

    Only fields whose present value in the warehouse is the delivered one are compared: what the
    next push changes anyway is no drift. Raises ConfigError where nothing can be read back, and a
    SyncError when the destination does not answer.
    """
    destination = sync.destination
    if not destination.can_read:
        raise ConfigError(f"{destination.name} cannot be asked what it holds.")
    with attached_warehouse(ledger, sync):
        read_source(ledger, sync)
    found = Drift(sync.name)
    cursor = ledger.run(delivered_values(sync, sample))
    with Transport(destination, timeout_seconds=sync.timeout_seconds) as transport:
        call = patient(sync, transport)
        while rows := cursor.fetchmany(destination.batch_size):
            records = [Record(key, remote, {}, json.loads(values)) for key, remote, values in rows]
            try:
                held = destination.read(call, records, list(sync.remote))
            except (Transient, Refused, Stop) as problem:
                raise SyncError(f"{destination.name} could not be read ({problem}).") from None
            for record in records:
                note(found, record, held.get(record.key))
    return found


def delivered_values(sync: Sync, sample: int | None) -> str:
    """Return SQL for key, remote id and the values that were delivered and still hold."""
    parts = []
    for name in sync.remote:
        value = f"wanted.{quoted(name)}"
        kept = f"json_extract_string(delivered.field_hashes, '$.\"{name}\"')"
        text = f"cast({value} as varchar)"
        parts.append(
            f"case when {kept} in (substr(md5({text}), 1, 16), {text})"
            f" then json_object('{name}', {value}) else '{{}}' end"
        )
    merged = parts[0]
    for part in parts[1:]:
        merged = f"json_merge_patch({merged}, {part})"
    most = f"using sample reservoir({int(sample)} rows)" if sample else ""
    return f"""
        select record_key, remote_id, cast(kept as varchar) from (
            select delivered.record_key, delivered.remote_id, {merged} as kept
            from (select * from {{t}}.delivered where sync = {{sync}}) as delivered
            inner join wanted on wanted.record_key = delivered.record_key
        ) {most}
    """


def note(found: Drift, record: Record, held: dict[str, Any] | None) -> None:
    """Add what became of one record."""
    found.looked_at += 1
    if held is None:
        found.gone += 1
        what = "is not there any more"
    else:
        other = sorted(
            name for name, value in record.whole.items() if plain(held.get(name)) != plain(value)
        )
        if not other:
            return
        found.changed += 1
        for name in other:
            found.fields[name] = found.fields.get(name, 0) + 1
        what = f"differs in {', '.join(other)}"
    if len(found.records) < SHOWN:
        found.records.append((masked(record.key), what))


def plain(value: Any) -> Any:
    """Return a value in the form in which what is equal is equal, whatever a vendor makes of it.

    `10`, `"10"` and `10.0` are one number, `true` is `"True"`, an instant is UTC, and of several
    values joined by `;` the order says nothing.
    """
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, list):
        return sorted(str(part) for part in value)
    text = str(value).strip()
    try:
        return float(text)
    except ValueError:
        pass
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=instant.tzinfo or UTC).timestamp()
    except ValueError:
        pass
    if text.lower() in ("true", "false"):
        return text.lower()
    parts = sorted(part.strip() for part in text.split(";"))
    return parts if len(parts) > 1 else text


def mark_again(ledger: Ledger, sync: Sync, names: list[str] | None) -> int:
    """Have records go out whole with the next push; returns how many. None means all.

    What the ledger knows stays: remote ids, and which values were there. A name is a record key,
    an address in it, or a profile id of the source.
    """
    ledger.run("set variable names = ?::varchar[]", [names or []])
    keys = keys_of_profiles(ledger, sync) if names else []
    ledger.run("set variable keys = ?::varchar[]", [keys])
    meant = "sync = {sync}"
    if names is not None:
        meant += """ and (list_contains(getvariable('keys'), record_key) or list_has_any(
            list_append(
                list_transform(string_split(record_key, '|'), lambda part: id_of(part_out(part))),
                id_of(record_key)
            ),
            (select list(id_of(name)) from (select unnest(getvariable('names')) as name))
        ))"""
    count = ledger.value(f"select count(*) from {{t}}.delivered where {meant}")
    ledger.run(f"update {{t}}.delivered set payload_hash = ? where {meant}", [AGAIN])
    return count


def keys_of_profiles(ledger: Ledger, sync: Sync) -> list[str]:
    """Return the record keys of the profiles in `names`; none where the source has no profiles."""
    try:
        with attached_warehouse(ledger, sync):
            if "profile_id" not in columns_of(ledger, sync.source):
                return []
            found = ledger.run(
                f"select distinct {key_of(sync)} from {rows_meant(sync)} as source"
                " where list_contains(getvariable('names'), cast(source.profile_id as varchar))"
            ).fetchall()
    except PersonNeeded:  # no warehouse: keys and addresses are known without it
        return []
    return [key for (key,) in found if key is not None]
