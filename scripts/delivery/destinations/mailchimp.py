"""Send merge fields and tags to the members of a Mailchimp audience, never their status.

Contract, from Mailchimp's public documentation (mailchimp.com/developer/marketing):

- "Add or update list member", /api/list-members/add-or-update-list-member: PUT under the MD5 of the
  lower-case address; `status_if_new` applies only to an address that is not on the list; with
  `skip_merge_validation` a required merge field may be missing. "Update list member" (PATCH) never
  creates; "Get member info" gives `status` and `tags`.
- "Batch subscribe or unsubscribe", /api/lists/batch-subscribe-or-unsubscribe: 500 members a call,
  but `update_existing` is what changes the status of existing members, and `status_if_new` is
  documented for the PUT only. So every member is a request of its own here, and many of them go
  as "Batch operations", /api/batch-operations: POST /batches with method, path, params, body and
  operation_id of each; `status` finished; `response_body_url` is a signed address, for ten minutes,
  of a tar.gz of JSON lists with `status_code`, `operation_id` and `response`; at most 500 batches
  are pending.
- "Add or remove member tags", /api/list-member-tags/add-or-remove-member-tags: `active` adds a tag,
  `inactive` removes it, 204.
- "Delete list member" (delete-permanent): erases personal data and makes it impossible to import
  the address again.
- "API Root", /api/root/list-api-root-resources: GET `/3.0/` gives the `account_id` of the key.
- "Merge Fields", /docs/merge-fields, and "Add merge field", /api/list-merges/add-merge-field: the
  types text, number, date and others.
- "Fundamentals", /docs/fundamentals: basic authentication with any user and the API key, whose
  suffix names the data center; at most 10 simultaneous connections, then 429; no rate in time and
  no Retry-After. Under very high load a 403 that is not JSON means the same.
- "Errors", /docs/errors: `title`, `detail` and `errors` of fields; "Member In Compliance State" and
  "Forgotten Email Not Subscribed" are for good.
- Not documented, and relied on: an empty text empties a merge field, an unknown merge tag is
  dropped without an error, and an answer holds every merge field of the audience.

Fields: `email`; `tags` (names joined by semicolons) or, for rows that are one tag and one person,
`tag`; every other name in upper case is a merge tag. The remote id is the MD5 and our tags. Who is
unsubscribed, cleaned or archived is refused; a new address gets the option `status_if_new`, by
default `transactional`, which subscribes nobody.
"""

import base64
import hashlib
import io
import json
import re
import tarfile
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx

from ..destination import (
    NAMELESS,
    Call,
    Destination,
    Finding,
    Outcome,
    Record,
    Refused,
    Stop,
    Transient,
    Value,
    key_parts,
    url,
)
from ..errors import AuthError, ConfigError, redact
from ..transport import json_of, judge

DATA_CENTER = re.compile(r"-([a-z]+\d+)$")
PHONE = re.compile(r"\+?\d[\d ().-]{5,}\d")
NO_MEMBER_FIELDS = frozenset({"email", "tag", "tags"})
NEVER = frozenset({"unsubscribed", "cleaned", "archived"})
STATUSES = ("transactional", "pending", "subscribed", "unsubscribed")
PAUSE_SECONDS = 10.0
LOAD_SECONDS = 60.0
SINGLY, IN_A_BATCH = 5, 500
# Kinds of columns → types of merge fields that take them; the first one is created.
TYPES = {
    "text": ("text", "phone", "url", "imageurl", "zip", "dropdown", "radio"),
    "number": ("number", "text"),
    "boolean": ("text", "dropdown", "radio"),
    "instant": ("text", "date"),
    "date": ("date", "text"),
}


@dataclass(frozen=True)
class Request:
    """One request of a job; `arguments` are those of a call."""

    method: str
    path: str
    arguments: dict[str, Any]


# What one member takes: yields requests, is sent the answers, returns what became of the member.
Job = Generator[Request, Any, Outcome]


class Mailchimp(Destination):
    """Members of one Mailchimp audience, keyed by e-mail address, or by tag and address."""

    name = "mailchimp"
    secrets: ClassVar = {"MAILCHIMP_API_KEY": "an API key of a user who may manage the audience"}
    options: ClassVar = {
        "account": "",
        "audience": "",
        "status_if_new": "transactional",
        "mode": "upsert",
        "batch_above": 1000,
        "batch_minutes": 60.0,
        "poll_seconds": 5.0,
        "requests_per_second": 10,
    }
    needs = frozenset({"email"})
    memberships = frozenset({"tag", "tags"})
    stays = needs
    forbidden = frozenset(
        {"status", "status_if_new", "email_type", "interests", "marketing_permissions", "vip"}
        | {"consents_to_one_to_one_messaging", "ip_opt", "timestamp_opt", "ip_signup"}
        | {"timestamp_signup", "sms_subscription_status", "language"}
    )
    can_read = True
    can_match = True
    takes_over = True  # a member is found under its address
    look_at_most = 500  # one request each
    batch_size = SINGLY  # as many requests each, so that what fails repeats little
    # Each worker has one connection, and Mailchimp allows 10; other programs need some as well.
    max_workers: ClassVar[int] = 8

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the options and the environment; see `Destination`."""
        super().__init__(options, environ)
        center = DATA_CENTER.search(self.secret["MAILCHIMP_API_KEY"])
        if not self.base_url and center:
            self.base_url = f"https://{center[1]}.api.mailchimp.com"
        self.quota = (max(1, self.option["requests_per_second"]), 1.0)
        self.path = url("/3.0/lists/{}", self.option["audience"] or "-")

    @property
    def account(self) -> str:
        """The account and the audience: what is known of one says nothing about another."""
        return f"{super().account}/{self.option['audience']}"

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        pair = f"audiences:{self.secret['MAILCHIMP_API_KEY']}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def check(self) -> None:
        """Raise ConfigError when the key, its data center or the audience is missing."""
        super().check()
        if not self.base_url:
            raise ConfigError(
                "MAILCHIMP_API_KEY does not end in a data center such as -us6; take the whole "
                "key, or set MAILCHIMP_BASE_URL."
            )
        if not self.option["audience"]:
            raise ConfigError("Set the option audience of mailchimp to the id of an audience.")
        if self.option["status_if_new"] not in STATUSES:
            raise ConfigError(f"The option status_if_new of mailchimp is one of {STATUSES}.")

    def whose(self, call: Call) -> str:
        """Return the account, its data center and the audience."""
        held = self.checked(call("GET", "/3.0/", params={"fields": "account_id"}))
        center = httpx.URL(self.base_url).host.partition(".")[0]
        return f"account {held['account_id']} in {center}, audience {self.option['audience']}"

    def batch_of(self, operation: str, total: int) -> int:
        """Return the size of a batch operation for a large run, and else of a few members."""
        return IN_A_BATCH if total > self.option["batch_above"] else SINGLY

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Send one member after the other, many of them as batch operations; see `Destination`."""
        change = self.remove if operation == "remove" else self.write
        jobs = {record.key: change(record) for record in records}
        if len(records) > SINGLY:
            ended = self.together(call, jobs)
        else:
            ended = {key: self.alone(call, job) for key, job in jobs.items()}
        outcomes = []
        for record in records:
            end = ended[record.key]
            if isinstance(end, Outcome):
                outcomes.append(end)
                continue
            reason = PHONE.sub("***", redact(str(end), address_of(record)))
            state = "refused" if isinstance(end, Refused) else "open"
            outcomes.append(Outcome(record.key, state, None, reason))
        return outcomes

    def alone(self, call: Call, job: Job) -> Outcome | Refused:
        """Make the requests of one member, one by one."""
        try:
            request = next(job)
            while True:
                request = job.send(call(request.method, request.path, **request.arguments))
        except StopIteration as end:
            return end.value
        except Refused as problem:
            return problem

    def together(
        self, call: Call, jobs: Mapping[str, Job]
    ) -> dict[str, Outcome | Refused | Transient]:
        """Make the first request of every member in one batch operation, then the second ones."""
        ended: dict[str, Outcome | Refused | Transient] = {}
        answers: dict[str, httpx.Response | None] = dict.fromkeys(jobs)
        while answers:
            asked: dict[str, Request] = {}
            for key, answer in answers.items():
                try:
                    asked[key] = jobs[key].send(answer)
                except StopIteration as end:
                    ended[key] = end.value
                except (Refused, Transient) as problem:
                    ended[key] = problem
            found = self.batch(call, asked) if asked else {}
            ended |= {key: Transient("not in the answer") for key in asked.keys() - found.keys()}
            answers = dict(found)
        return ended

    def batch(self, call: Call, asked: Mapping[str, Request]) -> dict[str, httpx.Response]:
        """Make many requests as one batch operation; returns the answers by key."""
        keys = list(asked)
        operations = []
        for number, request in enumerate(asked.values()):
            operation = {
                "method": request.method,
                "path": request.path.removeprefix("/3.0"),
                "operation_id": str(number),
                "params": request.arguments.get("params", {}),
            }
            if "json" in request.arguments:
                operation["body"] = json.dumps(request.arguments["json"])
            operations.append(operation)
        batch = self.checked(call("POST", "/3.0/batches", json={"operations": operations}))
        path = "/3.0/batches" + url("/{}", batch["id"])
        until = time.monotonic() + 60 * self.option["batch_minutes"]
        while batch["status"] != "finished":
            if time.monotonic() > until:  # what it did meanwhile is done again, and changes nothing
                call("DELETE", path)
                raise Stop("Mailchimp has not finished a batch operation in time.")
            time.sleep(self.option["poll_seconds"])
            batch = self.checked(call("GET", path))
        return {
            keys[int(result["operation_id"])]: httpx.Response(
                result["status_code"], text=result.get("response") or ""
            )
            for result in results_of(batch["response_body_url"])
        }

    def write(self, record: Record) -> Job:
        """Create or update a member, then its tags."""
        member, path = (yield from self.member(record, "status")), self.member_path(record)
        if member and member.get("status") in NEVER:
            raise Refused(f"the member is {member['status']}")
        is_known = member is not None and record.remote_id is not None
        merges = merge_fields(record.values if is_known else record.whole | record.values)
        body: dict[str, Any] = {"merge_fields": merges} if merges else {}
        method = "PATCH"
        if member is None:
            method, status = "PUT", self.option["status_if_new"]
            body |= {"email_address": address_of(record), "status_if_new": status}
        if body:
            query = {"skip_merge_validation": "true"}
            response = yield Request(method, path, {"json": body, "params": query})
            if method == "PUT" and response.status_code == 404 and json_of(response):
                raise ConfigError(f"Mailchimp has no audience {self.option['audience']}.")
            held = self.checked(response).get("merge_fields", merges)
            if lacking := sorted(set(merges) - set(held)):
                raise ConfigError(
                    f"The audience has no merge fields {lacking}. Run doctor to create them, or "
                    "take them out of fields."
                )
        before = set(tags_of_remote(record.remote_id)) if is_known else set()
        after = tags_in(record.whole | record.values)
        states = dict.fromkeys(before - set(after), "inactive")
        yield from self.tag(path, states | dict.fromkeys(set(after) - before, "active"))
        return Outcome(record.key, "delivered", ";".join([hash_of(record), *after]))

    def remove(self, record: Record) -> Job:
        """Take our tags off; empty our merge fields unless rows are one tag and one person."""
        if not record.remote_id and "@" not in address_of(record):
            raise Refused(NAMELESS)
        path, mapped = self.member_path(record), record.values.keys() | record.whole.keys()
        is_tag_row = "tag" in mapped or "|" in record.key
        ours = tags_of_remote(record.remote_id) or tags_in(record.whole)
        if not ours and not record.remote_id and (is_tag_row or "tags" in mapped):
            member = yield from self.member(record, "tags.name")
            if member is None:
                return Outcome(record.key, "delivered")
            held = [tag["name"] for tag in member.get("tags", [])]
            ours = [tag for tag in held if tag == key_parts(record.key)[1]]
            if held and not ours:
                raise Refused("nobody knows which tags are ours; take them off by hand")
        yield from self.tag(path, dict.fromkeys(ours, "inactive"))
        emptied = {} if is_tag_row else merge_fields(record.values)
        if emptied:
            query = {"skip_merge_validation": "true"}
            body = {"merge_fields": emptied}
            response = yield Request("PATCH", path, {"json": body, "params": query})
            if response.status_code != 404:  # who is not in the audience is already gone
                self.checked(response)
        return Outcome(record.key, "delivered")

    def tag(self, path: str, states: Mapping[str, str]) -> Generator[Request, Any, None]:
        """Add and remove tags of one member, if it still exists."""
        if not states:
            return
        tags = [{"name": name, "status": states[name]} for name in sorted(states)]
        response = yield Request("POST", f"{path}/tags", {"json": {"tags": tags}})
        if response.status_code != 404:
            self.checked(response, silent=204)

    def member_path(self, record: Record) -> str:
        """Return where a member is."""
        return self.path + url("/members/{}", hash_of(record))

    def member(self, record: Record, fields: str) -> Generator[Request, Any, dict[str, Any] | None]:
        """Return these fields of a member, None when the audience does not hold it."""
        response = yield Request("GET", self.member_path(record), {"params": {"fields": fields}})
        if response.status_code == 404 and json_of(response) is not None:
            return None
        return self.checked(response)

    def checked(self, response: httpx.Response, *, silent: int = 0) -> Any:
        """Return the body of a good answer; raises otherwise."""
        if response.status_code == 403 and json_of(response) is None:
            raise Transient("HTTP 403 that is not JSON: too much load", LOAD_SECONDS)
        rights = "Check MAILCHIMP_API_KEY and that its user may manage the audience."
        return judge(
            response,
            who="Mailchimp",
            rights=rights,
            reason=reason_of,
            pause=PAUSE_SECONDS,
            silent=silent,
        )

    def read(
        self, call: Call, records: Sequence[Record], names: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Return what the members hold; see `Destination.read`."""
        found = {}
        for record in records:
            asked = self.member(record, "email_address,merge_fields,tags.name")
            member = self.alone(call, asked)
            if member is not None:
                tags = ";".join(tag["name"] for tag in member.get("tags", []))
                held = {"email": member["email_address"], "tags": tags or None}
                merges = {
                    key: value for key, value in member["merge_fields"].items() if value != ""
                }
                found[record.key] = {
                    name: held[name] if name in held else merges.get(name.upper()) for name in names
                }
        return found

    def match(self, call: Call, records: Sequence[Record]) -> dict[str, list[str]]:
        """Return the MD5 of each address that the audience holds, whatever its status."""
        return {
            record.key: [hash_of(record)]
            for record in records
            if self.alone(call, self.member(record, "id")) is not None
        }

    def count(self, call: Call) -> int:
        """Return how many people the audience holds, also those who left."""
        asked = "stats.member_count,stats.unsubscribe_count,stats.cleaned_count"
        stats = self.checked(call("GET", self.path, params={"fields": asked}))["stats"]
        return sum(stats.values())

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Delete a member for good; the address can never be imported again."""
        meant = Record(key, remote_id, {}, {})
        if not remote_id and "@" not in address_of(meant):
            raise Refused(NAMELESS)
        member = hash_of(meant)
        response = call("POST", self.path + url("/members/{}/actions/delete-permanent", member))
        if response.status_code != 404:
            self.checked(response, silent=204)
        return True

    def erase_sent(self, call: Call, record: Record) -> bool:
        """Delete the member with the address that was sent."""
        return self.erase(call, record.key, hash_of(record))

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Look at the key, the audience and its merge fields; creates what is missing."""
        try:
            self.checked(call("GET", "/3.0/ping"))
        except AuthError as problem:
            yield Finding("key", False, str(problem))
            return
        yield Finding("key", True)
        response = call("GET", self.path, params={"fields": "name"})
        if response.status_code == 404:
            yield Finding("audience", False, f"there is no audience {self.option['audience']}")
            return
        yield Finding("audience", True, self.checked(response).get("name", ""))
        query = {"count": 1000, "fields": "merge_fields.tag,merge_fields.type"}
        merges = self.checked(call("GET", f"{self.path}/merge-fields", params=query))
        held = {merge_field["tag"]: merge_field["type"] for merge_field in merges["merge_fields"]}
        for name, kind in fields.items():
            if name not in NO_MEMBER_FIELDS:
                yield self.merge_field(call, name.upper(), TYPES[kind], held, create)

    def merge_field(
        self,
        call: Call,
        tag: str,
        types: Sequence[str],
        held: Mapping[str, str],
        create: bool,
    ) -> Finding:
        """Look at one merge field, and create it when asked to."""
        title = f"merge field {tag}"
        if tag in held:
            detail = f"it is of type {held[tag]}, not {' or '.join(types)}"
            return Finding(title, held[tag] in types, "" if held[tag] in types else detail)
        if not create:
            return Finding(title, False, f"create it with type {types[0]}")
        body = {"tag": tag, "name": tag, "type": types[0], "public": False}
        try:
            self.checked(call("POST", f"{self.path}/merge-fields", json=body))
        except Refused as problem:
            return Finding(title, False, str(problem))
        return Finding(title, True, "created")


def results_of(address: str) -> Iterator[dict[str, Any]]:
    """Yield the results of a batch operation; the address is signed and must not see the key."""
    try:
        content = httpx.get(address, timeout=60, follow_redirects=True).raise_for_status().content
    except httpx.HTTPError as problem:
        raise Transient(f"no results of a batch ({type(problem).__name__})") from None
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for entry in archive:
            if entry.isfile() and entry.name.endswith(".json"):
                yield from json.load(archive.extractfile(entry))


def address_of(record: Record) -> str:
    """Return the e-mail address of a record, which is also the last part of its key."""
    address = record.whole.get("email") or record.values.get("email")
    return str(address or key_parts(record.key)[0]).strip().lower()


def hash_of(record: Record) -> str:
    """Return the key of a member: the MD5 of the lower-case address."""
    known = (record.remote_id or "").partition(";")[0]
    return known or hashlib.md5(address_of(record).encode(), usedforsecurity=False).hexdigest()


def tags_of_remote(remote_id: str | None) -> list[str]:
    """Return the tags that were ours when the record was delivered last."""
    return (remote_id or "").split(";")[1:]


def tags_in(values: Mapping[str, Value]) -> list[str]:
    """Return the tags that the fields `tags` and `tag` ask for."""
    names = [*str(values.get("tags") or "").split(";"), str(values.get("tag") or "")]
    return sorted({name.strip() for name in names} - {""})


def merge_fields(values: Mapping[str, Value]) -> dict[str, str | int | float]:
    """Return merge fields by merge tag; there are no booleans, and empty text empties."""
    texts = {None: "", True: "true", False: "false"}
    return {
        name.upper(): texts[value] if value is None or isinstance(value, bool) else value
        for name, value in values.items()
        if name not in NO_MEMBER_FIELDS
    }


def reason_of(body: Any) -> str:
    """Return the title of an error and what it says about fields."""
    fields = [
        f"{error.get('field', '')} {error.get('message', '')}" for error in body.get("errors", [])
    ]
    return f"{body.get('title', '')}: {'; '.join(fields) or body.get('detail', '')}"
