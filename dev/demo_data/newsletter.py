"""The weekly letter: what SendGrid reports for every subscriber of the crowd."""

import numpy as np
import pandas as pd

from dev.demo_data import catalogue as world
from dev.demo_data.background import NEVER
from dev.demo_data.tables import DAY, HOUR, MINUTE, SECOND, Clock

WEEK = 7 * DAY
SUBSCRIBES = np.array([0, 0, 1.0, 0.8, 0.45, 0.65])  # share per persona
SENT_AT = 5 * DAY + 9 * HOUR  # the week of the Unix epoch began on a Thursday: Tuesdays at nine


def make_mails(random: np.random.Generator, people: dict, clock: Clock) -> pd.DataFrame:
    """Return one row per mail event; `week` with `person` names the message."""
    joins = (people["identified_at"] < NEVER) & (
        random.random(len(people["person"])) < SUBSCRIBES[people["persona"]]
    )
    who = np.flatnonzero(joins)
    joined, quiet = people["identified_at"][who], people["quiet"][who]
    first_week = (joined - SENT_AT) // WEEK + 1
    last_week = (clock.as_of - HOUR - SENT_AT) // WEEK
    counts = np.maximum(0, last_week - first_week + 1)

    # How a subscription ends, and after which letter; most never end.
    fate = random.choice(4, size=len(who), p=[0.92, 0.02, 0.05, 0.01])  # -, bounce, leave, complain
    ends_after = np.where(fate > 0, random.random(len(who)) * counts, counts).astype(np.int64)
    row = np.repeat(np.arange(len(who)), counts)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    keep = nth <= ends_after[row]
    row, nth = row[keep], nth[keep]
    week = first_week[row] + nth
    sent = week * WEEK + SENT_AT + random.integers(0, 600, len(row)) * SECOND
    is_last = nth == ends_after[row]

    hard = is_last & (fate[row] == 1)
    soft = ~hard & (random.random(len(row)) < 0.004)
    arrives = ~hard & ~soft
    deferred = arrives & (random.random(len(row)) < 0.01)
    delivered_at = sent + np.where(deferred, 11 * MINUTE, 3 * SECOND)

    # A share of readers opens nearly everything; tired ones stop at once on some day.
    keen = random.random(len(who)) < 0.25
    likes = np.where(keen, 0.93, random.beta(1.1, 2.6, len(who)))
    tired = random.random(len(who)) < 0.14
    span = np.maximum(clock.as_of - joined, 1)
    tired_at = np.where(tired, joined + random.random(len(who)) * span, clock.as_of)
    # Some of the keenest have been silent for the last ten letters and a few more.
    silent = random.random(len(who)) < 0.04
    likes = np.where(silent, 0.97, likes)
    silent_at = clock.as_of - random.integers(72 * DAY, 100 * DAY, len(who))
    tired_at = np.where(silent, silent_at, tired_at)
    ends_with_stay = random.random(len(who)) < 0.85
    stops = np.where(ends_with_stay & (quiet < clock.as_of), np.minimum(quiet, tired_at), tired_at)
    stops = np.where(silent, silent_at, stops)
    opened = arrives & (random.random(len(row)) < likes[row]) & (sent < stops[row])
    hours = np.minimum(random.lognormal(0.9, 1.1, len(row)), 60)
    opened_at = delivered_at + 30 * SECOND + (hours * HOUR).astype(np.int64)
    again = opened & (random.random(len(row)) < 0.15)
    clicked = opened & (random.random(len(row)) < 0.17)
    apple = random.random(len(who)) < 0.22
    google = ~apple & (random.random(len(who)) < 0.05)
    machine = arrives & (apple | google)[row] & (random.random(len(row)) < 0.95)
    machine_at = delivered_at + random.integers(5, 1500, len(row)) * SECOND
    machine_agent = np.where(google[row], world.GOOGLE_MACHINE, world.APPLE_MACHINE)
    human_agent = random.integers(0, world.HUMAN_MAIL_AGENTS, len(who))[row]
    link = random.integers(0, len(world.MAIL_LINKS), len(row))
    leaves = arrives & is_last & (fate[row] == 2)
    complains = arrives & is_last & (fate[row] == 3)

    person = people["person"][who[row]]

    def made(
        event: str,
        chosen: np.ndarray,
        occurred: np.ndarray,
        *,
        agent: np.ndarray | int = -1,
        code: np.ndarray | int = -1,
    ) -> pd.DataFrame:
        """`code`: the link of a click, 1 for a machine's open, 1 for a hard bounce."""
        return pd.DataFrame(
            {
                "person": person[chosen],
                "week": week[chosen].astype(np.int32),
                "occurred": occurred[chosen] // SECOND * SECOND,
                "event": np.int8(world.MAIL[event]),
                "agent": np.broadcast_to(agent, len(row))[chosen].astype(np.int8),
                "code": np.broadcast_to(code, len(row))[chosen].astype(np.int8),
            }
        )

    frame = pd.concat(
        [
            made("deferred", deferred, sent + SECOND),
            made("delivered", arrives, delivered_at),
            made("bounce", hard, sent + 2 * SECOND, code=1),
            made("bounce", soft, sent + 2 * SECOND, code=0),
            made("open", machine, machine_at, agent=machine_agent, code=1),
            made("open", opened, opened_at, agent=human_agent, code=0),
            made("open", again, opened_at + 5 * HOUR, agent=human_agent, code=0),
            made("click", clicked, opened_at + 50 * SECOND, agent=human_agent, code=link),
            made("unsubscribe", leaves, delivered_at + 3 * HOUR),
            made("spamreport", complains, delivered_at + 4 * HOUR),
        ],
        ignore_index=True,
    )
    return frame[frame["occurred"] <= clock.as_of]
