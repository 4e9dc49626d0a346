"""The crowd: people without a story, made as plain number arrays, a block of them at a time."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from dev.demo_data import catalogue as world
from dev.demo_data.tables import DAY, HOUR, MINUTE, SECOND, Clock

BLOCK = 50_000  # people made at once: keeps the temporary arrays small at any total
FIRST_PERSON = 1_001  # lower numbers belong to the people with a story
NEVER = np.iinfo(np.int64).max

# Per persona (see catalogue.PERSONAS): days since arrival (mean), share that never left,
# mean stay in days of those who left, visits beyond the first, pages beyond a visit's first.
ARRIVAL_MEAN = np.array([55, 90, 110, 110, 100, 130.0])
STAYS_ON = np.array([0.0, 0.25, 0.5, 0.35, 0.3, 0.92])
STAY_MEAN = np.array([4, 40, 60, 35, 50, 90.0])
EXTRA_VISITS = np.array([0.35, 2.5, 4, 7, 6, 12.0])
EXTRA_PAGES = np.array([1.0, 1.6, 2.2, 3.2, 4.5, 2.6])
COMES_BACK_SOON = 0.12
HOUR_SHARES = np.array(
    [2, 1, 1, 1, 1, 2, 4, 8, 14, 18, 19, 17, 13, 16, 18, 17, 15, 12, 10, 9, 9, 8, 6, 4.0]
)


def make_people(random: np.random.Generator, *, first: int, count: int, clock: Clock) -> dict:
    """Draw who people are and when they came, went quiet and said who they are."""
    persona = random.choice(
        len(world.PERSONAS), size=count, p=np.array(world.PERSONA_SHARES)
    ).astype(np.int8)
    span = clock.as_of - clock.start
    # An exponential cut off at the span, by its inverse: many came lately, few long ago.
    mean = ARRIVAL_MEAN[persona] * DAY
    share = random.random(count) * (1 - np.exp(-span / mean))
    arrival = (clock.as_of - np.minimum(-mean * np.log1p(-share), span)).astype(np.int64)
    stay = random.exponential(STAY_MEAN[persona]) * DAY
    stays_on = random.random(count) < STAYS_ON[persona]
    quiet = np.where(stays_on, clock.as_of, np.minimum(arrival + stay, clock.as_of))
    business = random.random(count) < np.where(persona == world.SHOPPER, 0.1, 0.75)
    companies = max(12, count // 25)
    return {
        "person": np.arange(first, first + count, dtype=np.int32),
        "persona": persona,
        "arrival": arrival,
        "quiet": quiet.astype(np.int64),
        "second_device": random.random(count) < 0.2,
        "first_name": random.integers(0, len(world.FIRST_NAMES), count).astype(np.int16),
        "last_name": random.integers(0, len(world.LAST_NAMES), count).astype(np.int16),
        # Companies are numbered across blocks; -1 is a personal address.
        "company": np.where(
            business, first // 25 + random.integers(0, companies, count), -1
        ).astype(np.int32),
        "personal_domain": random.integers(0, len(world.PERSONAL_DOMAINS), count).astype(np.int8),
        "job_title": random.integers(0, len(world.JOB_TITLES), count).astype(np.int8),
        "has_phone": random.random(count) < 0.35,
        "identified_at": np.full(count, NEVER, dtype=np.int64),
    }


def make_visits(random: np.random.Generator, people: dict, clock: Clock) -> dict:
    """Draw visits (start, person's row, device), ordered by person and time."""
    persona, arrival, quiet = people["persona"], people["arrival"], people["quiet"]
    counts = 1 + random.poisson(EXTRA_VISITS[persona])
    row = np.repeat(np.arange(len(persona)), counts)
    is_first = np.zeros(len(row), dtype=bool)
    is_first[np.cumsum(counts) - counts] = True
    spread = random.random(len(row)) * (quiet[row] - arrival[row])
    start = arrival[row] + np.where(is_first, 0, spread).astype(np.int64)
    start = _in_office_hours(random, start, clock)

    # Some come back within hours: they are what hot returners are made of.
    again = random.random(len(row)) < COMES_BACK_SOON
    later = start[again] + random.integers(1 * HOUR, 20 * HOUR, int(again.sum()))
    row, start = np.concatenate([row, row[again]]), np.concatenate([start, later])
    # Browsers count in milliseconds.
    start = -(-np.clip(start, clock.start, None) // 1000) * 1000
    keep = start < clock.as_of - 5 * MINUTE
    row, start = row[keep], start[keep]
    order = np.lexsort((start, row))
    row, start = row[order], start[order]
    device = (random.random(len(row)) < 0.4) & people["second_device"][row]
    return {"row": row, "start": start, "device": device}


def _in_office_hours(random: np.random.Generator, instants: np.ndarray, clock: Clock) -> np.ndarray:
    """Keep the day but redraw the time of day; most weekend visits move to the Friday."""
    day = instants // DAY
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    moves = (weekday >= 5) & (random.random(len(day)) < 0.6)
    day = day - np.where(moves, weekday - 4, 0)
    hour = random.choice(24, size=len(day), p=HOUR_SHARES / HOUR_SHARES.sum())
    moved = day * DAY + hour * HOUR + random.integers(0, HOUR, len(day))
    return np.where(moved < clock.start, instants, np.where(moved > clock.as_of, instants, moved))


def choose_identification(random: np.random.Generator, people: dict, visits: dict) -> None:
    """Set `identified_at` for those who say who they are: in one of their first visits."""
    rows, firsts, counts = np.unique(visits["row"], return_index=True, return_counts=True)
    known = people["persona"][rows] >= world.SUBSCRIBER
    rows, firsts, counts = rows[known], firsts[known], counts[known]
    at = firsts + (random.random(len(rows)) * np.minimum(counts, 3)).astype(np.int64)
    people["identified_at"][rows] = visits["start"][at] + 40 * SECOND
    visits["device"][at] = False


def make_pages(
    random: np.random.Generator, people: dict, visits: dict, clock: Clock
) -> pd.DataFrame:
    """Draw the pages of every visit; columns are codes into the catalogue."""
    counts = 1 + random.poisson(EXTRA_PAGES[people["persona"][visits["row"]]])
    visit = np.repeat(np.arange(len(counts)), counts)
    gap = 4 * SECOND + np.minimum(random.exponential(55, len(visit)), 1200) * SECOND
    firsts = np.cumsum(counts) - counts
    gap[firsts] = 0
    since_start = np.cumsum(gap)
    since_start -= np.repeat(since_start[firsts], counts)
    row = visits["row"][visit]
    occurred = visits["start"][visit] + (since_start // 1000 * 1000).astype(np.int64)
    frame = pd.DataFrame(
        {
            "row": row,
            "person": people["person"][row],
            "occurred": occurred,
            "page": _draw_pages(random, people["persona"][row]),
            "referrer": np.where(
                since_start > 0,
                0,
                random.choice(len(world.REFERRERS), len(row), p=world.REFERRER_SHARES),
            ).astype(np.int8),
            "agent": random.choice(len(world.AGENTS), len(counts), p=world.AGENT_SHARES)[
                visit
            ].astype(np.int8),
            "device": visits["device"][visit],
            "has_user": occurred >= people["identified_at"][row],
        }
    )
    return frame[frame["occurred"] <= clock.as_of].reset_index(drop=True)


def _draw_pages(random: np.random.Generator, persona: np.ndarray) -> np.ndarray:
    page = np.zeros(len(persona), dtype=np.int16)
    for code in range(len(world.PERSONAS)):
        chosen = np.flatnonzero(persona == code)
        weights = np.concatenate(
            # Within a group the first pages are the popular ones.
            [group.weights[code] * _popularity(len(group.pages)) for group in world.PAGE_GROUPS]
        )
        page[chosen] = random.choice(len(weights), len(chosen), p=weights / weights.sum())
    return page


def _popularity(size: int) -> np.ndarray:
    weights = 1 / np.arange(1, size + 1) ** 0.5
    return weights / weights.sum()


def make_identifies(random: np.random.Generator, people: dict, visits: dict) -> pd.DataFrame:
    """One identify call when people say who they are, and now and then one more later."""
    first = np.flatnonzero(people["identified_at"] < NEVER)
    later = (visits["start"] > people["identified_at"][visits["row"]]) & (
        random.random(len(visits["row"])) < np.where(visits["device"], 0.5, 0.06)
    )
    row = np.concatenate([first, visits["row"][later]])
    return pd.DataFrame(
        {
            "person": people["person"][row],
            "occurred": np.concatenate(
                [people["identified_at"][first], visits["start"][later] + 2 * SECOND]
            ),
            "device": np.concatenate([np.zeros(len(first), bool), visits["device"][later]]),
        }
    )


def blocks(*, people: int, seed: int) -> Iterator[tuple[np.random.Generator, int, int, int]]:
    """Yield (random, block number, first person, count) for each block of people."""
    for number, done in enumerate(range(0, people, BLOCK)):
        random = np.random.default_rng([seed, 2, number])
        yield random, number, FIRST_PERSON + done, min(BLOCK, people - done)
