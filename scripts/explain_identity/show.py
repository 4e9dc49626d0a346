"""Print an answer for a person to read: tables on a terminal, plain lines in a pipe."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from .answers import Answer, KeptApart, NoPerson, OnePerson, Person, Step, TwoPeople, name_of

PLAIN_WIDTH = 240
ROWS_AT_MOST = 50
CHANGES = {
    "merged": "was merged into",
    "split": "lost what is now",
    "renamed": "was renamed to",
    "withdrawn": "was withdrawn",
}


def show(answer: Answer) -> None:
    """Print an answer. Text is left to the terminal to wrap, so that it can be copied whole."""
    out = Console(highlight=False)
    if not out.is_terminal:
        out = Console(highlight=False, width=PLAIN_WIDTH)
    with out.capture() as printed:
        for part in parts(answer):
            out.print(part, soft_wrap=isinstance(part, str))
    print("\n".join(line.rstrip() for line in printed.get().splitlines()))


def parts(answer: Answer) -> Iterable[RenderableType]:
    """What to print, one after the other."""
    if isinstance(answer, Person):
        yield from person(answer)
    elif isinstance(answer, NoPerson):
        yield escape(answer.explanation)
    elif isinstance(answer, OnePerson):
        yield from one_person(answer)
    else:
        yield from two_people(answer)
    yield f"\n[dim]Times are UTC, as of {instant(answer.as_of)}.[/]"


def person(answer: Person) -> Iterable[RenderableType]:
    """A profile: who, by which identifiers, what was kept apart, and what it was before."""
    row = answer.profile
    yield f"[bold]{escape(name_of(row) or answer.found)}[/]  [dim]profile {row['profile_id']}[/]"
    if answer.retired_id:
        yield (
            f"You asked for {answer.retired_id}, which was retired "
            f"{instant(answer.retired_at)}; this is its person now."
        )
    yield facts(row)
    yield "\n[bold]Identifiers[/]"
    yield identifiers(answer.identifiers)
    yield from more(answer.identifiers)
    if answer.kept_apart:
        yield "\n[bold]Seen together, yet kept apart[/]"
        yield from apart(answer.kept_apart)
        yield from more(answer.kept_apart)
    if answer.changes or answer.retired_ids:
        yield "\n[bold]Past[/]"
        for change in answer.changes:
            yield from changed(change)
        if answer.retired_ids:
            yield "Retired ids: " + ", ".join(answer.retired_ids)


def facts(row: dict[str, Any]) -> Table:
    """What the profile says, empty columns left out."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    names = (
        "user_id", "email", "phone", "crm_contact_id",
        "company_name", "job_title", "crm_lifecycle_stage",
    )  # fmt: skip
    for name in names:
        if row[name]:
            table.add_row(name, escape(row[name]))
    table.add_row("seen", f"{instant(row['first_seen_at'])} to {instant(row['last_seen_at'])}")
    table.add_row("flags", ", ".join(flags(row)))
    return table


def flags(row: dict[str, Any]) -> Iterable[str]:
    """The profile's flags in words."""
    yield "identified" if row["is_identified"] else "anonymous"
    if row["is_shared_device"]:
        yield "a device or number that several people use, not a person"
    if row["has_suppressed_identifiers"]:
        yield "has identifiers that link no further"


def grid(*columns: str) -> Table:
    """A table without lines whose long cells are folded, never cut."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        is_number = column == "times"
        table.add_column(
            column,
            justify="right" if is_number else "left",
            overflow="fold",
            no_wrap=is_number or column in ("type", "first seen", "last seen"),
        )
    return table


def identifiers(rows: list[dict[str, Any]]) -> Table:
    """The identifiers of a profile with how often they were seen."""
    table = grid("type", "value", "times", "first seen", "last seen", "")
    for row in rows[:ROWS_AT_MOST]:
        notes = ["names the profile"] * row["names_the_profile"] + ["in the CRM"] * row["is_crm"]
        if row["suppression_reason"]:
            notes.append(f"links no further: {row['suppression_reason']}")
        table.add_row(
            row["identifier_type"],
            escape(row["identifier_value"]),
            f"{row['observation_count']:,}",
            instant(row["first_seen_at"]),
            instant(row["last_seen_at"]),
            escape("; ".join(notes)),
        )
    return table


def apart(rows: list[KeptApart]) -> Iterable[RenderableType]:
    """Edges of a profile that link nobody, under the identifier and the reason they share."""
    for (identifier, explanation), group in groupby(
        rows[:ROWS_AT_MOST], key=lambda row: (row.identifier, row.explanation)
    ):
        yield f"{escape(identifier)}\n  [red]{escape(explanation)}[/]"
        table = grid("seen with", "times", "first seen", "last seen", "")
        for row in group:
            table.add_row(
                escape(row.other),
                f"{row.observation_count:,}",
                instant(row.first_seen_at),
                instant(row.last_seen_at),
                "one person all the same, by other links" if row.is_one_person else "",
            )
        yield Padding(table, (0, 0, 0, 2))


def more(rows: list[Any]) -> Iterable[str]:
    """How many rows were left out."""
    if len(rows) > ROWS_AT_MOST:
        yield f"[dim]and {len(rows) - ROWS_AT_MOST:,} more; --json has all of them[/]"


def changed(change: dict[str, Any]) -> Iterable[str]:
    """One line of the log, and its evidence."""
    winner = f" {change['winner_profile_id']}" if change["winner_profile_id"] else ""
    yield (
        f"{instant(change['changed_at'])}  {change['loser_profile_id']} "
        f"{CHANGES[change['change']]}{winner}: {change['reason']}"
    )
    if change["evidence_type_a"]:
        yield escape(
            f"  {change['evidence_type_a']}:{change['evidence_value_a']} and "
            f"{change['evidence_type_b']}:{change['evidence_value_b']}, together since "
            f"{instant(change['evidence_seen_at'])} ({change['evidence_observation']})"
        )


def one_person(answer: OnePerson) -> Iterable[RenderableType]:
    """The chain between two identifiers of one profile."""
    first, other = map(escape, answer.ends)
    if not answer.chain:
        yield f"[bold]One person[/]: both are {first}, of profile {answer.profile_id}."
        return
    yield f"[bold]One person[/]: {first} and {other} are both of profile {answer.profile_id}.\n"
    yield from chain(answer.chain)
    if answer.advice:
        yield f"\n{answer.advice}"
        yield from map(escape, answer.paste)


def two_people(answer: TwoPeople) -> Iterable[RenderableType]:
    """What ties two people, and what keeps them apart."""
    for end, profile_id, name in zip(answer.ends, answer.profile_ids, answer.names, strict=True):
        prefix = f"{name}, " if name and name not in end else ""
        yield f"{escape(end)}  [dim]{escape(prefix)}profile {profile_id}[/]"
    if answer.chain is None:
        yield (
            "\n[bold]Two people[/]: nothing ever tied them, not even what was kept apart."
            if answer.is_search_complete
            else "\n[bold]Two people[/]: nothing near ties them. Around them are so many "
            "identifiers that the search was stopped."
        )
    else:
        count = sum(step.reason is not None for step in answer.chain)
        steps = f"{len(answer.chain)} steps" if len(answer.chain) > 1 else "1 step"
        yield f"\n[bold]Two people[/]: {steps} between them, {count} kept apart.\n"
        yield from chain(answer.chain)
    yield f"\n{escape(answer.advice)}"
    yield from map(escape, answer.paste)


def chain(steps: list[Step]) -> Iterable[str]:
    """The steps of a chain, from one identifier down to the other."""
    yield f"{escape(steps[0].one)}"
    for step in steps:
        times = "once" if step.observation_count == 1 else f"{step.observation_count:,} times"
        since, until = instant(step.first_seen_at), instant(step.last_seen_at)
        period = since if since == until else f"{since} to {until}"
        yield f"  [dim]│[/] {step.how} {times}, {period}"
        for source in step.sources:
            yield f"  [dim]│ {escape(shown(source))}[/]"
        if step.explanation:
            yield f"  [dim]│[/] [red]kept apart, {escape(step.explanation)}[/]"
        yield escape(step.other)


def shown(source: dict[str, Any]) -> str:
    """One source of an edge: how often and a sample, or what was declared."""
    sample = source["sample"] or ""
    if source["action"] != "seen":
        says = "declares it" if source["action"] == "link" else "suggests it"
        return f"{source['source']} {says}: {sample}"
    return f"{source['source']} {source['observation_count']:,}, e.g. {sample}"


def instant(at: datetime | None) -> str:
    """An instant to the minute."""
    return f"{at:%Y-%m-%d %H:%M}" if at else ""
