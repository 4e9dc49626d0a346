"""Write data fields of users to one Iterable project that knows them by e-mail address.

Contract, from Iterable's public documentation (support.iterable.com, api.iterable.com/api/docs) and
the schemas of its own client (github.com/Iterable/api-client, src/types, read in November 2026):

- POST `/api/users/bulkUpdate`: `users` with `email` and `dataFields`; users that are not there are
  created. The answer has `successCount`, `failCount`, `failedUpdates` (lists of addresses by kind)
  and `filteredOutFields`, names that were dropped.
- GET `/api/users/getByEmail`: `user`, left out when there is none.
- POST `/api/users/forget`: erases, within ten minutes; `code` is Success.
- "API Keys": header `Api-Key`; the key belongs to one project and data center, and projects in the
  EU are at api.eu.iterable.com. 429 when a limit is exceeded.
- "Updating a User's Email Address or User ID": wait 60 seconds before another call about a user. So
  an update is one request here, and a remove asks before it writes.
- Not documented where we read: that null empties a field, the largest batch (200 is ours) and the
  requests a second (4 is ours).

Lists and subscriptions are not touched. Where a remove finds nobody, there is nothing to empty.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import httpx

from ..destination import NAMELESS, Call, Destination, Finding, Outcome, Record, Refused, Value
from ..errors import AuthError, ConfigError, redact
from ..transport import json_of, judge

RIGHTS = "Check ITERABLE_API_KEY (a server-side key of this project and data center)."
PERSONAL = frozenset({"email", "userId"})


class Iterable(Destination):
    """Users of one project, keyed by e-mail address."""

    name = "iterable"
    stays = PERSONAL
    address = "https://api.iterable.com"
    secrets: ClassVar = {"ITERABLE_API_KEY": "a server-side API key"}
    options: ClassVar = {"mode": "upsert", "requests_per_second": 4, "account": ""}
    forbidden = frozenset(
        {"emailListIds", "subscribedMessageTypeIds", "unsubscribedMessageTypeIds"}
        | {"unsubscribedChannelIds", "receivedSMSDisclaimer"}
    )
    takes_arrays = True
    can_read = True
    can_match = True
    takes_over = True  # a user is found under the address
    look_at_most = 500  # one request each
    batch_size = 200

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the rate from the options; see Destination."""
        super().__init__(options, environ)
        self.quota = (max(1, self.option["requests_per_second"]), 1.0)

    @property
    def headers(self) -> dict[str, str]:
        """The key goes with every request."""
        return {"Api-Key": self.secret["ITERABLE_API_KEY"]}

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Send one batch; see Destination.send."""
        if operation == "remove":
            nameless = [record for record in records if "@" not in address_of(record)]
            outcomes = [Outcome(o.key, "refused", None, NAMELESS) for o in nameless]
            records = [record for record in records if record not in nameless]
            there = self.match(call, records)
            gone = [record.key for record in records if record.key not in there]
            outcomes += [Outcome(key, "delivered") for key in gone]
            records = [record for record in records if record.key in there]
        else:
            outcomes = []
        fields = {record.key: fields_of(record, operation) for record in records}
        sent = [record for record in records if fields[record.key] or operation == "add"]
        outcomes += [Outcome(o.key, "delivered") for o in records if o not in sent]
        if not sent:
            return outcomes
        users = [{"email": address_of(o), "dataFields": fields[o.key]} for o in sent]
        answer = self.checked(call("POST", "/api/users/bulkUpdate", json={"users": users}))
        dropped = sorted(
            set(answer.get("filteredOutFields") or [])
            & {name for v in fields.values() for name in v}
        )
        if dropped:
            raise ConfigError(f"Iterable drops {dropped}: create them there or correct their type.")
        return outcomes + outcomes_of(sent, answer)

    def user(self, call: Call, address: str) -> dict[str, Any] | None:
        """Return a user, None when there is none."""
        response = call("GET", "/api/users/getByEmail", params={"email": address})
        body = json_of(response)
        if response.status_code == 200 and isinstance(body, dict):
            return body.get("user")
        return self.checked(response).get("user")

    def match(self, call: Call, records: Sequence[Record]) -> dict[str, list[str]]:
        """Return the addresses of those who are there."""
        found = {record.key: self.user(call, address_of(record)) for record in records}
        return {key: [user["email"]] for key, user in found.items() if user}

    def count(self, call: Call) -> int:
        """Return 1: Iterable does not say how many there are, so people who are new are counted."""
        return 1

    def read(
        self, call: Call, records: Sequence[Record], names: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Return what the users hold in these fields, by key."""
        found = {record.key: self.user(call, address_of(record)) for record in records}
        return {
            key: {name: {**user.get("dataFields", {}), **user}.get(name) for name in names}
            for key, user in found.items()
            if user
        }

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Have a user forgotten, and never made again."""
        if "@" not in (address := remote_id or key):
            raise Refused(NAMELESS)
        self.checked(call("POST", "/api/users/forget", json={"email": address}))
        return True

    def erase_sent(self, call: Call, record: Record) -> bool:
        """Have the address forgotten that was sent, whether or not it is there yet."""
        return self.erase(call, record.key, address_of(record))

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Look at the key and the fields that the project knows."""
        try:
            known = self.checked(call("GET", "/api/users/getFields"))["fields"]
        except AuthError as problem:
            yield Finding("API key", False, str(problem))
            return
        yield Finding("API key", True)
        for name in sorted(set(fields) - PERSONAL):
            detail = "" if name in known else "Iterable creates it at the first write"
            yield Finding(name, True, detail)

    def checked(self, response: httpx.Response) -> dict[str, Any]:
        """Return the body of a good answer; raise the signal that fits any other."""
        return judge(
            response,
            who="Iterable",
            rights=RIGHTS,
            reason=lambda body: redact(f"{body['code']}: {body['msg']}", *self.secret.values()),
            pause=1.0,
        )


def address_of(record: Record) -> str:
    """Return the address of a user: the one known, else the mapped one, else the key."""
    return str(record.remote_id or record.whole.get("email") or record.key)


def fields_of(record: Record, operation: str) -> dict[str, Value]:
    """Return the data fields to send, without what names the user."""
    values = record.values if record.remote_id else record.whole | record.values
    kept = PERSONAL if operation == "remove" else {"email"}
    return {name: value for name, value in values.items() if name not in kept}


def outcomes_of(records: Sequence[Record], answer: Mapping[str, Any]) -> list[Outcome]:
    """Return what became of each user; what no count covers is open."""
    failed = {
        str(address).lower(): kind
        for kind, addresses in (answer.get("failedUpdates") or {}).items()
        if kind.endswith("Emails")
        for address in addresses
    }
    counted = answer.get("successCount", 0) + len(failed) == len(records)
    outcomes = []
    for record in records:
        address = address_of(record)
        if address.lower() in failed:
            outcomes.append(Outcome(record.key, "refused", None, failed[address.lower()]))
        elif counted:
            outcomes.append(Outcome(record.key, "delivered", address))
        else:
            reason = "the counts of the answer leave it open"
            outcomes.append(Outcome(record.key, "open", None, reason))
    return outcomes
