"""Tell Segment or RudderStack who entered and left a segment, as `track` events.

Contract, from Segment's public documentation (segment.com/docs), which RudderStack's HTTP API
(rudderstack.com/docs/api/http-api) follows:

- "HTTP API Source", /connections/sources/catalog/libraries/server/http-api: POST `/v1/batch` with
  `batch`, a list of events with `type`, `userId`, `event`, `properties`, `timestamp` and
  `messageId`; user name of Basic authentication is the write key; at most 500 KB a request and
  32 KB an event, and fewer than 50 requests a second.
- Segment answers 200 and `{"success": true}` to whatever it can parse, also for a write key that it
  does not know; RudderStack 200 and `OK`, 401 for such a key. 400 is a body that is too large or no
  JSON. What became of an event is seen in their debuggers only.
- Events with a `messageId` that was seen within the last day are dropped. Here it follows from the
  key, the instant of entering and what was answered last, so a try that is repeated says nothing
  twice, and who comes back is told again.

A row is one person in one segment: `userId`, `audience` and `timestamp` (when the person entered)
must be mapped, other fields are properties of the event. An exit is told with the instant of the
push. A change of other properties is no event. Nothing can be read or erased this way.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import httpx

from ..destination import Call, Destination, Outcome, Record, Transient, key_parts
from ..errors import ConfigError
from ..transport import json_of, judge

LARGEST_EVENT, LARGEST_REQUEST = 32_000, 490_000
FRAME = frozenset({"userId", "audience", "timestamp"})


class Tracking(Destination):
    """One source of events; the remote id is the person, the audience and the id of the event."""

    options: ClassVar = {"entered": "Audience Entered", "exited": "Audience Exited", "account": ""}
    needs = FRAME
    memberships = frozenset({"audience"})
    takes_arrays = True
    counts_turns = True
    quota = (50, 1.0)
    key_variable: ClassVar[str] = ""

    @property
    def headers(self) -> dict[str, str]:
        """The write key goes with every request."""
        pair = f"{self.secret[self.key_variable]}:".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def check(self) -> None:
        """Raise ConfigError when the write key or the address is missing."""
        super().check()
        if not self.base_url:
            raise ConfigError(f"Set {self.name.upper()}_BASE_URL to the address of the data plane.")

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Send one event per record; see `Destination.send`."""
        outcomes, events = [], []
        for record in records:
            if operation == "update" and record.remote_id:
                outcomes.append(Outcome(record.key, "delivered"))
                continue
            event = self.exit(record) if operation == "remove" else self.entry(record)
            text = json.dumps(event, ensure_ascii=False)
            if len(text.encode()) > LARGEST_EVENT:
                outcomes.append(Outcome(record.key, "refused", None, "larger than 32 KB"))
                continue
            names = event["userId"], event["properties"]["audience"], event["messageId"]
            events.append((text, Outcome(record.key, "delivered", json.dumps(names))))
        for part in parts_of(events):
            self.post(call, [text for text, _ in part])
            outcomes += [outcome for _, outcome in part]
        return outcomes

    def entry(self, record: Record) -> dict[str, Any]:
        """Return the event of somebody who entered."""
        held = record.whole | record.values
        more = {name: value for name, value in held.items() if name not in FRAME}
        return {
            "type": "track",
            "event": self.option["entered"],
            "userId": str(held["userId"]),
            "timestamp": held["timestamp"],
            "messageId": digest(record.key, str(held["timestamp"]), *turn_of(record)),
            "properties": {"audience": held["audience"], **more},
        }

    def exit(self, record: Record) -> dict[str, Any]:
        """Return the event of somebody who left; what the entry said is in the remote id."""
        person, audience = key_parts(record.key)
        names = (person, audience, "\n".join([record.key, *turn_of(record)]))
        if record.remote_id:
            names = json.loads(record.remote_id)
        return {
            "type": "track",
            "event": self.option["exited"],
            "userId": names[0],
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "messageId": digest("exit", names[2]),
            "properties": {"audience": names[1]},
        }

    def post(self, call: Call, events: Sequence[str]) -> None:
        """Make one request; only the words that the vendor has for a success are one."""
        content = f'{{"batch":[{",".join(events)}]}}'.encode()
        kind = {"Content-Type": "application/json"}
        response = call("POST", "/v1/batch", content=content, headers=kind)
        if not is_success(response):
            rights = f"Check {self.key_variable}."
            judge(response, who=self.name.capitalize(), rights=rights, reason=str)
            raise Transient("an answer that says nothing of a success")


class Segment(Tracking):
    """A source of Segment."""

    name = "segment"
    address = "https://api.segment.io"  # the EU has https://events.eu1.segmentapis.com
    secrets: ClassVar = {"SEGMENT_WRITE_KEY": "the write key of an HTTP API source"}
    key_variable = "SEGMENT_WRITE_KEY"


class RudderStack(Tracking):
    """A source of RudderStack."""

    name = "rudderstack"
    secrets: ClassVar = {"RUDDERSTACK_WRITE_KEY": "the write key of an HTTP source"}
    key_variable = "RUDDERSTACK_WRITE_KEY"


def is_success(response: httpx.Response) -> bool:
    """Whether an answer says that the events were taken."""
    body = json_of(response)
    is_told = isinstance(body, dict) and body.get("success") is True
    return response.status_code == 200 and (is_told or response.text.strip().strip('"') == "OK")


def turn_of(record: Record) -> list[str]:
    """Return what tells one stay of a person from the next; nothing for the first."""
    return [str(record.turn)] if record.turn else []


def digest(*texts: str) -> str:
    """Return a name that the same texts always have."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]


def parts_of(events: Sequence[tuple[str, Outcome]]) -> list[list[tuple[str, Outcome]]]:
    """Return the events in requests that are not too large."""
    parts: list[list[tuple[str, Outcome]]] = []
    size = LARGEST_REQUEST
    for event in events:
        length = len(event[0].encode()) + 1
        if size + length > LARGEST_REQUEST:
            parts.append([])
            size = 0
        parts[-1].append(event)
        size += length
    return parts
