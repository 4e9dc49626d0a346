"""Send profiles and list members to Klaviyo, without touching anybody's consent.

Contract, from Klaviyo's public documentation (developers.klaviyo.com, revision 2026-10-15):

- "Bulk Import Profiles", /en/reference/bulk_import_profiles: a job takes up to 10,000 profiles and
  5 MB, 100 KB a profile, and updates or creates. The guide of the same name,
  /en/docs/use_klaviyos_bulk_profile_import_api: a null clears nothing there; that takes the
  endpoint "Update Profile". "Get Bulk Import Profiles Job": status queued, processing, complete or
  cancelled. "Get Errors for Bulk Import Profiles Job": errors with `original_payload`; "Get
  Profiles for Bulk Import Profiles Job": the profiles that were written. Pages of up to 100. "Get
  Bulk Import Profiles Jobs" filters by `status`.
- "Update Profile", /en/reference/update_profile: null empties a field, what is left out stays,
  `meta.patch_properties.unset` removes custom properties; nothing is created.
- "Add Profiles to List" and "Remove Profiles from List", /en/reference/add_profiles_to_list and
  /en/reference/remove_profiles_from_list: up to 1,000 ids. Removing does not change consent; for
  adding, "Subscribe Profiles" of revision 2022-10-17 says that this way leaves the subscription as
  it is. The endpoints that subscribe, unsubscribe or suppress are not used.
- "Get Profiles", "Get Profiles for List" and "Get Lists", /en/reference/get_profiles,
  /en/reference/get_profiles_for_list and /en/reference/get_lists: filters `any(email,[...])` and
  `equals(name,"...")`.
- "Get Accounts", /en/reference/get_accounts: the account of the key, by its public id; the key
  needs the scope accounts:read.
- "Request Profile Deletion", /en/reference/request_profile_deletion: exactly one identifier; every
  profile that matches is deleted, later.
- "Rate limits, status codes, and errors", /en/docs/rate_limits_and_error_handling: two fixed
  windows per account and endpoint. The import and list endpoints have size M, 10 a second and 150
  a minute, which holds here for all of them. 429 carries Retry-After in seconds.
- Not documented, and relied on: a filter takes 100 addresses. What `original_payload` looks like is
  not documented either, so an error belongs to the address that is anywhere in it.

Fields: `email`, `phone_number`, `first_name`, `last_name`, `external_id`; `list` is the name or id
of a list; every other name is a custom property. The remote id is the profile's id, behind the
list's id and a bar when a list is mapped.
"""

import json
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from ..transport import judge

JOBS = "/api/profile-bulk-import-jobs"
BUILT_IN = frozenset({"email", "phone_number", "first_name", "last_name", "external_id"})
MOST_BYTES = 5_000_000
MOST_MEMBERS = 1000
MOST_OPEN_JOBS = 20
PAGE = 100
STEADY_SECONDS = 60.0
PHONE = re.compile(r"\+?\d[\d ().-]{5,}\d")


class Klaviyo(Destination):
    """Profiles of one Klaviyo account, keyed by e-mail address, or by list and address."""

    name = "klaviyo"
    takes_arrays = True
    memberships = frozenset({"list"})
    stays = frozenset({"email"})
    # Whoever leaves one list and stays on another is one profile: it is sent again, whole.
    identities = "[regexp_extract(remote_id, '[^|]+$')]"
    address = "https://a.klaviyo.com"
    secrets: ClassVar = {
        "KLAVIYO_API_KEY": "a private API key with the scopes accounts:read, profiles:read, "
        "profiles:write, lists:read, lists:write, and data-privacy:write to erase"
    }
    options: ClassVar = {
        "account": "",
        "revision": "2026-10-15",
        "batch_size": 1000,
        "requests_per_minute": 150,
        "create_lists": False,
        "mode": "upsert",
        "poll_seconds": 5.0,
        "job_timeout_seconds": 600.0,
    }
    needs = frozenset({"email"})
    forbidden = frozenset(
        {"subscriptions", "consent", "email_consent", "sms_consent", "suppressions"}
        | {"$consent", "$consent_method", "$consent_timestamp", "$consent_form_id"}
    )
    can_read = True
    can_match = True
    takes_over = True  # an import reaches the profile that has the address

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the options and the environment; see `Destination`."""
        super().__init__(options, environ)
        for name, most in (("batch_size", 10_000), ("requests_per_minute", 3500)):
            if not 1 <= self.option[name] <= most:
                raise ConfigError(f"The option {name} of klaviyo must be from 1 to {most}.")
        self.batch_size = self.option["batch_size"]
        # Ten at most in any window keeps to the burst limit and to the steady one.
        self.quota = (10, 600 / self.option["requests_per_minute"])
        self.lists: dict[str, str] = {}
        self.lock = threading.Lock()
        self.unfinished: dict[str, str] = {}  # path of the job by its body
        self.is_looked_at = False

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        return {
            "Authorization": f"Klaviyo-API-Key {self.secret['KLAVIYO_API_KEY']}",
            "Accept": "application/vnd.api+json",
            "Content-Type": "application/vnd.api+json",
            "revision": self.option["revision"],
        }

    def whose(self, call: Call) -> str:
        """Return the account's public id."""
        return f"account {self.checked(call('GET', '/api/accounts'))['data'][0]['id']}"

    def batch_of(self, operation: str, total: int) -> int:
        """Return the size of a batch: a remove may need one request per profile."""
        return min(PAGE, self.batch_size) if operation == "remove" else self.batch_size

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Import, empty and list profiles, or take them off; see `Destination.send`."""
        return self.remove(call, records) if operation == "remove" else self.write(call, records)

    def write(self, call: Call, records: Sequence[Record]) -> list[Outcome]:
        """Import the profiles, then empty fields, then change the lists."""
        wanted = {
            record.key: self.list_id(
                call, str(record.whole["list"]), create=self.option["create_lists"]
            )
            for record in records
            if record.whole.get("list")
        }
        ids, refused = self.import_profiles(
            call, [(r, r.values if r.remote_id else r.whole | r.values) for r in records]
        )
        moved = [  # deleted or merged away since: the profile is a new one, and lacks the rest
            (record, record.whole | record.values)
            for record in records
            if record.remote_id
            and ids.get(address_of(record)) not in (None, parts_of(record.remote_id)[1])
        ]
        if moved:
            more, worse = self.import_profiles(call, moved)
            ids, refused = ids | more, refused | worse
        joins: list[tuple[str, str]] = []
        leaves: list[tuple[str, str]] = []
        outcomes = []
        for record in records:
            address, target = address_of(record), wanted.get(record.key, "")
            if address in refused or address not in ids:
                state = "refused" if address in refused else "open"
                reason = refused.get(address, "the import job does not say")
                outcomes.append(Outcome(record.key, state, None, reason))
                continue
            held, profile = parts_of(record.remote_id)
            try:
                self.empty(call, ids[address], empty_of(record.values))
            except Refused as problem:
                outcomes.append(Outcome(record.key, "refused", None, str(problem)))
                continue
            # Sent again, the list is joined again: somebody may have taken them off.
            if target and (record.values.get("list") or (held, profile) != (target, ids[address])):
                joins.append((target, ids[address]))
            if held and held != target:
                leaves.append((held, ids[address]))
            outcomes.append(Outcome(record.key, "delivered", remote_of(target, ids[address])))
        self.change_lists(call, "DELETE", leaves)
        self.change_lists(call, "POST", joins)
        return outcomes

    def remove(self, call: Call, records: Sequence[Record]) -> list[Outcome]:
        """Take the profiles off their list, and empty our fields."""
        lost = [address_of(record) for record in records if not record.remote_id]
        found = {key: item["id"] for key, item in self.find(call, lost).items()}
        leaves: list[tuple[str, str]] = []
        outcomes = []
        for record in records:
            held, profile = parts_of(record.remote_id)
            profile = profile or found.get(address_of(record), "")
            on_list = held or "|" in record.key or "list" in record.values | record.whole
            state, reason = "delivered", None  # who is not in Klaviyo is already gone
            try:
                if not profile and "@" not in address_of(record):
                    raise Refused(NAMELESS)
                if profile and on_list:
                    name = str(record.whole.get("list") or key_parts(record.key)[1])
                    held = held or self.list_id(call, name)
                    leaves.append((held, profile))
                if profile:
                    self.empty(call, profile, empty_of(record.values))
            except ConfigError:
                state, reason = "refused", "nobody knows the list; take the profile off by hand"
            except Refused as problem:
                state, reason = "refused", str(problem)
            outcomes.append(Outcome(record.key, state, None, reason))
        self.change_lists(call, "DELETE", leaves)
        return outcomes

    def import_profiles(
        self, call: Call, items: Sequence[tuple[Record, Mapping[str, Value]]]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Run one import job; returns profile ids and reasons of refusal, both by address.

        An address in neither is one that the job did not settle.
        """
        profiles: dict[str, dict[str, Value]] = {}  # once per job, whatever the lists
        for record, values in items:
            profiles.setdefault(address_of(record), {}).update(values)
        data = [
            {"type": "profile", "attributes": attributes(*profile)} for profile in profiles.items()
        ]
        body = {
            "type": "profile-bulk-import-job",
            "attributes": {"profiles": {"data": data}},
        }
        path = self.run_job(call, json.dumps({"data": body}))
        if path is None:
            return {}, {}
        refused: dict[str, str] = {}
        for problem in self.pages(call, f"{path}/import-errors", {}):
            reason = reason_of({"errors": [problem["attributes"]]})
            payload = json.dumps(problem["attributes"].get("original_payload")).lower()
            named = [profile for profile in profiles if json.dumps(profile) in payload]
            named = named or (list(profiles) if len(profiles) == 1 else [])
            if not named:
                raise Refused(redact(reason))
            refused |= {entry: redact(reason, entry) for entry in named}
        ids = {
            str(item["attributes"].get("email")).lower(): item["id"]
            for item in self.pages(call, f"{path}/profiles", {"fields[profile]": "email"})
        }
        # A profile with several addresses answers with its first one.
        rest = [profile for profile in profiles if profile not in ids and profile not in refused]
        return ids | {key: item["id"] for key, item in self.find(call, rest).items()}, refused

    def run_job(self, call: Call, text: str) -> str | None:
        """Start an import job and wait for it; returns its path, None when it takes too long.

        Whoever asks for the same again looks at that job once more and starts no other.
        """
        if len(text) > MOST_BYTES:
            raise Refused("more than 5 MB in one import job")
        path, until = self.unfinished.pop(text, None), time.monotonic()
        if path is None:
            self.check_open_jobs(call)
            job = self.checked(call("POST", JOBS, content=text))["data"]
            path = JOBS + url("/{}", job["id"])
            until += self.option["job_timeout_seconds"]
        else:
            job = self.checked(call("GET", path))["data"]
        while job["attributes"]["status"] not in ("complete", "cancelled"):
            if time.monotonic() >= until:
                self.unfinished[text] = path
                return None
            time.sleep(self.option["poll_seconds"])
            job = self.checked(call("GET", path))["data"]
        if job["attributes"]["status"] == "cancelled":
            raise Transient("the import job was cancelled")
        return path

    def check_open_jobs(self, call: Call) -> None:
        """Raise Stop, once a run, when jobs of earlier runs pile up at Klaviyo."""
        with self.lock:
            if not self.is_looked_at:
                query = {"filter": 'any(status,["queued","processing"])'}
                open_jobs = sum(1 for _ in self.pages(call, JOBS, query))
                if open_jobs > MOST_OPEN_JOBS:
                    raise Stop(
                        f"Klaviyo still works on {open_jobs} import jobs; push again when it has "
                        "caught up."
                    )
                self.is_looked_at = True

    def empty(self, call: Call, profile: str, names: Sequence[str]) -> None:
        """Empty fields of one profile, which may have been deleted."""
        if not names:
            return
        data: dict[str, Any] = {
            "type": "profile",
            "id": profile,
            "attributes": {name: None for name in names if name in BUILT_IN},
        }
        if custom := [name for name in names if name not in BUILT_IN]:
            data["meta"] = {"patch_properties": {"unset": custom}}
        response = call("PATCH", url("/api/profiles/{}", profile), json={"data": data})
        if response.status_code != 404:
            self.checked(response)

    def change_lists(self, call: Call, method: str, members: Iterable[tuple[str, str]]) -> None:
        """Add profiles to lists (POST), or take them off (DELETE)."""
        by_list: dict[str, list[str]] = {}
        for held, profile in members:
            by_list.setdefault(held, []).append(profile)
        for held, profiles in by_list.items():
            for some in chunks(profiles, MOST_MEMBERS):
                data = [{"type": "profile", "id": profile} for profile in some]
                path = url("/api/lists/{}/relationships/profiles", held)
                response = call(method, path, json={"data": data})
                if method == "DELETE" and response.status_code == 404 and len(some) == 1:
                    continue  # the profile or the list is gone; of several, halving tells which
                self.checked(response, silent=204)

    def list_id(self, call: Call, name: str, *, create: bool = False) -> str:
        """Return the id of a list by name or id; raises ConfigError when there is none."""
        with self.lock:  # two workers must not make the same list
            if name not in self.lists:
                self.lists[name] = self.look_up_list(call, name, create=create)
            return self.lists[name]

    def look_up_list(self, call: Call, name: str, *, create: bool) -> str:
        """Ask Klaviyo for a list, or make it."""
        if not name:
            raise ConfigError("A list of Klaviyo must have a name.")
        quoted = json.dumps(name, ensure_ascii=False)
        found = self.pages(call, "/api/lists", {"filter": f"equals(name,{quoted})"}, size=10)
        ids = [item["id"] for item in found]
        if len(ids) > 1:
            raise ConfigError(f"Klaviyo has {len(ids)} lists named {name}; map the id instead.")
        if ids:
            return ids[0]
        response = call("GET", url("/api/lists/{}", name))
        if response.status_code not in (400, 404):
            return self.checked(response)["data"]["id"]
        if not create:
            raise ConfigError(
                f"Klaviyo has no list {name}. Make it there, or set the option create_lists."
            )
        body = {"data": {"type": "list", "attributes": {"name": name}}}
        return self.checked(call("POST", "/api/lists", json=body))["data"]["id"]

    def find(
        self,
        call: Call,
        addresses: Sequence[str],
        fields: str = "email",
        *,
        path: str = "/api/profiles",
    ) -> dict[str, dict[str, Any]]:
        """Return the profiles with these addresses; `path` can be that of a list's profiles."""
        found = {}
        for some in chunks(sorted(set(addresses)), PAGE):
            names = json.dumps(some, ensure_ascii=False, separators=(",", ":"))
            query = {"filter": f"any(email,{names})", "fields[profile]": fields}
            for item in self.pages(call, path, query):
                found[str(item["attributes"].get("email")).lower()] = item
        return found

    def pages(
        self, call: Call, path: str, query: Mapping[str, Any], size: int = PAGE
    ) -> Iterator[dict[str, Any]]:
        """Yield the items of all pages."""
        query = {**query, "page[size]": size}
        while True:
            body = self.checked(call("GET", path, params=query))
            yield from body["data"]
            following = (body.get("links") or {}).get("next")
            if not following:
                return
            query["page[cursor]"] = httpx.URL(following).params["page[cursor]"]

    def checked(self, response: httpx.Response, *, silent: int = 0) -> Any:
        """Return the body of a good answer; raises otherwise."""
        rights = f"Check KLAVIYO_API_KEY: {self.secrets['KLAVIYO_API_KEY']}."
        return judge(
            response,
            who="Klaviyo",
            rights=rights,
            reason=reason_of,
            pause=STEADY_SECONDS,
            silent=silent,
        )

    def read(
        self, call: Call, records: Sequence[Record], names: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Return what the profiles hold; see `Destination.read`."""
        fields = ",".join(sorted(BUILT_IN | {"properties"}))
        found = self.find(call, [address_of(record) for record in records], fields)
        held = {}
        for record in records:
            if item := found.get(address_of(record)):
                values = {**(item["attributes"].get("properties") or {}), **item["attributes"]}
                held[record.key] = {name: values.get(name) for name in names}
        if "list" in names:
            for name in {str(record.whole.get("list") or "") for record in records} - {""}:
                meant = [record for record in records if record.whole.get("list") == name]
                there = self.members(call, name, [address_of(record) for record in meant])
                for record in meant:
                    if record.key in held and address_of(record) in there:
                        held[record.key]["list"] = name
        return held

    def members(self, call: Call, name: str, addresses: Sequence[str]) -> set[str]:
        """Return which of these addresses are on a list; none of them where there is no list."""
        try:
            path = url("/api/lists/{}/profiles", self.list_id(call, name))
        except ConfigError:
            return set()
        return set(self.find(call, addresses, path=path))

    def match(self, call: Call, records: Sequence[Record]) -> dict[str, list[str]]:
        """Return the ids of the profiles with these addresses."""
        found = self.find(call, [address_of(record) for record in records])
        ids = {record.key: found.get(address_of(record)) for record in records}
        return {key: [item["id"]] for key, item in ids.items() if item}

    def count(self, call: Call) -> int:
        """Return 1 when there is a profile: Klaviyo does not say how many."""
        return len(self.checked(call("GET", "/api/profiles", params={"page[size]": 1}))["data"])

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Ask Klaviyo to delete the profile, and every one with the address, which happens later.

        Each job takes one identifier. A key that is no address names nobody there.
        """
        profile, address = parts_of(remote_id)[1], key_parts(key)[0].strip()
        named = [{"type": "profile", "id": profile, "attributes": {}}] if profile else []
        if "@" in address:
            named.append({"type": "profile", "attributes": {"email": address}})
        if not named:
            raise Refused("no profile id is known, and the key is no address to delete by")
        for data in named:
            body = {"type": "data-privacy-deletion-job", "attributes": {"profile": {"data": data}}}
            response = call("POST", "/api/data-privacy-deletion-jobs", json={"data": body})
            if response.status_code != 404 or "id" not in data:  # an id that is gone
                self.checked(response, silent=202)
        return True

    def erase_sent(self, call: Call, record: Record) -> bool:
        """Ask Klaviyo to delete whoever has the address that was sent."""
        return self.erase(call, address_of(record), None)

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Look at the key and its rights to read; custom properties need no preparation."""
        looks = {
            "profiles": "/api/profiles",
            **({"lists": "/api/lists"} if "list" in fields else {}),
        }
        for name, path in looks.items():
            try:
                self.checked(call("GET", path, params={"page[size]": 1}))
            except AuthError as problem:
                yield Finding(f"key may read {name}", False, str(problem))
            else:
                yield Finding(f"key may read {name}", True)


def address_of(record: Record) -> str:
    """Return the e-mail address of a record, which is also the last part of its key."""
    address = record.whole.get("email") or record.values.get("email")
    return str(address or key_parts(record.key)[0]).strip().lower()


def parts_of(remote_id: str | None) -> tuple[str, str]:
    """Return the list's id, empty without a list, and the profile's id."""
    held, _, profile = (remote_id or "").rpartition("|")
    return held, profile


def remote_of(held: str, profile: str) -> str:
    """Return the remote id of a profile on a list, or on none."""
    return f"{held}|{profile}" if held else profile


def empty_of(values: Mapping[str, Value]) -> list[str]:
    """Return the fields to empty; an address is never emptied, and a list is no field."""
    return [n for n, value in values.items() if value is None and n not in ("email", "list")]


def attributes(address: str, values: Mapping[str, Value]) -> dict[str, Any]:
    """Return a profile's attributes; the import ignores nulls, so they are left out."""
    given = {n: v for n, v in values.items() if v is not None and n not in ("email", "list")}
    named = {name: str(value) for name, value in given.items() if name in BUILT_IN}
    custom = {name: value for name, value in given.items() if name not in BUILT_IN}
    return {"email": address, **named, **({"properties": custom} if custom else {})}


def chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield slices of at most `size` items."""
    return (items[start : start + size] for start in range(0, len(items), size))


def reason_of(body: Any) -> str:
    """Return what an error says, without phone numbers."""
    first = body["errors"][0]
    pointer = (first.get("source") or {}).get("pointer") or ""
    text = f"{first.get('title', '')}: {first.get('detail', '')} {pointer}"
    return PHONE.sub("***", text).strip()
