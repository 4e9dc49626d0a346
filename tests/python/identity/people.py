"""Events of made-up households, who share what people share and send what broken trackers send."""

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from .oracle import Key, Observation

START = datetime(2026, 6, 1)
DAYS = 25
TYPES = ("user_id", "email", "phone", "anonymous_id")


def events(households: int, rng: random.Random) -> list[Observation]:
    """All events as they were loaded; some households' are late, some events come twice."""
    found = []
    for household in range(households):
        for number, shown in enumerate(sightings(household, rng)):
            occurred_at = START + timedelta(hours=rng.randrange(DAYS * 24))
            loaded_at = occurred_at + timedelta(hours=rng.choice([0, 1, 1, 60]))
            event = Observation(f"e{household}-{number}", occurred_at, loaded_at, shown)
            found.append(event)
            if rng.random() < 0.05:
                again = loaded_at + timedelta(hours=rng.choice([1, 100]))
                found.append(Observation(event.event_id, occurred_at, again, shown))
    return sorted(found, key=lambda event: (event.loaded_at, event.event_id))


def sightings(household: int, rng: random.Random) -> Iterator[tuple[Key, ...]]:
    """What the events of a household show: its people with their own things and shared ones."""
    # One household in five is a shop with a kiosk, about as many people as make a hub.
    is_shop = household % 5 == 0
    people = range(rng.randint(4, 12) if is_shop else rng.choice([1, 1, 2, 2, 3]))
    shared = {
        "email": [f"all@h{household}.example", f"info@h{household}.example", "x@mailinator.com"],
        "phone": [f"+1{2022000000 + household}"],
        "anonymous_id": [f"kiosk-{household}"],
    }
    broken = {"user_id": "undefined", "anonymous_id": "0000-00", "email": f"test7@h{household}.io"}
    careless = 0.6 if is_shop else rng.choice([0.05, 0.3])
    for _ in range(rng.randint(2, 6) * len(people)):
        person = rng.choice(people)
        own = {
            "user_id": [f"u{household}-{person}"],
            # info is a mailbox that many read, info1 is none.
            "email": [
                *(f"p{person}-{spare}@h{household}.example" for spare in range(5)),
                f"info{person}@h{household}.example",
            ],
            "phone": [f"+1{3030000000 + household * 100 + person * 10 + n}" for n in range(2)],
            "anonymous_id": [f"c{household}-{person}-{spare}" for spare in range(3)],
        }
        shown = {}
        for kind, share in zip(TYPES, (0.5, 0.4, 0.2, 0.8), strict=True):
            if rng.random() < share:
                values = shared[kind] if kind in shared and rng.random() < careless else own[kind]
                shown[kind] = values[min(rng.randrange(len(values)), rng.randrange(len(values)))]
        for kind, value in broken.items():
            if rng.random() < 0.03:
                shown[kind] = value
        shown = shown or {"anonymous_id": own["anonymous_id"][0]}
        yield tuple(sorted(shown.items()))


def write(raw: Path, name: str, observations: Iterable[Observation]) -> None:
    """A file of source events that holds these rows."""
    folder = raw / "events" / "events"
    folder.mkdir(parents=True, exist_ok=True)
    columns = {
        "event_id": [event.event_id for event in observations],
        "event_name": ["page_viewed" for _ in observations],
        "occurred_at": [event.occurred_at.isoformat() for event in observations],
        "loaded_at": [event.loaded_at.isoformat() for event in observations],
    } | {kind: [dict(event.shown).get(kind) for event in observations] for kind in TYPES}
    unnested = ", ".join(f"unnest(cast(? as varchar[])) as {column}" for column in columns)
    target = folder / f"{name}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table events as select {unnested}", list(columns.values()))
        connection.execute(f"copy events to '{target}'")
