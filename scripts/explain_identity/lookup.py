"""Find what somebody asked for: an identifier, a profile id, or a value that identifies nobody."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from .errors import AmbiguousIdentifier, UnknownIdentifier
from .warehouse import TYPES, Identifier, identifiers, registered, rows

# What macro void_key tells apart, in its order; the last with every kind of brackets as <>.
ABSENT = "(null|undefined|none|nil|nan)"
VOID_SHAPES = {
    r"[0.:-]*": "0",
    r".": "?",
    r"x[x-]+": "xxx",
    r"-[0-9]{1,4}([.]0+)?": "-1",
    rf"\\n|{ABSENT}([ ,_|:/-]+{ABSENT})+": "null",
    r".?[{].*[}]|%.*%|<.*>|#.+#|[*][|].*[|][*]|:[a-z_]+|__[a-z_]+__": "<>",
}
BRACKETED = re.compile(r"<+[a-z%][a-z _.%/-]*>+")
BRACKETS = str.maketrans("[]()", "<><>", "\"'")
# Letters to Unicode that nobody sees, beside its controls and format characters.
FILLERS = set("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0") | {
    chr(code) for code in range(0xFE00, 0xFE10)
}


@dataclass(frozen=True)
class Nobody:
    """A value behind which there is no profile, and why."""

    asked: str
    kind: str
    explanation: str


@dataclass(frozen=True)
class Found:
    """An identifier that is in the data; retired_id is set when an old profile id was asked for."""

    asked: str
    identifier: Identifier
    retired_id: str | None = None
    retired_at: datetime | None = None


def find(connection: duckdb.DuckDBPyConnection, asked: str) -> Found | Nobody:
    """Find `value`, `type:value` or a profile id, current or retired.

    Raises UnknownIdentifier and AmbiguousIdentifier.
    """
    kind, value = split(asked)
    known = matching(connection, kind, value)
    if not known and kind is not None:
        # A value that happens to begin like a type.
        known = matching(connection, None, asked.strip())
    if len({record.profile_id for record in known}) > 1:
        raise AmbiguousIdentifier(asked, map(str, known))
    if known:
        return Found(asked, known[0])
    profile = None if kind else by_profile_id(connection, asked, value)
    nobody = profile or void(connection, asked, kind, value) or gone(connection, asked, kind, value)
    if nobody is None:
        raise UnknownIdentifier(asked, near(connection, value))
    return nobody


def split(asked: str) -> tuple[str | None, str]:
    """The type, if there is one, and the value of what was asked for.

    split("email: Ann@example.com") gives ("email", "Ann@example.com"), split("a:b") (None, "a:b").
    """
    kind, colon, value = asked.strip().partition(":")
    if colon and kind in TYPES:
        return kind, value.strip()
    return None, asked.strip()


def matching(
    connection: duckdb.DuckDBPyConnection, kind: str | None, value: str
) -> list[Identifier]:
    """Identifiers with this value; addresses are in lower case whatever was typed."""
    return identifiers(
        connection,
        """
        (? is null or identified.identifier_type = ?)
        and identified.identifier_value
        = case when identified.identifier_type = 'email' then lower(?) else ? end
        """,
        kind,
        kind,
        value,
        value,
    )


def by_profile_id(
    connection: duckdb.DuckDBPyConnection, asked: str, value: str
) -> Found | Nobody | None:
    """The identifier that names a profile, by the profile's current or retired id."""
    value = value.lower()
    named = identifiers(connection, "identified.profile_id = ? and identified.is_anchor", value)
    if named:
        return Found(asked, named[0])
    retired = rows(
        connection, "select * from marts.profile_aliases where retired_profile_id = ?", [value]
    )
    if not retired:
        return None
    (alias,) = retired
    named = identifiers(
        connection, "identified.profile_id = ? and identified.is_anchor", alias["profile_id"]
    )
    if named:
        return Found(asked, named[0], retired_id=value, retired_at=alias["retired_at"])
    return Nobody(
        asked,
        "withdrawn",
        f"{value} was a profile until {alias['retired_at']:%Y-%m-%d %H:%M} (UTC). None of its "
        "identifiers is in the data any more, so nobody has taken its place.",
    )


def void(
    connection: duckdb.DuckDBPyConnection, asked: str, kind: str | None, value: str
) -> Nobody | None:
    """What the void rules say about a value."""
    found = rows(
        connection,
        """
        select distinct rule, identifier_type, coalesce(pattern, 'null') as pattern
        from seeds.identity_rules
        where kind = 'void' and (? is null or identifier_type in ('*', ?))
        order by rule, identifier_type
        """,
        [kind, kind],
    )
    key = void_key(void_spelling(value))
    found = [row for row in found if void_spelling(row["pattern"]) == key]
    if not found:
        return None
    seen = rows(
        connection,
        """
        select identifier_type, sum(observation_count)::bigint as observation_count
        from intermediate.int_identifiers_listed
        where is_void and lower(identifier_value) = lower(?)
        group by identifier_type
        order by identifier_type
        """,
        [value],
    )
    counts = ", ".join(
        f"{row['observation_count']:,} times as {row['identifier_type']}" for row in seen
    )
    return Nobody(
        asked,
        "void",
        f"{value} is void by rule {found[0]['rule']}: it identifies nobody. "
        f"{f'It was seen {counts}.' if seen else 'It was never seen.'} An event that carries a "
        "better identifier belongs to that one; one that carries nothing else is in quarantine "
        "(no_identifier). If it is a real id, take the line out of seeds/identity_rules.csv.",
    )


def void_spelling(value: str) -> str:
    """How a value is spelled among the void ones, as macro void_spelling has it."""
    seen = "".join(
        " " if sign.isspace() else sign
        for sign in value
        if sign.isspace() or not (unicodedata.category(sign) in ("Cc", "Cf") or sign in FILLERS)
    )
    return re.sub("([a-z])[ ,_-]+([a-z])", r"\1_\2", seen.strip(" \"'`;,").lower())


def void_key(spelling: str) -> str:
    """How a spelled value is looked up among the void ones, as macro void_key has it."""
    for shape, key in VOID_SHAPES.items():
        if re.fullmatch(shape, spelling):
            return key
    return "<>" if BRACKETED.fullmatch(spelling.translate(BRACKETS)) else spelling


def gone(
    connection: duckdb.DuckDBPyConnection, asked: str, kind: str | None, value: str
) -> Nobody | None:
    """An identifier that is in the registry and not in the data."""
    found = registered(connection, kind, value)
    if not found:
        return None
    node = found[0]
    return Nobody(
        asked,
        "gone",
        f"{node['identifier_type']}:{node['identifier_value']} is known since the build of "
        f"{node['registered_at']:%Y-%m-%d %H:%M} (UTC), but nothing in the data shows it any "
        "more: its rows were deleted at the source, or a correction gave them another value. It "
        "keeps its place in the registry and comes back with them.",
    )


def near(connection: duckdb.DuckDBPyConnection, value: str) -> list[str]:
    """Identifiers that somebody may have meant, three at most.

    First the same value but for case, blanks or the signs in a phone number, then values that
    begin with it, then similar ones.
    """
    text = value.strip().lower()
    digits = "".join(sign for sign in text if sign.isdigit())
    found: list[dict[str, Any]] = rows(
        connection,
        """
        with

        compared as (
            select
                identifier_type,
                identifier_value,
                lower(trim(identifier_value)) as text,
                regexp_replace(lower(identifier_value), '\\s', '', 'g')
                = regexp_replace($1, '\\s', '', 'g') as is_same,
                identifier_type = 'phone' and length($2) >= 7 and suffix(identifier_value, $2)
                    as is_same_number,
                length($1) >= 3 and starts_with(lower(identifier_value), $1) as is_longer
            from marts.profile_identifiers
        ),

        ranked as (
            select
                *,
                case
                    when is_same then 0
                    when is_same_number then 1
                    when is_longer then 2
                    else 3
                end as distance,
                jaro_winkler_similarity(text, $1) as similarity
            from compared
        )

        select identifier_type, identifier_value from ranked
        where distance < 3 or similarity >= 0.85
        order by distance, similarity desc, identifier_value, identifier_type
        limit 3
        """,
        [text, digits],
    )
    return [f"{row['identifier_type']}:{row['identifier_value']}" for row in found]
