"""How the tests of plug-ins send one batch, and what they look at."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from scripts.delivery.destination import Call, Destination, Outcome, Record
from scripts.delivery.transport import Transport


@contextmanager
def calls() -> Iterator[Callable[[Destination], Call]]:
    """Yield a function that gives the `call` of a plug-in; the connections close at the end."""
    with ExitStack() as stack:
        yield (
            lambda destination: stack.enter_context(Transport(destination, timeout_seconds=5)).call
        )


def send_with(destination: Destination, operation: str, *records: Record) -> dict[str, Outcome]:
    """Send one batch over a connection of its own; returns the outcomes by key."""
    with Transport(destination) as transport:
        outcomes = destination.send(transport.call, operation, records)
    return {outcome.key: outcome for outcome in outcomes}


def send_in_phases(
    destination: Destination, call: Call, operation: str, records: tuple[Record, ...]
) -> dict[str, Outcome]:
    """Send a batch as a run does, which has updates leave before they come; outcomes by key."""
    if operation == "update" and "leave" in destination.phases:
        destination.send(call, "leave", records)
    return {outcome.key: outcome for outcome in destination.send(call, operation, records)}


def states(outcomes: dict[str, Outcome]) -> dict[str, str]:
    """Return the state by key."""
    return {key: outcome.state for key, outcome in outcomes.items()}
