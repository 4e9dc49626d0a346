"""The raw tables of the last build, and what their YAML says that they must hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.validate.bounds import Limit
from scripts.validate.setup_errors import NoSources, UnknownModel, UnknownSource

HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}


@dataclass(frozen=True)
class Judged:
    """A table or view whose rows are looked at one by one.

    What is `required` may not be empty; of other columns only what they hold is judged. `key`
    names a row; `times` must be readable instants; of `identifiers` at least one must name
    somebody, none means that the key itself does. Rows for which the SQL `set_aside` holds count
    as sound: they were reported as something else.
    """

    relation: str
    required: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    json_columns: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    value_sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    set_aside: str = "false"

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a check of rows reads, in a fixed order."""
        named = (*self.key, *self.times, *self.identifiers, *self.json_columns, *self.value_sets)
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True)
class RawTable:
    """One raw table in the words of its YAML.

    `expected` columns must hold something, though the build can do without. `loaded_at` gives the
    age of the newest row: the first column that has a value. `as_canonical` is the staging view
    to look at where ids, times and people are inside a payload.
    """

    source: str
    table: str
    raw: Judged
    declared: tuple[str, ...]
    expected: tuple[str, ...]
    loaded_at: tuple[str, ...]
    as_canonical: Judged | None
    freshness: Limit | None
    optional: bool
    has_guests: bool
    may_repeat_ids: bool

    @property
    def name(self) -> str:
        """`segment.pages`, as the warehouse calls it under `raw_`."""
        return f"{self.source}.{self.table}"


def raw_tables(manifest: Mapping[str, Any], sources: Sequence[str] | None = None) -> list[RawTable]:
    """The tables of the given sources, or of all that are switched on, by source."""
    project = manifest["metadata"]["project_name"]
    found = [node for node in manifest["sources"].values() if node["package_name"] == project]
    known = sorted({node["source_name"] for node in found})
    if not known:
        raise NoSources
    if unknown := [name for name in sources or () if name not in known]:
        raise UnknownSource(unknown, known)
    chosen = [node for node in found if node["source_name"] in (sources or known)]
    return [
        raw_table(node, manifest) for node in sorted(chosen, key=lambda node: node["source_name"])
    ]


def raw_table(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> RawTable:
    """One source table of the manifest."""
    columns = {name: column["meta"] for name, column in node["columns"].items()}
    types = {
        name: str(column["data_type"] or "").lower() for name, column in node["columns"].items()
    }

    def marked(mark: str) -> tuple[str, ...]:
        return tuple(name for name, meta in columns.items() if meta.get(mark))

    def typed(kind: str) -> tuple[str, ...]:
        return tuple(name for name, found in types.items() if found == kind)

    meta, canonical = node["meta"], node["meta"].get("judged_as")
    return RawTable(
        source=node["source_name"],
        table=node["name"],
        raw=Judged(
            relation=relation_name(node["schema"], node["identifier"]),
            required=marked("required"),
            key=marked("key"),
            times=typed("timestamp"),
            identifiers=marked("identifies"),
            json_columns=typed("json"),
            bodies=marked("body"),
            value_sets={name: tuple(columns[name]["values"]) for name in marked("values")},
        ),
        declared=tuple(columns),
        expected=marked("expected"),
        # A row without a load time is as old as what it tells of.
        loaded_at=(
            *marked("loaded_at"),
            *(name for name in typed("timestamp") if marked("loaded_at")),
        ),
        as_canonical=canonical_view(canonical, node, manifest) if canonical else None,
        freshness=freshness_limit(node.get("freshness") or {}),
        optional=bool(meta.get("optional")),
        has_guests=bool(meta.get("has_guests")),
        may_repeat_ids=bool(meta.get("may_repeat_ids")),
    )


def canonical_view(name: str, node: Mapping[str, Any], manifest: Mapping[str, Any]) -> Judged:
    """A staging model in the canonical shape, which says what a payload means."""
    model = manifest["nodes"].get(f"model.{node['package_name']}.{name}")
    if model is None:
        raise UnknownModel(f"{node['source_name']}.{node['name']}", name)
    return Judged(
        relation=relation_name(model["schema"], model["alias"]),
        required=("event_id", "occurred_at", "loaded_at"),
        key=("event_id",),
        times=("occurred_at", "loaded_at"),
        identifiers=(
            "anonymous_id",
            "device_id",
            "user_id",
            "email",
            "phone",
            "crm_contact_id",
        ),
        set_aside="quarantine_reason is not null",
    )


def relation_name(schema: str, name: str) -> str:
    """A table as SQL names it."""
    return f'"{schema}"."{name}"'


def freshness_limit(freshness: Mapping[str, Any]) -> Limit | None:
    """The ages in hours of dbt's source freshness; None where it says nothing."""
    ages = []
    for name in ("warn_after", "error_after"):
        threshold = freshness.get(name) or {}
        if threshold.get("count") is None:
            return None
        ages.append(float(threshold["count"]) * HOURS[threshold["period"]])
    return Limit(*ages)
