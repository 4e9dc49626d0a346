"""Write user attributes to one workspace of Braze.

Contract, from Braze's public documentation (braze.com/docs):

- "Create and update users", /api/endpoints/user_data/post_user_track: POST `/users/track` with
  `attributes` and the permission `users.track`. The answer is 201, `message: success`; an object in
  error is named in `errors` and the others are processed all the same. The page does not describe
  an entry of `errors`; Braze sends `{"type", "input_array", "index"}`, the index counted from zero
  within that array. An entry that names no object leaves the rest of the batch open.
- "User attributes object", /api/objects_filters/user_attributes_object: null removes an attribute,
  `external_id` cannot be removed, `_update_existing_only` never creates a profile (and Braze does
  not say that there was none), dates are ISO 8601.
- "Rate limits", /api/api_limits: up to 75 objects a request (50 with Monthly Active Users CY 24-25,
  therefore the default here), 3,000 requests per three seconds or an hourly limit by contract;
  `X-RateLimit-Reset` is when the window ends, in epoch seconds.
- "Errors & responses", /api/errors: 202 `queued` is a success; 401 and 404 for an unknown key, 403
  for an account that is not active, 400 refuses the whole request, 5XX is to be tried again.
- "Export user profile by identifier", /api/endpoints/export/user_data/post_users_identifier: 50
  ids a request, 40 requests a second when `fields_to_export` is given; custom attributes come
  under `custom_attributes`; what is empty is left out.
- "Identify users", /api/endpoints/user_data/post_user_identify: `emails_to_identify` gives an
  email-only profile an external id; permission `users.identify`.
- "Delete users", /api/endpoints/user_data/post_user_delete: permission `users.delete`.
- "Export custom attributes", /api/endpoints/export/custom_attributes/get_custom_attributes: 50 a
  page, the next one by `cursor` in the Link header; `data_type` and `status` of each.

The profile is found by `external_id`: the field of that name if one is mapped, else the key.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import httpx

from ..destination import Call, Destination, Finding, NoAnswer, Outcome, Record, Value
from ..errors import AuthError, ConfigError, redact
from ..transport import judge

WINDOW_SECONDS = 3.0
IDS_PER_EXPORT = 50
PAGES_OF_ATTRIBUTES = 40
# Also others' messages depend on these: leaving an audience does not take them away.
CONTACT_FIELDS = frozenset({"external_id", "email", "phone"})
PROFILE_FIELDS = CONTACT_FIELDS | {
    *("first_name", "last_name", "country", "home_city", "language", "time_zone", "gender", "dob"),
}
# How Braze's data_type of an attribute starts, for each kind of ours.
KINDS = {
    "text": ("string",),
    "number": ("number", "integer", "float"),
    "boolean": ("boolean",),
    "instant": ("time", "date"),
    "date": ("time", "date"),
}


class Braze(Destination):
    """User profiles of one Braze workspace, by external_id."""

    name = "braze"
    stays = CONTACT_FIELDS
    probe = "an update of a user that does not exist, which Braze drops"
    takes_arrays = True
    secrets: ClassVar = {
        "BRAZE_API_KEY": "a REST API key with the permission users.track",
    }
    options: ClassVar = {
        "objects_per_request": 50,
        "requests_per_second": 40,
        "mode": "upsert",
        "match_by_email": True,
        "account": "",
    }
    forbidden = frozenset(
        {"email_subscribe", "push_subscribe", "subscription_groups", "marked_email_as_spam_at"}
    )
    can_read = True
    can_match = True
    record_id = "external_id"

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the limits from the options; see Destination."""
        super().__init__(options, environ)
        self.batch_size = self.option["objects_per_request"]
        self.quota = (self.option["requests_per_second"], 1.0)

    @property
    def headers(self) -> dict[str, str]:
        """The key goes with every request."""
        return {"Authorization": f"Bearer {self.secret['BRAZE_API_KEY']}"}

    def check(self) -> None:
        """Raise ConfigError when the key or the address is missing, or a limit is too high."""
        super().check()
        if not self.base_url.startswith(("https://", "http://")):
            raise ConfigError(
                "Set BRAZE_BASE_URL to the REST endpoint of your Braze instance, such as "
                "https://rest.fra-01.braze.eu (Braze lists it under APIs and Identifiers)."
            )
        if not 1 <= self.batch_size <= 75:
            raise ConfigError("objects_per_request of braze must be between 1 and 75.")

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Send one batch; see Destination.send."""
        creates = operation == "add" and self.creates
        flag = {} if creates else {"_update_existing_only": True}
        values = {record.key: attributes_of(record, operation) for record in records}
        sent = [record for record in records if values[record.key] or operation == "add"]
        # Nothing is left to be sent of the others: that is as good as delivered.
        outcomes = [Outcome(record.key, "delivered") for record in records if record not in sent]
        if not sent:
            return outcomes
        self.identify(call, [record for record in sent if record.remote_id == ""])
        objects = [{**values[record.key], **flag, "external_id": id_of(record)} for record in sent]
        reply = self.request(call, "/users/track", {"attributes": objects})
        at, unplaced = {}, ""
        for error in reply.get("errors") or []:
            index = index_of(error)
            if index in range(len(sent)):
                at[index] = reason_of(error)
            else:
                unplaced = f"an error that names no user: {reason_of(error)}"
        for index, record in enumerate(sent):
            if index in at:
                outcome = Outcome(record.key, "refused", reason=self.safe(at[index], record))
            elif unplaced:
                outcome = Outcome(record.key, "open", reason=self.safe(unplaced, record))
            else:
                outcome = Outcome(record.key, "delivered", id_of(record))
            outcomes.append(outcome)
        return outcomes

    def read(
        self, call: Call, records: Sequence[Record], names: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Return what the profiles hold in these fields, by key."""
        wanted = {name if name in PROFILE_FIELDS else "custom_attributes" for name in names}
        fields = sorted(wanted | {"external_id"})
        ids = list({id_of(record): None for record in records})
        held: dict[str, dict[str, Value]] = {}
        for entry, user in self.export(call, ids, fields).items():
            values = {**(user.get("custom_attributes") or {}), **user}
            held[entry] = {name: values.get(name) for name in names}
        return {record.key: held[id_of(record)] for record in records if id_of(record) in held}

    def identify(self, call: Call, records: Sequence[Record]) -> None:
        """Give profiles that have only an address our external id."""
        people = [
            {
                "external_id": id_of(record),
                "email": record.whole["email"],
                "prioritization": ["unidentified", "most_recently_updated"],
            }
            for record in records
        ]
        if people:
            self.request(call, "/users/identify", {"emails_to_identify": people})

    def match(self, call: Call, records: Sequence[Record]) -> dict[str, list[str]]:
        """Return the external ids of the profiles that have ours, or else the address.

        The id is empty for a profile that has the address and no external id yet.
        """
        there = self.export(call, [id_of(record) for record in records], ["external_id"])
        found = {record.key: [id_of(record)] for record in records if id_of(record) in there}
        for record in records:
            address = record.whole.get("email")
            if record.key in found or not address or not self.option["match_by_email"]:
                continue
            body = {"email_address": address, "fields_to_export": ["external_id"]}
            users = self.request(call, "/users/export/ids", body).get("users", [])
            if users:
                found[record.key] = [user.get("external_id") or "" for user in users]
        return found

    def count(self, call: Call) -> int:
        """Return 1: Braze does not say how many there are, so people who are new are counted."""
        return 1

    def export(
        self, call: Call, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, Any]]:
        """Return the profiles with these external ids."""
        users = []
        for start in range(0, len(ids), IDS_PER_EXPORT):
            body = {"external_ids": ids[start : start + IDS_PER_EXPORT], "fields_to_export": fields}
            users += self.request(call, "/users/export/ids", body).get("users", [])
        return {user["external_id"]: user for user in users}

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Delete the profile; also good when there is none."""
        self.request(call, "/users/delete", {"external_ids": [remote_id or key]})
        return True

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Yield findings: the key may write, and no attribute has another type or is blocked."""
        if self.may_probe:
            # Of a profile that does not exist, updates only: Braze drops the object.
            nobody = {"external_id": "audience-engine-doctor", "_update_existing_only": True}
            try:
                self.request(call, "/users/track", {"attributes": [{**nobody, "first_name": None}]})
            except (AuthError, ConfigError) as problem:
                yield Finding("API key", False, str(problem))
                return
            yield Finding("API key", True, "may write attributes")
        else:
            yield Finding("API key", True, f"not tried; --probe posts {self.probe}")
        try:
            known = self.custom_attributes(call)
        except AuthError:
            detail = "not compared: the key lacks the permission custom_attributes.get"
            yield Finding("attributes", True, detail)
            return
        for name in sorted(set(fields) - PROFILE_FIELDS):
            yield compared(name, fields[name], known.get(name))

    def custom_attributes(self, call: Call) -> dict[str, dict[str, Any]]:
        """Return what Braze knows of each custom attribute, by name."""
        known: dict[str, dict[str, Any]] = {}
        cursor = None
        for _ in range(PAGES_OF_ATTRIBUTES):
            params = {"cursor": cursor} if cursor else None
            response = call("GET", "/custom_attributes", params=params)
            known |= {
                attribute["name"]: attribute
                for attribute in self.checked(response).get("attributes", [])
            }
            link = response.links.get("next", {}).get("url", "")
            cursor = httpx.URL(link).params.get("cursor")
            if not cursor:
                break
        return known

    def request(self, call: Call, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make one POST and return the body of a good answer."""
        return self.checked(call("POST", path, json=body))

    def checked(self, response: httpx.Response) -> dict[str, Any]:
        """Return the body of a good answer; raise the signal that fits any other."""
        if response.status_code == 404:
            raise ConfigError(
                "Braze answers 404: check that BRAZE_BASE_URL is the REST endpoint of the instance "
                "that BRAZE_API_KEY belongs to."
            )
        body = judge(
            response,
            who="Braze",
            rights="Check BRAZE_API_KEY and its permissions (users.track; users.export.ids and "
            "users.identify to take over who is there; users.delete to erase).",
            # Braze repeats a wrong key in its message.
            reason=lambda body: redact(reason_of(body), self.secret["BRAZE_API_KEY"]),
            pause=until_reset(response),
        )
        if not isinstance(body, dict) or body.get("message") is None:
            raise NoAnswer(f"HTTP {response.status_code} without a message")
        return body

    def safe(self, text: str, record: Record) -> str:
        """Return a reason without the key, the address and the number of a person."""
        held = {**record.whole, **record.values}
        private = (str(held[name]) for name in CONTACT_FIELDS if held.get(name))
        return redact(text, self.secret["BRAZE_API_KEY"], record.key, *private)


def id_of(record: Record) -> str:
    """Return the external_id: the mapped one, the one delivered before, or the key."""
    return str(record.whole.get("external_id") or record.remote_id or record.key)


def attributes_of(record: Record, operation: str) -> dict[str, Value]:
    """Return the attributes to send, without the identifier."""
    moved = operation == "update" and record.remote_id not in (None, id_of(record))
    values = record.whole if moved else record.values  # another profile has none of ours yet
    kept = CONTACT_FIELDS if operation == "remove" else {"external_id"}
    return {name: value for name, value in values.items() if name not in kept}


def index_of(error: Any) -> int | None:
    """Return which object of `attributes` an error is about, None when it names none."""
    is_ours = isinstance(error, dict) and error.get("input_array", "attributes") == "attributes"
    return error.get("index") if is_ours else None


def reason_of(body: Any) -> str:
    """Return the readable part of an answer or of one entry of `errors`."""
    if not isinstance(body, dict):
        return str(body)
    errors = body.get("errors") or []
    own = body.get("message") or body.get("type") or ""
    return "; ".join(str(part) for part in [own, *map(reason_of, errors)] if part)


def until_reset(response: httpx.Response) -> float:
    """Return the seconds until the rate limit's window ends."""
    try:
        return max(0.0, float(response.headers["X-RateLimit-Reset"]) - time.time())
    except (KeyError, ValueError):
        return WINDOW_SECONDS


def compared(name: str, kind: str, known: Mapping[str, Any] | None) -> Finding:
    """Return what to say about one custom attribute."""
    if known is None:
        return Finding(name, True, "Braze creates it at the first write")
    if str(known.get("status", "")).lower().startswith("block"):
        return Finding(name, False, "is on the blocklist in Braze; activate it or rename the field")
    type_ = str(known.get("data_type", "")).lower()
    is_fine = not type_ or type_.startswith(KINDS.get(kind, ()))
    return Finding(name, is_fine, "" if is_fine else f"is {type_} in Braze but {kind} here")
