"""The reasons that keep identifiers apart, in words, and what to do about them."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

import duckdb

from .warehouse import Identifier, rows

NOUNS = {
    "user_id": "user id",
    "crm_contact_id": "CRM contact",
    "email": "address",
    "phone": "phone number",
    "anonymous_id": "device",
}
OVERRIDES = "seeds/identity_overrides.csv"
RULES = "seeds/identity_rules.csv"


def reason_in_words(
    reason: str, rule: str | None, culprit: Identifier, description: str | None = None
) -> str:
    """Why an edge links nobody; culprit is its end that links no further."""
    noun = NOUNS[culprit.identifier_type]
    if reason == "shared_identifier":
        return f"{reason}: two known people use this {noun}"
    if reason == "limit_exceeded":
        return f"{reason}: one person would have more identifiers than the limits allow"
    if reason == "separated":
        return f"{reason}: somebody decided that the two are not one person's"
    what = (description or "").rstrip(".")
    return f"{reason}: rule {rule}" + (f" ({what})" if what else "")


def rule_descriptions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What each rule that blocks says about itself; the plainest of its lines."""
    found = rows(
        connection,
        """
        select rule, first(description order by pattern) as description
        from seeds.identity_rules where kind in ('block', 'hub', 'rush') group by rule
        """,
    )
    return {row["rule"]: row["description"] for row in found}


def override_line(
    action: str, first: Identifier, other: Identifier, *, decided_at: datetime, reason: str
) -> str:
    """A line for seeds/identity_overrides.csv, without the line's end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(
        [
            action,
            first.identifier_type,
            first.identifier_value,
            other.identifier_type,
            other.identifier_value,
            f"{decided_at:%Y-%m-%dT%H:%M:%S}",
            reason,
        ]
    )
    return text.getvalue()


def strongest(members: Iterable[Identifier], asked: Identifier) -> Identifier:
    """The identifier that speaks for a person in a link: the most telling that may link.

    It is the one that was asked for if no other type tells more. A link between weaker ones would
    move these alone and leave the two persons apart.
    """
    able = [member for member in members if member.suppression_reason is None] or [asked]
    best = min(able, key=lambda identifier: identifier.rank)
    same_type = asked.identifier_type == best.identifier_type
    return asked if same_type and asked.suppression_reason is None else best


def rule_line(connection: duckdb.DuckDBPyConnection, blocked: Identifier) -> str:
    """Which line of seeds/identity_rules.csv keeps an identifier from linking anybody."""
    value = blocked.identifier_value.lower()
    local, _, domain = value.partition("@")
    patterns = [value, f"{local}@*", f"*@{domain}", f"{local.rstrip('0123456789')}#@*"]
    (line,) = rows(
        connection,
        """
        select rule, kind, pattern, threshold from seeds.identity_rules
        where rule = ? and (kind in ('hub', 'rush') or pattern in (select unnest(?::varchar[])))
        order by pattern
        limit 1
        """,
        [blocked.rule, patterns],
    )
    what = line["pattern"] if line["kind"] == "block" else f"threshold {line['threshold']:g}"
    return f"the {line['kind']} line {line['rule']} ({what})"
