"""Propose links between profiles that are probably one person's, for somebody to review."""

import csv
import importlib.util
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from scripts.dbt_runner import PROJECT
from scripts.errors import PersonNeeded
from scripts.warehouse import Place, open_warehouse

PROPOSALS = PROJECT / "seeds" / "identity_proposals.csv"
COLUMNS = (
    "identifier_type_a",
    "identifier_value_a",
    "identifier_type_b",
    "identifier_value_b",
    "match_probability",
    "proposed_at",
    "verdict",
    "decided_at",
)
TABLES = ("marts.profiles", "marts.profile_identifiers", "seeds.identity_overrides")
SEED = 7
SAMPLED_PAIRS = 2_000_000
# About how many profiles have another one of the same person; the prior of every comparison.
DUPLICATE_SHARE = 0.05
SPLINK_MISSING = """\
Splink is not installed; it is optional. To add it:
  .venv/bin/uv pip install --python .venv/bin/python --require-hashes -r requirements-splink.txt"""

Identifier = tuple[str, str]
Pair = frozenset[Identifier]


class CannotPropose(PersonNeeded):
    """Splink is missing, or the review table cannot be read; the message says what to do."""


def read_profiles(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The profiles that may be compared, one row each.

    Columns: profile_id, identifier_type and identifier_value (of the identifier that names it),
    first_name, last_name, company_name, job_title, email, mailbox (the part before @), phone, and
    user_id. Left out are profiles without a last name, and those named by an identifier that links
    nobody.
    """
    return connection.execute(
        """
        select
            profiles.profile_id, anchors.identifier_type, anchors.identifier_value,
            lower(profiles.first_name) as first_name, lower(profiles.last_name) as last_name,
            lower(profiles.company_name) as company_name, lower(profiles.job_title) as job_title,
            profiles.email, split_part(profiles.email, '@', 1) as mailbox, profiles.phone,
            profiles.user_id
        from marts.profiles as profiles
        inner join marts.profile_identifiers as anchors
            on profiles.profile_id = anchors.profile_id and anchors.is_anchor
        where profiles.last_name is not null and anchors.suppression_reason is null
        order by profiles.profile_id
        """
    ).df()


def read_decided(connection: duckdb.DuckDBPyConnection) -> list[Pair]:
    """Pairs of identifiers about which something is decided in seeds/identity_overrides.csv."""
    found = connection.execute(
        f"select {', '.join(COLUMNS[:4])} from seeds.identity_overrides"
    ).fetchall()
    return [pair_of(dict(zip(COLUMNS, row, strict=False))) for row in found]


def read_identifiers(connection: duckdb.DuckDBPyConnection) -> dict[Identifier, str]:
    """The profile of every identifier."""
    found = connection.execute(
        "select identifier_type, identifier_value, profile_id from marts.profile_identifiers"
    ).fetchall()
    return {(kind, value): profile for kind, value, profile in found}


def read_proposals(path: Path) -> list[dict[str, str]]:
    """The rows of the review table; none when there is no file yet."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise CannotPropose(
                f"{path} should have the columns {', '.join(COLUMNS)}. "
                "Name another file with --out, or mend this one."
            )
        return list(reader)


def write_proposals(path: Path, rows: list[dict[str, str]]) -> None:
    """Write the review table, at once or not at all."""
    draft = path.with_name(path.name + ".draft")
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    draft.replace(path)


def pair_of(row: dict[str, str]) -> Pair:
    """The two identifiers of a row, whichever comes first."""
    return frozenset(
        [
            (row["identifier_type_a"], row["identifier_value_a"]),
            (row["identifier_type_b"], row["identifier_value_b"]),
        ]
    )


def merge(
    existing: list[dict[str, str]],
    found: pd.DataFrame,
    *,
    decided: list[Pair],
    profile_of: dict[Identifier, str],
    now: datetime,
    most: int | None = None,
) -> list[dict[str, str]]:
    """Return the rows to add to the review table, the most probable first.

    `found` has a row per proposed pair: identifier_type_l, identifier_value_l, user_id_l, the same
    with _r, and match_probability. Left out are pairs that are one profile already, that are in
    the table (with a verdict or waiting for one) or in `decided`, and those whose profiles are,
    under other identifiers. So are two profiles with a user id each: the limits forbid that link,
    so accepting it would do nothing good.
    """
    known = {*map(pair_of, existing), *decided}
    known_profiles = {
        frozenset(profile_of.get(identifier) for identifier in pair) for pair in known
    }
    added: list[dict[str, str]] = []
    for row in found.sort_values(
        ["match_probability", "identifier_value_l", "identifier_value_r"],
        ascending=[False, True, True],
    ).to_dict("records"):
        ends = sorted(
            (row[f"identifier_type_{side}"], row[f"identifier_value_{side}"]) for side in "lr"
        )
        profiles = frozenset(profile_of.get(end) for end in ends)
        if (
            frozenset(ends) in known
            or len(profiles) < 2
            or profiles in known_profiles
            or (pd.notna(row["user_id_l"]) and pd.notna(row["user_id_r"]))
        ):
            continue
        known_profiles.add(profiles)
        (type_a, value_a), (type_b, value_b) = ends
        added.append(
            dict(
                zip(
                    COLUMNS,
                    (type_a, value_a, type_b, value_b, f"{row['match_probability']:.4f}",
                     f"{now:%Y-%m-%d %H:%M:%S}", "", ""),
                    strict=True,
                )
            )
        )  # fmt: skip
    return added[:most]


def probable_links(profiles: pd.DataFrame, *, threshold: float) -> pd.DataFrame:
    """Compare profiles with Splink; returns pairs as `merge` wants them.

    How often strangers agree is estimated from the profiles. How often one person's profiles do is
    set by hand below: a warehouse holds too few known doubles to learn it from.
    """
    import splink.comparison_library as compared
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    from splink.comparison_level_library import CustomLevel, ElseLevel, NullLevel

    phone = compared.CustomComparison(
        output_column_name="phone",
        comparison_levels=[
            NullLevel("phone").configure(is_null_level=True),
            # The same number would have made one profile of the two, or links nobody.
            CustomLevel("damerau_levenshtein(phone_l, phone_r) <= 1", "one digit apart").configure(
                m_probability=0.3
            ),
            ElseLevel().configure(m_probability=0.7),
        ],
    )
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="profile_id",
        probability_two_random_records_match=min(0.5, DUPLICATE_SHARE / max(1, len(profiles) - 1)),
        blocking_rules_to_generate_predictions=[
            block_on("last_name", "first_name"),
            block_on("last_name", "company_name"),
            block_on("last_name", "substr(first_name, 1, 1)"),
            block_on("mailbox"),
        ],
        comparisons=[
            compared.JaroWinklerAtThresholds("first_name", [0.9])
            .configure(term_frequency_adjustments=True, m_probabilities=[0.8, 0.12, 0.08]),
            compared.JaroWinklerAtThresholds("last_name", [0.92])
            .configure(term_frequency_adjustments=True, m_probabilities=[0.9, 0.06, 0.04]),
            compared.ExactMatch("company_name")
            .configure(term_frequency_adjustments=True, m_probabilities=[0.6, 0.4]),
            compared.ExactMatch("job_title").configure(m_probabilities=[0.5, 0.5]),
            # Alike is not enough: people of one name have alike addresses.
            compared.ExactMatch("mailbox").configure(m_probabilities=[0.35, 0.65]),
            phone,
        ],
        additional_columns_to_retain=["identifier_type", "identifier_value", "user_id"],
        retain_intermediate_calculation_columns=False,
    )  # fmt: skip
    sampled = min(SAMPLED_PAIRS, len(profiles) * (len(profiles) - 1) // 2)
    logging.getLogger("splink").setLevel(logging.CRITICAL)
    with duckdb.connect() as connection:
        # As text, whatever a data frame thinks of a column that is empty throughout.
        connection.register("read", profiles)
        connection.execute("create table profiles as select cast(columns(*) as varchar) from read")
        database = DuckDBAPI(connection)
        linker = Linker("profiles", settings, database, set_up_basic_logging=False)
        linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS, seed=SEED)
        trained = with_rare_agreements(linker.misc.save_model_to_json(), rarest=1 / sampled)
        linker = Linker("profiles", trained, database, set_up_basic_logging=False)
        # Splink's threshold must be below 1.
        found = linker.inference.predict(
            threshold_match_probability=min(threshold, 0.999)
        ).as_pandas_dataframe()
    return found[found["match_probability"] >= threshold]


def with_rare_agreements(model: dict[str, Any], *, rarest: float) -> dict[str, Any]:
    """Splink's settings in which agreements that no sampled pair of strangers showed are rare."""
    for comparison in model["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level") and not level.get("u_probability"):
                level["u_probability"] = rarest
    return model


def propose(
    warehouse: Place,
    out: Path,
    *,
    threshold: float,
    most: int | None = None,
    dry_run: bool = False,
    now: datetime,
) -> tuple[list[dict[str, str]], int]:
    """Add proposals to the review table; returns the rows added and how many were there."""
    if importlib.util.find_spec("splink") is None:
        raise CannotPropose(SPLINK_MISSING)
    existing = read_proposals(out)
    with open_warehouse(warehouse, TABLES) as connection:
        profiles = read_profiles(connection)
        profile_of = read_identifiers(connection)
        decided = read_decided(connection)
    added: list[dict[str, str]] = []
    if len(profiles) > 1:
        found = probable_links(profiles, threshold=threshold)
        added = merge(existing, found, decided=decided, profile_of=profile_of, now=now, most=most)
    if added and not dry_run:
        write_proposals(out, [*existing, *added])
    return added, len(existing)
