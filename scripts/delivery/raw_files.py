"""Write pulled rows beside the files that dbt reads, as one more Parquet file per table.

Pages go to disk as they come, and what is complete survives a crash: the next pull of the same
account, from the same watermark, goes on after the last complete page.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from scripts.warehouse import literal

from .destination import Destination
from .diff import KEY_SEPARATOR, quoted
from .ledger import Ledger

UNMARKED = "T" + "[0-9]" * 12  # how the instant in a name ends
KEY, HASH, PLACE = "_pulled_key", "_pulled_hash", "_pulled_place"
# Made once: json.dumps makes one for every row.
LINE = json.JSONEncoder(ensure_ascii=False)
FACTS = json.JSONEncoder(sort_keys=True, default=str)


class Pages:
    """The rows of one pull that is under way, in a folder of its own: a file of lines per table.

    `which` says which pull it is; pages of another one are thrown away. `progress` is the
    destination's own account of how far it is.
    """

    def __init__(self, folder: Path, which: Mapping[str, str], destination: Destination) -> None:
        self.folder, self.destination = folder, destination
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.state = folder / "state.json"
        self.sizes: dict[str, int] = {}  # bytes of complete pages
        self.names: dict[str, list[str]] = {}
        self.which = dict(which)
        destination.progress = {}
        try:
            held = json.loads(self.state.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            held = {}
        if held.get("of") == self.which and held.get("progress"):
            self.sizes, self.names = held["sizes"], held["names"]
            destination.progress = held["progress"]
        for path in folder.glob("*.jsonl"):
            with path.open("r+b") as file:
                file.truncate(self.sizes.get(path.stem, 0))

    def add(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Append a page; it is complete with the next `keep`."""
        known = set(self.names.get(table, []))
        lines = []
        # A line is longer than a byte, so that these numbers only grow.
        for place, row in enumerate(rows, start=self.sizes.get(table, 0)):
            if not row.keys() <= known:
                known |= row.keys()
            key, row_hash = fingerprint(type(self.destination), table, row)
            texts = {
                name: value if type(value) is str or value is None else as_text(value)
                for name, value in row.items()
            }
            texts[PLACE], texts[KEY], texts[HASH] = place, key, row_hash
            lines.append(LINE.encode(texts))
        self.names[table] = sorted(known)
        path = self.path(table)
        with path.open("ab") as file:
            file.write("".join(f"{line}\n" for line in lines).encode())
            self.sizes[table] = file.tell()

    def keep(self) -> None:
        """Remember how far the destination is, with the pages that belong to it."""
        state = {"of": self.which, "sizes": self.sizes, "names": self.names}
        draft = self.state.with_suffix(".part")
        draft.write_text(json.dumps({**state, "progress": self.destination.progress}))
        draft.replace(self.state)

    def path(self, table: str) -> Path:
        """Where the pages of a table are."""
        return self.folder / f"{table}.jsonl"

    def write(
        self, ledger: Ledger, source: str, table: str, folder: Path, *, at: datetime, full: bool
    ) -> int:
        """Write the news of a table to a new file, remember what they say, return their number.

        Staging casts raw columns itself, so text fits beside whatever types a connector has chosen.
        The file appears whole or not at all. Rows that say what they said when they were pulled
        last are left out, unless `full`: our own pushes change when a record was modified and
        nothing that is read, and would only make old facts look confirmed.
        """
        columns = {PLACE: "BIGINT"} | dict.fromkeys((KEY, HASH, *self.names[table]), "VARCHAR")
        ledger.run(
            "create or replace temp table lines as"
            f" from read_json(?, format = 'newline_delimited', columns = {columns})",
            [str(self.path(table))],
        )
        ledger.run(
            f"""
            create or replace temp table news as
            select {PLACE}, {KEY}, {HASH}
            from (
                select {PLACE}, {KEY}, {HASH}, coalesce(
                    lag({HASH}) over (partition by {KEY} order by {PLACE}), known.row_hash
                ) as before
                from lines
                left join (
                    select record_id, row_hash from {{t}}.pulled
                    where source = ? and table_name = ?
                ) as known on known.record_id = {KEY}
            ) as compared
            where {str(full).lower()} or before is distinct from {HASH}
            """,
            [source, table],
        )
        count = ledger.value("select count(*) from news")
        if count:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"pulled-{at:%Y%m%dT%H%M%S%f}-{mark_of(source)}.parquet"
            draft = path.with_suffix(".part")
            names = ", ".join(map(quoted, self.names[table]))
            ledger.run(
                f"copy (select {names} from lines semi join news using ({PLACE}))"
                f" to {literal(draft)} (format parquet)"
            )
            draft.replace(path)
            self.remember(ledger, source, table)
        ledger.run("drop table news; drop table lines")
        return count

    def remember(self, ledger: Ledger, source: str, table: str) -> None:
        """Keep the fingerprints of rows that are in a file now."""
        ledger.run(
            f"delete from {{t}}.pulled where source = ? and table_name = ?"
            f" and record_id in (select {KEY} from news)",
            [source, table],
        )
        ledger.run(
            f"insert into {{t}}.pulled select ?, ?, {KEY}, arg_max({HASH}, {PLACE}) from news"
            f" group by {KEY}",
            [source, table],
        )

    def clear(self) -> None:
        """Delete the pages: all of them are in files."""
        self.state.unlink(missing_ok=True)
        for path in self.folder.glob("*.jsonl"):
            path.unlink()
        self.folder.rmdir()


def set_aside(ledger: Ledger, folder: Path, source: str) -> None:
    """Have dbt read, of one place, the files of one account alone: those of `source`.

    Files of the accounts before go beside, and come back with them. A second place that a sync.yml
    reads into the same folder keeps its own. A name tells whose a file is; older files without one
    are those of the account that was read last, when this one never was and there was no other
    place.
    """
    read = ledger.run(
        "select source from {t}.watermark where split_part(source, ':', 1) = split_part(?, ':', 1)"
        " group by source order by max(pulled_at)",
        [source],
    ).fetchall()
    place = source.partition("@")[0]
    others = [name for (name,) in read if name.partition("@")[0] == place and name != source]
    for other in others:
        move(folder, beside(folder, other), mark_of(other))
    if others and len(others) == len(read):
        move(folder, beside(folder, others[-1]), UNMARKED)
    move(beside(folder, source), folder, "")


def beside(folder: Path, source: str) -> Path:
    """Return where the files of an account are while another one is read."""
    return folder.parent / ".aside" / folder.name / mark_of(source)


def mark_of(source: str) -> str:
    """Return what the names of an account's files end with."""
    return hashlib.md5(source.encode()).hexdigest()[:12]


def move(old: Path, new: Path, ending: str) -> None:
    """Move the pulled files of all tables whose names end so; what a loader brought stays."""
    for path in sorted(old.glob(f"*/pulled-*{ending}.parquet")):
        target = new / path.relative_to(old)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


def fingerprint(destination: type[Destination], table: str, row: dict[str, Any]) -> tuple[str, str]:
    """Return what identifies a pulled row, and the hash of what it says."""
    facts = {name: value for name, value in row.items() if name not in destination.volatile_columns}
    text = FACTS.encode(facts)
    names = destination.row_keys.get(table, ("id",))
    return (
        KEY_SEPARATOR.join(str(row[name]) for name in names),
        hashlib.md5(text.encode()).hexdigest(),
    )


def as_text(value: Any) -> str | None:
    """Return a raw value as text: booleans lower case, lists and objects as JSON."""
    if value is None or isinstance(value, str):
        return value
    return (
        str(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else (json.dumps(value, default=str))
    )
