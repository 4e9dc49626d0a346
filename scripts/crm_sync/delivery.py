"""Send the changes in batches and write down what became of each record."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from .config import Settings
from .destination import VERBS, Outcome, Record, Refused, Stop, Transient
from .diff import Diff
from .errors import SyncError, mask, redact
from .ledger import Ledger
from .transport import Transport, backoff

CHUNK_BATCHES = 50
REASONS_KEPT = 50

Progress = Callable[[int, int], None]
Place = tuple[int, int, int]  # batch number, first and last position in `changes`


@dataclass
class PushResult:
    """What a push did.

    `delivered`, `refused` and `open` count records; `open` ones stay for the next push and
    `stopped` says why. `refusals` are (masked address, reason) of at most 50 refused records.
    `run_id` is None when there was nothing to push.
    """

    destination: str
    diff: Diff
    run_id: int | None = None
    delivered: int = 0
    refused: int = 0
    open: int = 0
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0
    refusals: list[tuple[str, str]] = field(default_factory=list)
    stopped: str | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 when everything arrived, 3 when records were refused or are still open."""
        return 3 if self.refused or self.open or self.stopped else 0


class Delivery:
    """One run: batches go out through a few workers, the answers come back to this thread.

    Only this thread touches the ledger; the workers only make requests.
    """

    def __init__(
        self, settings: Settings, ledger: Ledger, result: PushResult, progress: Progress | None
    ) -> None:
        self.settings, self.ledger, self.result, self.progress = settings, ledger, result, progress
        self.transport = Transport(settings.destination, timeout_seconds=settings.timeout_seconds)
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Send everything; raises the SyncError that ended the run, if one did."""
        result = self.result
        result.run_id = self.ledger.start_run(result.diff.counts)
        result.open = result.diff.total
        self.report()
        try:
            self.send_changes()
        except BaseException as problem:
            self.fail(problem)
        self.transport.close()
        self.finish()
        if isinstance(self.failure, Stop):
            result.stopped = str(self.failure)
        elif self.failure is not None:
            raise self.failure

    def finish(self) -> None:
        """Fold the answers and close the run in the ledger."""
        result = self.result
        result.requests, result.retries = self.transport.requests, self.transport.retries
        note = None if self.failure is None else str(self.failure) or type(self.failure).__name__
        self.ledger.fold()
        self.ledger.finish_run(
            result.run_id,
            outcome="incomplete" if note or result.refused or result.open else "ok",
            delivered=result.delivered,
            refused=result.refused,
            open=result.open,
            requests=result.requests,
            note=note,
        )

    def send_changes(self) -> None:
        """Send the changes in order: first who must be cleared, then updates, then new records."""
        batch_id, running = self.ledger.next_batch_id(), {}
        with ThreadPoolExecutor(self.settings.workers) as pool:
            try:
                for verb, first, records in self.batches():
                    while len(running) >= self.settings.workers and not self.failure:
                        self.collect(running)
                    if self.failure:
                        break
                    place = (batch_id, first, first + len(records) - 1)
                    self.ledger.attempt(self.result.run_id, place)
                    running[pool.submit(self.deliver, verb, records)] = place
                    batch_id += 1
            except BaseException as problem:  # an interrupt: what is on the wire still counts
                self.fail(problem)
            while running:
                self.collect(running)

    def batches(self) -> Iterator[tuple[str, int, list[Record]]]:
        """Yield (verb, first position, records); a batch has one verb."""
        size = self.settings.destination.batch_size
        counts = dict(self.ledger.run("select verb, count(*) from changes group by 1").fetchall())
        start = 1
        for verb in VERBS:
            end = start + counts.get(verb, 0)
            for chunk in range(start, end, size * CHUNK_BATCHES):
                rows = self.ledger.run(
                    "select record_key, remote_id, changed, [{columns}] from changes"
                    " where position between ? and ? order by position",
                    [chunk, min(chunk + size * CHUNK_BATCHES, end) - 1],
                ).fetchall()
                records = [self.record(verb, *row) for row in rows]
                for index in range(0, len(records), size):
                    yield verb, chunk + index, records[index : index + size]
            start = end

    def record(
        self, verb: str, key: str, remote_id: str | None, changed: list[str], values: list
    ) -> Record:
        """Return what to send: the changed values, or with `upsert` every value that we own."""
        named = list(zip(self.ledger.properties, values, strict=True))
        part = {name: value or "" for name, value in named if name in changed}
        whole = {name: value for name, value in named if value is not None} | part
        return Record(key, remote_id, whole if verb == "upsert" else part, whole)

    def collect(self, running: dict[Future, Place]) -> None:
        """Write down the answers that have come in; the first failure stops the run."""
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            place = running.pop(future)
            try:
                outcomes = future.result()
            except BaseException as problem:
                self.fail(problem)
            else:
                self.ledger.acknowledge(place, outcomes)
                self.count(outcomes)

    def fail(self, problem: BaseException) -> None:
        """Keep the first failure, and wake the workers that wait so that they give up as well."""
        if not self.failure or (isinstance(self.failure, Stop) and isinstance(problem, SyncError)):
            self.failure = problem
        self.transport.stopping.set()

    def count(self, outcomes: list[Outcome]) -> None:
        """Add outcomes to the result and report the progress."""
        result = self.result
        for one in outcomes:
            result.delivered += one.state == "delivered"
            result.refused += one.state == "refused"
            result.open -= one.state in ("delivered", "refused")
            if one.state == "refused" and len(result.refusals) < REASONS_KEPT:
                result.refusals.append((mask(one.key), one.reason or "no reason given"))
        self.report()

    def report(self) -> None:
        """Say how far the run has come."""
        if self.progress:
            done = self.result.delivered + self.result.refused
            self.progress(done, self.result.diff.total)

    def deliver(self, verb: str, records: list[Record]) -> list[Outcome]:
        """Send one batch until it is settled; halves it when it is refused as a whole."""
        tries = 0
        while True:
            tries += 1
            try:
                return self.settings.destination.send(self.transport.call, verb, records)
            except Transient as problem:
                self.wait_for_next_try(tries, problem)
            except Refused as problem:
                if len(records) == 1:
                    reason = redact(str(problem), records[0].key)
                    return [Outcome(records[0].key, "refused", None, reason)]
                middle = len(records) // 2
                return self.deliver(verb, records[:middle]) + self.deliver(verb, records[middle:])

    def wait_for_next_try(self, tries: int, problem: Transient) -> None:
        """Pause before the next try; raises Stop when there is none or it is too far away."""
        settings, name = self.settings, self.settings.destination.name
        if tries >= settings.max_tries:
            raise Stop(f"{name} did not recover in {tries} tries ({problem}).")
        if problem.wait is not None and problem.wait > settings.longest_wait_seconds:
            raise Stop(f"{name} asks to wait {problem.wait:,.0f} seconds ({problem}).")
        self.transport.count_retry()
        pause = backoff(tries, settings.backoff_seconds)
        if problem.wait is not None:  # everyone waits that long; jitter keeps the workers apart
            self.transport.pause(problem.wait)
            pause /= 10
        self.transport.sleep(pause)
