"""Makes the demo data: web, mail and CRM tables of people who do not exist, with known answers."""

import argparse
import csv
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from dev.demo_data import (
    account_stories,
    life_stories,
    lifecycle_stories,
    odd_stories,
    research_stories,
    stories,
)
from dev.demo_data.book import Book
from dev.demo_data.crowd import events_per_person, make_crowd
from dev.demo_data.files import PLANTED, ForeignFilesError, check_folders, write_all
from dev.demo_data.tables import EVENT_TABLES, Clock

FEWEST_DAYS = 200
PLANTERS = (
    stories.plant_pricing,
    stories.plant_sales_ready,
    stories.plant_silent_openers,
    stories.plant_lapsed,
    stories.plant_shop,
    stories.plant_visits,
    life_stories.plant_evaluators,
    life_stories.plant_customers,
    life_stories.plant_suppressed,
    research_stories.plant_research,
    research_stories.plant_returns_and_mail,
    research_stories.plant_shoppers,
    research_stories.plant_lives,
    account_stories.plant_accounts,
    account_stories.plant_customers_in_use,
    odd_stories.plant_identities,
    odd_stories.plant_deliveries,
    odd_stories.plant_faults,
    lifecycle_stories.plant_lifecycle,
)


class SpanTooShortError(Exception):
    """The span cannot hold the stories of people who stayed away for half a year."""


class NotAnInstantError(Exception):
    """The given instant is not ISO 8601."""


def parse_as_of(text: str) -> datetime:
    """Read an ISO 8601 instant; without an offset it is UTC."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotAnInstantError(
            f"--as-of {text!r} is not an instant. Write it like 2026-06-30T00:00:00Z."
        ) from error
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def plant(*, clock: Clock, seed: int) -> Book:
    """Write every story into a new book."""
    book = Book(clock=clock, seed=seed)
    for planter in PLANTERS:
        planter(book)
    return book


def make_demo_data(
    *,
    out: Path,
    people: int = 3000,
    events: int | None = None,
    days: int = 240,
    seed: int = 7,
    as_of: datetime,
) -> dict[str, int]:
    """Make the data under `out` and return rows per table.

    The crowd is `people` strong, or, when `events` is given, as strong as about so many events
    need. The people with a story come on top and are the same at every size.
    """
    if days < FEWEST_DAYS:
        raise SpanTooShortError(
            f"--days {days} is too short: some stories begin half a year ago and earlier. "
            f"Use at least {FEWEST_DAYS}."
        )
    check_folders(out)
    clock = Clock.at(as_of, days=days)
    book = plant(clock=clock, seed=seed)
    if events is not None:
        planted = sum(len(book.rows[table]) for table in EVENT_TABLES)
        per_person = events_per_person(seed=seed, clock=clock)
        people = max(1, round((events - planted) / per_person))
    crowd = make_crowd(people=people, seed=seed, clock=clock)
    arguments = {
        "people": people,
        "events": events,
        "days": days,
        "seed": seed,
        "as_of": as_of.isoformat().replace("+00:00", "Z"),
    }
    return write_all(out=out, crowd=crowd, book=book, clock=clock, seed=seed, arguments=arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dev.make_demo_data",
        description=(
            "Make demo data: Segment, SendGrid and HubSpot tables of people who do not exist. "
            "The same arguments make the same data. What each planted person must turn out to "
            "be is written to _planted/ beside the tables."
        ),
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--people",
        type=_positive,
        default=3000,
        help="people in the crowd, besides those with a story (default: %(default)s)",
    )
    size.add_argument(
        "--events", type=_positive, help="about how many events in all, instead of --people"
    )
    parser.add_argument(
        "--days",
        type=_positive,
        default=240,
        help=f"days of history, at least {FEWEST_DAYS} (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=_not_negative, default=7, help="another seed, another crowd (default: 7)"
    )
    parser.add_argument(
        "--as-of",
        default="2026-06-30T00:00:00Z",
        help="the last instant of the data, ISO 8601, UTC (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("data/demo/raw"),
        help="folder for the tables; only files of an earlier run are replaced "
        "(default: %(default)s)",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number above zero")
    return number


def _not_negative(text: str) -> int:
    return 0 if text == "0" else _positive(text)


def _summary(out: Path) -> str:
    people = _read(out / PLANTED / "people.csv")
    segments = Counter(
        name for person in people for name in person["expected_segments"].split(";") if name
    )
    stories = {person["story"] for person in people}
    unmailed = sum(1 for person in people if person["expected_suppressed"])
    faults = sum(int(row["expected_rows"]) for row in _read(out / PLANTED / "quarantine.csv"))
    again = sum(int(row["expected_rows"]) for row in _read(out / PLANTED / "duplicates.csv"))
    lines = [
        f"\n  {len(people)} people live one of {len(stories)} planted stories and must turn out as",
        *(f"    {name:<24}{count:>4}" for name, count in sorted(segments.items())),
        f"    {'not to be mailed':<24}{unmailed:>4}",
        f"  {faults} rows to quarantine, {again:,} rows delivered a second time",
        f"  Who, what and why: {out / PLANTED}",
    ]
    return "\n".join(lines)


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = _parser().parse_args(argv)
    began = time.perf_counter()
    try:
        rows = make_demo_data(
            out=arguments.out,
            people=arguments.people,
            events=arguments.events,
            days=arguments.days,
            seed=arguments.seed,
            as_of=parse_as_of(arguments.as_of),
        )
    except (ForeignFilesError, NotAnInstantError, SpanTooShortError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"Made demo data (nobody in it is real) in {arguments.out}\n")
    for table, count in rows.items():
        print(f"  {table:<24}{count:>12,}")
    print(f"  {'events in all':<24}{sum(rows[name] for name in EVENT_TABLES):>12,}")
    print(_summary(arguments.out))
    print(f"\nDone in {time.perf_counter() - began:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
