"""Send the changes in batches and write down what became of each record."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import accumulate

import duckdb

from .config import Sync
from .destination import OPERATIONS, NoAnswer, Outcome, Record, Refused, Stop, Transient
from .diff import Diff, masked
from .errors import SyncError, redact
from .ledger import BATCHES_OF_A_RUN, Ledger
from .transport import Transport, backoff

CHUNK_RECORDS = 20_000  # read at a time; after as many, what arrived leaves the outbox
REASONS_KEPT = 50
# The phase before all others: memberships that an unanswered request may have left are ended.
TAKE_BACK = "take back"
# What a plug-in raises over a value that cannot be sent, or an answer that nobody documents.
ODD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# After one of these nothing of what has no outcome was taken by the destination.
NOT_SENT = (Stop, Transient, SyncError)

Progress = Callable[[int, int], None]


@dataclass
class PushResult:
    """What a push did.

    `delivered`, `refused`, `absent` (not there, and not to be created), `noted` (nothing to send,
    as where nothing can be taken back) and `open` count records;
    `open` ones stay for the next push and `stopped` says why. `refusals` are (masked key, reason)
    of at most 50 refused records.
    `run_id` is None when there was nothing to push.
    """

    sync: str
    destination: str
    diff: Diff
    run_id: int | None = None
    delivered: int = 0
    refused: int = 0
    open: int = 0
    absent: int = 0
    noted: int = 0
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0
    refusals: list[tuple[str, str]] = field(default_factory=list)
    stopped: str | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 when everything arrived, 3 when records were refused or are still open."""
        return 3 if self.refused or self.open or self.stopped else 0


@dataclass
class Batch:
    """Records that go out together; `touched` is what they name at the destination.

    `marks` say, by key, what is taken back.
    """

    phase: str
    number: int = 0
    positions: list[int] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    settled: dict[str, Outcome] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def operation(self) -> str:
        """What the destination is asked to do."""
        return "remove" if self.phase == TAKE_BACK else self.phase

    def add(self, position: int, record: Record, touched: set[str]) -> None:
        """Take one more record; `position` is its place in the difference."""
        self.positions.append(position)
        self.records.append(record)
        self.touched |= touched


class Delivery:
    """One run: batches go out through a few workers, the answers come back to this thread.

    Only this thread touches the ledger; the workers only make requests.
    """

    def __init__(
        self,
        sync: Sync,
        ledger: Ledger,
        difference: duckdb.DuckDBPyRelation,
        result: PushResult,
        progress: Progress | None,
    ) -> None:
        self.sync, self.ledger, self.difference = sync, ledger, difference
        self.result, self.progress = result, progress
        self.destination = sync.destination
        self.workers = min(sync.workers, self.destination.max_workers)
        self.if_empty = [name for name, how in sync.remote.items() if how == "set_if_empty"]
        self.transport = Transport(self.destination, timeout_seconds=sync.timeout_seconds)
        self.failure: BaseException | None = None
        self.running: dict[Future, Batch] = {}
        self.unsettled: set[str] = set()  # remote identities of which nobody knows what they hold
        self.left_out: set[str] = set()  # keys whose first half was refused, or nobody knows

    def run(self) -> None:
        """Send everything; raises the SyncError that ended the run, if one did."""
        result = self.result
        result.run_id = self.ledger.start_run(result.diff.counts)
        result.open = result.diff.total
        self.report()
        self.destination.begin(self.sync.name, result.run_id)
        try:
            self.send_changes()
            self.destination.end()
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
        emptied = self.ledger.value(
            "select count(*) from {t}.delivered where sync = {sync} and payload_hash = ''"
        )
        result.open = max(result.open, emptied)  # by the remove of another name of theirs
        if not self.destination.is_idempotent:
            self.ledger.hold_unknown()
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
        """Send the changes, phase by phase: who must leave is gone before anybody comes.

        An add may meet the remote record of a remove under another address, which nobody knows
        before its answer: so each phase ends before the next begins.
        """
        batch_id = self.result.run_id * BATCHES_OF_A_RUN
        since_fold = 0
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                for planned in self.batches():
                    self.make_room(planned)
                    if self.failure:
                        break
                    batch = self.without_waiting(planned)
                    if not batch.records:
                        continue
                    if since_fold >= CHUNK_RECORDS:
                        self.ledger.fold()
                        since_fold = 0
                    batch.number = batch_id
                    self.ledger.attempt(
                        self.difference, self.result.run_id, batch_id, batch.positions
                    )
                    self.running[pool.submit(self.deliver, batch)] = batch
                    batch_id, since_fold = batch_id + 1, since_fold + len(batch.records)
            except BaseException as problem:  # an interrupt: what is on the wire still counts
                self.fail(problem)
            while self.running:
                self.collect()

    def make_room(self, batch: Batch) -> None:
        """Wait for a free worker, and for all that has to be over before this batch."""
        while self.running and not self.failure:
            others = self.running.values()
            if (
                len(self.running) < self.workers
                and all(other.phase == batch.phase for other in others)
                and not any(other.touched & batch.touched for other in others)
            ):
                return
            self.collect()

    def batches(self) -> Iterator[Batch]:
        """Yield what to send; no batch has two records of one remote identity."""
        yield from self.batches_to_take_back()
        counts = self.result.diff.counts
        ends = dict(zip(OPERATIONS, accumulate(counts.values()), strict=True))
        for phase in self.destination.phases:
            operation = "update" if phase == "leave" else phase
            end = ends[operation] + 1
            start = end - counts[operation]
            size = self.destination.batch_of(operation, self.result.diff.total)
            step = max(size, CHUNK_RECORDS // size * size)
            for chunk in range(start, end, step):
                rows = self.ledger.run(
                    "select position, record_key, remote_id, changed, payload from difference"
                    " where position between ? and ? order by position",
                    [chunk, min(chunk + step, end) - 1],
                    difference=self.difference,
                ).fetchall()
                places = [(position, record_of(operation, *row)) for position, *row in rows]
                places = self.with_turns(self.with_tried(operation, places))
                for index in range(0, len(places), size):
                    yield from self.one_by_one(phase, places[index : index + size])

    def batches_to_take_back(self) -> Iterator[Batch]:
        """Yield what ends memberships that nobody wants any more, and that may be there."""
        size = self.destination.batch_of("remove", self.result.diff.total)
        rows = self.ledger.loose(self.difference)
        while rows:
            wave = {row[1]: row for row in rows}  # one of each key
            rows = [row for row in rows if wave[row[1]] is not row]
            marks = {key: mark for key, (*_, mark) in wave.items()}
            places = [
                (position, replace(record_of("add", key, remote, [], payload or "{}"), values={}))
                for position, key, remote, payload, _ in wave.values()
            ]
            for start in range(0, len(places), size):
                some = self.with_turns(places[start : start + size])
                for batch in self.one_by_one(TAKE_BACK, some):
                    batch.marks = marks
                    yield batch

    def with_tried(
        self, operation: str, places: list[tuple[int, Record]]
    ) -> list[tuple[int, Record]]:
        """Give removes of no known id what was sent last: it says whom that may have made."""
        if operation != "remove" or self.destination.tells_removes:
            return places
        tried = self.ledger.tried([record.key for _, record in places if not record.remote_id])
        return [
            (position, replace(record, whole=given(tried.get(record.key))))
            for position, record in places
        ]

    def with_turns(self, places: list[tuple[int, Record]]) -> list[tuple[int, Record]]:
        """Give each record its turn, where the destination counts them."""
        if not self.destination.counts_turns:
            return places
        turns = self.ledger.turns([record.key for _, record in places])
        return [
            (position, replace(record, turn=turns.get(record.key, 0)))
            for position, record in places
        ]

    def one_by_one(self, phase: str, places: list[tuple[int, Record]]) -> Iterator[Batch]:
        """Yield batches in which each remote identity is met once, in the order of the records."""
        while places:
            batch, later = Batch(phase), []
            for position, record in places:
                touched = self.destination.touched(record) | {record.key}
                if touched & batch.touched:
                    later.append((position, record))
                    batch.touched |= touched
                else:
                    batch.add(position, record, touched)
            yield batch
            places = later

    def without_waiting(self, batch: Batch) -> Batch:
        """Leave out what has to wait: an earlier change of the same record is not settled."""
        allowed = Batch(batch.phase, marks=batch.marks)
        for position, record in zip(batch.positions, batch.records, strict=True):
            touched = self.destination.touched(record)
            if not touched & self.unsettled and record.key not in self.left_out:
                allowed.add(position, record, touched)
        return allowed

    def collect(self) -> None:
        """Write down the answers that have come in; the first failure stops the run."""
        for future in wait(self.running, return_when=FIRST_COMPLETED).done:
            batch = self.running.pop(future)
            problem = future.exception()
            if problem:
                self.fail(problem)
            self.settle(batch)
            if isinstance(problem, NOT_SENT) and not self.destination.is_idempotent:
                self.ledger.withdraw(batch.number)  # it goes again by itself

    def settle(self, batch: Batch) -> None:
        """Write down what became of the records of a batch."""
        outcomes = list(batch.settled.values())
        if batch.phase == TAKE_BACK:
            ended = {outcome.key for outcome in outcomes if outcome.state == "delivered"}
            gone = [record for record in batch.records if record.key in ended]
            names = {name for record in gone for name in self.destination.touched(record)}
            marks = [(key, batch.marks[key]) for key in sorted(ended)]
            self.ledger.settle_loose(marks, sorted(names), self.destination.identities)
        if batch.phase in ("leave", TAKE_BACK):  # only half: what left has yet to come
            outcomes = [outcome for outcome in outcomes if outcome.state != "delivered"]
            self.left_out |= {outcome.key for outcome in outcomes}
        self.ledger.acknowledge(self.result.run_id, batch.number, outcomes)
        self.count(outcomes)
        unknown = {outcome.key for outcome in outcomes if outcome.state == "open"}
        for record in batch.records if unknown else []:
            if record.key in unknown:
                self.unsettled |= self.destination.touched(record)

    def fail(self, problem: BaseException) -> None:
        """Keep the first failure, and wake the workers that wait so that they give up as well."""
        if not self.failure or (isinstance(self.failure, Stop) and isinstance(problem, SyncError)):
            self.failure = problem
        self.transport.stopping.set()

    def count(self, outcomes: list[Outcome]) -> None:
        """Add outcomes to the result and report the progress."""
        result = self.result
        for outcome in outcomes:
            result.delivered += outcome.state == "delivered"
            result.refused += outcome.state == "refused"
            result.absent += outcome.state == "absent"
            result.noted += outcome.state == "noted"
            result.open -= outcome.state != "open"
            if outcome.state == "refused" and len(result.refusals) < REASONS_KEPT:
                result.refusals.append((masked(outcome.key), outcome.reason or "no reason given"))
        self.report()

    def report(self) -> None:
        """Say how far the run has come."""
        if self.progress:
            result = self.result
            done = result.delivered + result.refused + result.absent + result.noted
            self.progress(done, result.diff.total)

    def deliver(self, batch: Batch) -> None:
        """Send one batch until every record is settled or given up; fills `batch.settled`."""
        tries = 0
        while True:
            tries += 1
            left = [
                record
                for record in batch.records
                if record.key not in batch.settled or batch.settled[record.key].state == "open"
            ]
            for outcome in self.send(batch, left):
                batch.settled[outcome.key] = clean(outcome)
            # What the destination did not say anything about is asked again, a few times.
            is_open = any(outcome.state == "open" for outcome in batch.settled.values())
            if not is_open or not self.destination.is_idempotent or tries >= self.sync.max_tries:
                return
            self.transport.count_retry()
            self.transport.sleep(backoff(tries, self.sync.backoff_seconds))

    def send(self, batch: Batch, records: list[Record]) -> Iterator[Outcome]:
        """Send until there is an answer; halves the batch when it is refused as a whole.

        Yields what is settled as soon as it is, so that a later failure does not forget it.
        """
        tries = 0
        while True:
            tries += 1
            try:
                call = self.transport.call
                known, settled = self.destination.adopt(call, batch.operation, records)
                sent = self.without_filled(batch.operation, known)
                yield from settled
                yield from self.destination.send(call, batch.operation, sent) if sent else ()
            except NoAnswer as problem:
                if not self.destination.is_idempotent:
                    for record in records:
                        yield Outcome(record.key, "open", reason=str(problem))
                    return
                self.wait_for_next_try(tries, problem)
            except Transient as problem:
                self.wait_for_next_try(tries, problem)
            except ODD as problem:  # whatever it says can hold a person's data: only name it
                if len(records) == 1 or not self.destination.is_idempotent:
                    what = f"cannot be sent, or the answer not be read ({type(problem).__name__})"
                    yield from (Outcome(record.key, "open", reason=what) for record in records)
                    return
                yield from self.halves(batch, records)
                return
            except Refused as problem:
                if len(records) == 1:
                    reason = redact(str(problem), records[0].key)
                    yield Outcome(records[0].key, "refused", None, reason)
                    return
                yield from self.halves(batch, records)
                return
            else:
                return

    def halves(self, batch: Batch, records: list[Record]) -> Iterator[Outcome]:
        """Send both halves of what did not go as a whole, so that one does not stop the others."""
        middle = len(records) // 2
        yield from self.send(batch, records[:middle])
        yield from self.send(batch, records[middle:])

    def without_filled(self, operation: str, records: list[Record]) -> list[Record]:
        """Return the records without the values that must not overwrite what is there."""
        asking = [record for record in records if set(self.if_empty) & set(record.values)]
        if not asking or operation == "remove":
            return records
        held = self.destination.read(self.transport.call, asking, self.if_empty)
        return [
            replace(
                record,
                values=without(record.values, held.get(record.key)),
                whole=without(record.whole, held.get(record.key)),
            )
            for record in records
        ]

    def wait_for_next_try(self, tries: int, problem: Transient) -> None:
        """Pause before the next try; raises Stop when there is none or it is too far away."""
        sync, name = self.sync, self.destination.name
        if tries >= sync.max_tries:
            raise Stop(f"{name} did not recover in {tries} tries ({problem}).")
        if problem.wait is not None and problem.wait > sync.longest_wait_seconds:
            raise Stop(f"{name} asks to wait {problem.wait:,.0f} seconds ({problem}).")
        self.transport.count_retry()
        pause = backoff(tries, sync.backoff_seconds)
        if problem.wait is not None:  # everyone waits that long; jitter keeps the workers apart
            self.transport.pause(problem.wait)
            pause /= 10
        self.transport.sleep(pause)


def record_of(
    operation: str, key: str, remote_id: str | None, changed: list[str], payload: str
) -> Record:
    """Return what to send: the changed values, and with an add everything else as well."""
    whole = given(payload)
    if operation == "remove":
        return Record(key, remote_id, dict.fromkeys(changed), {})
    values = {name: whole.get(name) for name in changed}
    return Record(key, remote_id, whole | values if operation == "add" else values, whole)


def given(payload: str | None) -> dict:
    """Return what a payload gives: its values without the nulls."""
    held = json.loads(payload or "{}")
    return {name: value for name, value in held.items() if value is not None}


def without(values: dict, held: dict | None) -> dict:
    """Return the values whose field is empty at the destination, or not asked for."""
    filled = {name for name, value in (held or {}).items() if value not in (None, "")}
    return {name: value for name, value in values.items() if name not in filled}


def clean(outcome: Outcome) -> Outcome:
    """Return an outcome whose reason is safe to keep, whatever the plug-in put there."""
    if not outcome.reason:
        return outcome
    return replace(outcome, reason=redact(outcome.reason, outcome.key))
