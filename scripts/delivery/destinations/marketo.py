"""Write fields of people to one Marketo Engage instance, and keep them on static lists.

Contract, from Adobe's public documentation (github.com/AdobeDocs/marketo-developer.en, help/
rest-api, as it was stored in November 2026):

- "Authentication": POST `/identity/oauth/token` with the client credentials; a token lives an hour;
  codes 601 and 602 ask for another. It goes in the header Authorization (in the query it is not
  taken any more since 31 July 2026). A custom service belongs to one instance, which the host
  names.
- "Leads": GET `/rest/v1/leads.json` by `filterType` and `filterValues`, as POST with `_method=GET`
  where an address grows long; POST `/rest/v1/leads.json` with `action`, `lookupField`, `input`, at
  most 300 people; POST `/rest/v1/leads/delete.json`. Several upserts of one key in quick succession
  make duplicates: so people are looked up, then `createOnly` or `updateOnly` (by `id`) is sent.
- "List Membership": POST and DELETE `/rest/v1/lists/{id}/leads.json?id=…&id=…`, at most 300 people.
  "Static Lists": GET `/rest/asset/v1/staticList/byName.json`.
- "Error Codes": 200 with `success` and `errors` for a request, `status` and `reasons` for a person,
  in the order that was sent. 604, 608, 611, 614, 615, 713 and 719 pass; 606 is 100 calls in 20
  seconds; 607 the day's quota; 603 a missing right; 1004 not there, 1005 there already, 1006 no
  such field, 1007 several. HTTP 413: more than 1 MB.
- Not documented where we read: that null empties a field, and what a comma in a filter does.

The field `list` puts a person on a static list, by its id or name; Marketo's own names
(`firstName`) and those of custom fields are written as they are.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx

from ..destination import (
    Call,
    Destination,
    Finding,
    NoAnswer,
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
from ..transport import PAUSE, json_of, judge

PEOPLE = 300  # of one request
LEADS = "/rest/v1/leads.json"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
STALE = {"601", "602"}
PASSING = {"502", "604", "608", "611", "614", "615", "713", "719"}
RATE, DAY, NO_RIGHT, NO_PATH = "606", "607", "603", "610"
GONE, THERE, NO_FIELD = "1004", "1005", "1006"
WINDOW_SECONDS = 20.0
RIGHTS = (
    "Check MARKETO_CLIENT_ID, MARKETO_CLIENT_SECRET and MARKETO_BASE_URL, and that the role of the "
    "service may read and write people (and lists, by the Asset API)."
)


class Marketo(Destination):
    """People of one instance, by e-mail address or another field that is unique there."""

    name = "marketo"
    secrets: ClassVar = {
        "MARKETO_CLIENT_ID": "the id of a custom service",
        "MARKETO_CLIENT_SECRET": "its secret",
    }
    options: ClassVar = {
        "mode": "upsert",
        "match_by": "email",
        "requests_per_20_seconds": 100,
        "account": "",
    }
    memberships = frozenset({"list"})
    # Whoever leaves one list and stays on another is one person: sent again, whole.
    identities = "[regexp_extract(remote_id, '[^|]+$')]"
    forbidden = frozenset(
        {"unsubscribed", "unsubscribedReason", "marketingSuspended", "marketingSuspendedCause"}
        | {"blackListed", "blackListedCause", "doNotCall", "doNotCallReason", "emailInvalid"}
        | {"emailSuspended", "id"}
    )
    can_read = True
    can_match = True
    max_workers = 5  # ten at the same time are all that an instance takes from everybody
    batch_size = PEOPLE

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the rate from the options; see Destination."""
        super().__init__(options, environ)
        self.quota = (self.option["requests_per_20_seconds"], WINDOW_SECONDS)
        self.by = self.option["match_by"]
        self.stays = frozenset({"email", self.by})
        self.lock, self.token = threading.Lock(), ""
        self.lists: dict[str, str] = {}

    def check(self) -> None:
        """Raise ConfigError when a secret or the address is missing."""
        super().check()
        if not self.base_url:
            raise ConfigError("Set MARKETO_BASE_URL, such as https://123-ABC-456.mktorest.com.")

    def whose(self, call: Call) -> str:
        """Return the instance, which the host names, if it accepts the credentials."""
        self.renew(call, "")
        return f"instance {httpx.URL(self.base_url).host.removesuffix('.mktorest.com')}"

    def touched(self, record: Record) -> set[str]:
        """Return what finds the person: the same on every list."""
        return {parts_of(record.remote_id)[1], self.value_of(record)} - {""}

    @property
    def by_id(self) -> str:
        """How a person can say which record is meant."""
        return "a field that is unique, in the option match_by"

    def value_of(self, record: Record) -> str:
        """Return what a person is looked up by: the mapped field, else the end of the key."""
        return str(record.whole.get(self.by) or key_parts(record.key)[0])

    def has_value(self, record: Record) -> bool:
        """Whether there is something to look the person up by.

        A profile id is no address, and a filter takes a comma for the end of a value.
        """
        value = self.value_of(record)
        return "," not in value and (self.by != "email" or "@" in value)

    @property
    def nameless(self) -> str:
        """Why a person without such a value is refused."""
        return f"nothing to look the person up by ({self.by}, without a comma)"

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Write people and their lists; see Destination.send."""
        return self.remove(call, records) if operation == "remove" else self.write(call, records)

    def write(
        self, call: Call, records: Sequence[Record], *, is_again: bool = False
    ) -> list[Outcome]:
        """Write the fields, then change the lists; whose id is gone is written again, once."""
        wanted = {o.key: self.list_id(call, str(o.whole.get("list") or "")) for o in records}
        ids = {o.key: parts_of(o.remote_id)[1] for o in records}
        rows = {o.key: {"id": ids[o.key], **self.fields_of(o.values)} for o in records}
        known = [o for o in records if ids[o.key]]
        changed = [o for o in known if len(rows[o.key]) > 1]
        done = {o.key: Outcome(o.key, "delivered", ids[o.key]) for o in known}
        done |= self.sync(call, "updateOnly", "id", changed, rows)
        done |= self.create(call, [record for record in records if not ids[record.key]])
        joins: list[tuple[str, str]] = []
        leaves: list[tuple[str, str]] = []
        by_key = {record.key: record for record in records}
        for key, outcome in done.items():
            if outcome.state == "delivered" and outcome.remote_id:
                target, lead = wanted[key], outcome.remote_id
                held, before = parts_of(by_key[key].remote_id)
                # Sent again, the list is joined again: somebody may have taken them off.
                if target and (by_key[key].values.get("list") or (held, before) != (target, lead)):
                    joins.append((target, lead))
                if held and held != target:
                    leaves.append((held, lead))
                done[key] = Outcome(key, "delivered", f"{target}|{lead}" if target else lead)
        lost = self.change_lists(call, "DELETE", leaves) | self.change_lists(call, "POST", joins)
        for key, outcome in done.items():
            if parts_of(outcome.remote_id)[1] in lost:
                reason = "the person is not there for the list yet"
                done[key] = Outcome(key, "open", None, reason)
        gone = [o for o in known if ids[o.key] in lost or done[o.key].state == "absent"]
        if gone and not is_again:
            there, settled = self.found_again(call, gone)
            written = self.write(call, there, is_again=True) if there else []
            done |= {outcome.key: outcome for outcome in (*settled, *written)}
        return list(done.values())

    def found_again(
        self, call: Call, records: Sequence[Record]
    ) -> tuple[list[Record], list[Outcome]]:
        """Return people whose id is gone, whole, with the id they have now (a merge) or none.

        Whoever could be several people there is refused.
        """
        found = self.match(call, records)
        several = {key: ids for key, ids in found.items() if len(ids) > 1}
        again = []
        for record in records:
            [lead] = found.get(record.key, [""])[:1]
            held = parts_of(record.remote_id)[0]
            remote_id = f"{held}|{lead}" if held and lead else lead or None
            values = {**record.whole, **record.values}
            if record.key not in several:
                again.append(replace(record, remote_id=remote_id, values=values))
        return again, [several_of(key, ids) for key, ids in several.items()]

    def create(self, call: Call, records: Sequence[Record]) -> dict[str, Outcome]:
        """Create people who were not found, or who are gone since; by key."""
        if not self.creates:
            return {record.key: Outcome(record.key, "absent") for record in records}
        nameless = [record for record in records if not self.has_value(record)]
        named = [record for record in records if record not in nameless]
        rows = {
            o.key: {**self.fields_of(o.whole | o.values), self.by: self.value_of(o)} for o in named
        }
        first = {self.value_of(record): record for record in reversed(named)}
        done = self.sync(call, "createOnly", self.by, list(first.values()), rows)
        for record in named:  # one person on several lists is created once
            twin = done[first[self.value_of(record)].key]
            done[record.key] = Outcome(record.key, twin.state, twin.remote_id, twin.reason)
        return done | {o.key: Outcome(o.key, "refused", None, self.nameless) for o in nameless}

    def sync(
        self,
        call: Call,
        action: str,
        by: str,
        records: Sequence[Record],
        rows: Mapping[str, Mapping[str, Value]],
    ) -> dict[str, Outcome]:
        """Send one kind of write; returns the outcomes by key, absent for who is not there."""
        if not records:
            return {}
        body = {"action": action, "lookupField": by, "input": [rows[o.key] for o in records]}
        answers = self.ask(call, "POST", LEADS, json=body)
        if len(answers) != len(records):
            raise NoAnswer(f"Marketo answers for {len(answers)} of {len(records)} people")
        return {
            record.key: outcome_of(record, answer)
            for record, answer in zip(records, answers, strict=True)
        }

    def fields_of(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return what is written to the person."""
        return {name: value for name, value in values.items() if name != "list"}

    def remove(
        self, call: Call, records: Sequence[Record], *, is_again: bool = False
    ) -> list[Outcome]:
        """Take people off their list, and empty our fields; whose id is gone is looked for, once.

        Who is not found is gone; of whom there is nothing to look up by, nobody knows that.
        """
        ids = {o.key: parts_of(o.remote_id)[1] for o in records}
        found = self.match(call, [record for record in records if not ids[record.key]])
        done: dict[str, Outcome] = {}
        leaves: list[tuple[str, str]] = []
        rows: dict[str, dict[str, Value]] = {}
        for record in records:
            lead = ids[record.key] or next(iter(found.get(record.key, [])), "")
            done[record.key] = Outcome(record.key, "delivered")
            if len(found.get(record.key, [])) > 1:
                done[record.key] = several_of(record.key, found[record.key])
            elif lead:
                try:
                    held = self.held_list(call, record)
                except ConfigError:
                    reason = "nobody knows the list; take the person off by hand"
                    done[record.key] = Outcome(record.key, "refused", None, reason)
                    continue
                leaves += [(held, lead)] if held else []
                ids[record.key] = lead
                fields = self.fields_of(record.values).items()
                emptied = {name: value for name, value in fields if name not in self.stays}
                rows[record.key] = {"id": lead, **emptied}
            elif not self.has_value(record):
                done[record.key] = Outcome(record.key, "refused", None, self.nameless)
        lost = self.change_lists(call, "DELETE", leaves)
        changed = [o for o in records if len(rows.get(o.key, {})) > 1]
        answers = self.sync(call, "updateOnly", "id", changed, rows)
        done |= {key: o for key, o in answers.items() if o.state != "absent"}
        absent = {key for key, outcome in answers.items() if outcome.state == "absent"}
        gone = [o for o in records if o.remote_id and (ids[o.key] in lost or o.key in absent)]
        if gone and not is_again:
            # The list goes along: whoever it was merged into is on it as well.
            held = {o.key: parts_of(o.remote_id)[0] for o in gone}
            there = [
                replace(o, remote_id=None, whole={**o.whole, "list": held[o.key]})
                if held[o.key]
                else replace(o, remote_id=None)
                for o in gone
            ]
            done |= {o.key: o for o in self.remove(call, there, is_again=True)}
        return list(done.values())

    def held_list(self, call: Call, record: Record) -> str:
        """Return the id of the list that a person is or may be on, empty for none.

        After a lost answer that is what was sent, or stands in the key. Raises ConfigError when
        there is no such list.
        """
        held = parts_of(record.remote_id)[0] or str(record.whole.get("list") or "")
        if not record.whole and "list" in record.values:
            held = held or key_parts(record.key)[1]
        return self.list_id(call, held)

    def change_lists(self, call: Call, method: str, members: Sequence[tuple[str, str]]) -> set[str]:
        """Put people on lists or take them off; returns the ids that are not there."""
        gone: set[str] = set()
        for target in sorted({target for target, _ in members}):
            leads = sorted({lead for held, lead in members if held == target})
            path = url("/rest/v1/lists/{}/leads.json", target)
            answers = self.ask(call, method, path, params=[("id", lead) for lead in leads])
            if {str(answer.get("id")) for answer in answers} != set(leads):
                raise NoAnswer("Marketo does not answer for everybody of a list")
            for answer in answers:
                code, text = reason_of(answer)
                if code == GONE:
                    gone.add(str(answer["id"]))
                elif code:
                    raise Refused(f"list {target}: {text}")
        return gone

    def list_id(self, call: Call, name: str) -> str:
        """Return the id of a static list; raises ConfigError when there is none."""
        if not name or name.isdigit():
            return name
        with self.lock:
            known = self.lists.get(name)
        if not known:
            path = "/rest/asset/v1/staticList/byName.json"
            found = self.ask(call, "GET", path, params={"name": name})
            if not found:
                raise ConfigError(f"Marketo has no static list {redact(name)!r}: make it there.")
            known = self.lists[name] = str(found[0]["id"])
        return known

    def people(
        self, call: Call, by: str, values: Sequence[str], names: Sequence[str]
    ) -> Iterator[dict[str, Any]]:
        """Yield the people whose field has one of the values."""
        for first in range(0, len(values), PEOPLE):
            query = {
                "filterType": by,
                "filterValues": ",".join(values[first : first + PEOPLE]),
                "fields": ",".join(dict.fromkeys(["id", by, *names])),
            }
            while query:
                arguments = {"params": {"_method": "GET"}, "headers": FORM}
                body = self.body(call, "POST", LEADS, content=urlencode(query), **arguments)
                yield from body["result"]
                token = body.get("nextPageToken") if body["result"] else ""
                query = {**query, "nextPageToken": token} if token else {}

    def match(self, call: Call, records: Sequence[Record]) -> dict[str, list[str]]:
        """Return the ids of those who are there, by the field that the option names."""
        is_address = self.by == "email"
        meant: dict[str, list[str]] = {}
        for record in records:
            value = self.value_of(record)
            if self.has_value(record):
                meant.setdefault(value.lower() if is_address else value, []).append(record.key)
        found: dict[str, list[str]] = {}
        for lead in self.people(call, self.by, list(meant), []) if meant else ():
            value = str(lead.get(self.by) or "")
            for key in meant.get(value.lower() if is_address else value, []):
                found.setdefault(key, []).append(str(lead["id"]))
        return found

    def count(self, call: Call) -> int:
        """Return 1: Marketo does not say how many there are, so people who are new are counted."""
        return 1

    def read(
        self, call: Call, records: Sequence[Record], names: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Return what the people hold in these fields, and whether they are on their list."""
        ids = {record.key: parts_of(record.remote_id)[1] for record in records}
        missing = [record for record in records if not ids[record.key]]
        ids |= {key: found[0] for key, found in self.match(call, missing).items()}
        leads = sorted({lead for lead in ids.values() if lead})
        asked = [name for name in names if name != "list"]
        held = {str(o["id"]): o for o in self.people(call, "id", leads, asked)} if leads else {}
        lists = {r.key: parts_of(r.remote_id)[0] for r in records} if "list" in names else {}
        members = self.members(call, [(lists[key], ids[key]) for key in lists if lists[key]])
        found = {
            key: {name: held[lead].get(name) for name in asked}
            for key, lead in ids.items()
            if lead in held
        }
        for record in records if "list" in names else ():
            if record.key in found:
                is_on = (lists[record.key], ids[record.key]) in members
                found[record.key]["list"] = record.whole.get("list") if is_on else None
        return found

    def members(self, call: Call, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those pairs of list and person that are there."""
        found = set()
        for target in sorted({target for target, _ in pairs}):
            leads = sorted({lead for held, lead in pairs if held == target})
            path = url("/rest/v1/lists/{}/leads/ismember.json", target)
            answers = self.ask(call, "GET", path, params=[("id", lead) for lead in leads])
            found |= {(target, str(o["id"])) for o in answers if o.get("status") == "memberof"}
        return found

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Delete a person, also whom they were merged into, as far as the address finds them."""
        record = Record(key, remote_id, {}, {})
        lead = parts_of(remote_id)[1]
        if lead and self.delete(call, [lead]):
            return True
        if not self.has_value(record):
            raise Refused(f"{self.nameless}, and the id is gone; look for them by hand")
        found = self.match(call, [record]).get(key, [])
        if found:
            self.delete(call, found)
        return bool(lead or found)

    def delete(self, call: Call, leads: Sequence[str]) -> bool:
        """Delete people by their ids; returns whether all were there."""
        body = {"input": [{"id": lead} for lead in leads]}
        answers = self.ask(call, "POST", "/rest/v1/leads/delete.json", json=body)
        if len(answers) != len(leads):
            raise NoAnswer("Marketo does not answer for everybody to delete")
        problems = [reason_of(answer) for answer in answers]
        for code, text in problems:
            if code not in ("", GONE):
                raise Refused(text)
        return all(not code for code, _ in problems)

    def erase_sent(self, call: Call, record: Record) -> bool:
        """Delete whoever has the value that was sent; good as well when nobody has."""
        if not self.has_value(record):
            raise Refused(self.nameless)
        for lead in self.match(call, [record]).get(record.key, []):
            self.erase(call, record.key, lead)
        return True

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Look at the credentials and the fields that the instance knows."""
        try:
            described = self.ask(call, "GET", "/rest/v1/leads/describe.json")
        except AuthError as problem:
            yield Finding("service", False, str(problem))
            return
        yield Finding("service", True)
        held = {entry["rest"]["name"]: entry["rest"] for entry in described if entry.get("rest")}
        for name in sorted({*fields, self.by} - {"list"}):
            problem = "" if name in held else "create it in Marketo's field management"
            if name in held and held[name].get("readOnly"):
                problem = "Marketo writes it alone: unmap it"
            yield Finding(name, not problem, problem)

    def busy(self, response: httpx.Response) -> Transient | None:
        """Return the signal in an answer of 200 that asks to come again."""
        body = json_of(response)
        is_good = not isinstance(body, dict) or body.get("success") is not False
        problem = None if is_good else problem_of(body)
        return problem if isinstance(problem, Transient) else None

    def ask(self, call: Call, method: str, path: str, **arguments: Any) -> list[dict[str, Any]]:
        """Return the result of one request; raises the signal that fits any other answer."""
        return self.body(call, method, path, **arguments)["result"]

    def body(self, call: Call, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """Make one request, once more with a new token when the old one has ended."""
        headers = arguments.pop("headers", {})

        def attempt(token: str) -> dict[str, Any]:
            signed = {**headers, "Authorization": f"Bearer {token}"}
            return read_body(call(method, path, headers=signed, **arguments))

        token = self.token or self.renew(call, "")
        body = attempt(token)
        if codes_of(body) & STALE:
            body = attempt(self.renew(call, token))
        if body.get("success") is True:
            if not isinstance(body.get("result", []), list):
                raise NoAnswer("a success without a list of results")
            return {"result": [], **body}
        raise problem_of(body)

    def renew(self, call: Call, stale: str) -> str:
        """Return a token other than the stale one; only one thread fetches it."""
        with self.lock:
            if self.token == stale:
                grant = {
                    "grant_type": "client_credentials",
                    "client_id": self.secret["MARKETO_CLIENT_ID"],
                    "client_secret": self.secret["MARKETO_CLIENT_SECRET"],
                }
                content = urlencode(grant)
                response = call("POST", "/identity/oauth/token", content=content, headers=FORM)
                body = judge(response, who="Marketo", rights=RIGHTS)
                if not isinstance(body, dict) or not body.get("access_token"):
                    raise NoAnswer("no token in the answer")
                self.token = str(body["access_token"])
            return self.token


def parts_of(remote_id: str | None) -> tuple[str, str]:
    """Return the list and the person that a `remote_id` names, empty for what it does not."""
    held, _, lead = (remote_id or "").rpartition("|")
    return held, lead


def several_of(key: str, ids: Sequence[str]) -> Outcome:
    """Return the refusal of somebody who could be several people there."""
    reason = f"{len(ids)} people there have this value; merge them, or change ours by hand"
    return Outcome(key, "refused", None, reason)


def read_body(response: httpx.Response) -> dict[str, Any]:
    """Return an answer that says whether it is a success; raises the fitting signal."""
    body = json_of(response)
    if response.status_code == httpx.codes.OK and isinstance(body, dict) and "success" in body:
        return body
    if response.status_code in (413, 414):
        raise Refused(f"HTTP {response.status_code}, too much for one request")
    judge(response, who="Marketo", rights=RIGHTS, pause=WINDOW_SECONDS)
    raise NoAnswer("an answer without success")


def codes_of(body: Mapping[str, Any]) -> set[str]:
    """Return the codes of what went wrong with a request."""
    return {str(error.get("code")) for error in body.get("errors") or []}


def problem_of(body: Mapping[str, Any]) -> Exception:
    """Return the signal that fits a request that failed."""
    codes = codes_of(body)
    text = "; ".join(f"{o.get('code')}: {o.get('message')}" for o in body.get("errors") or [])
    what = redact(f"{text} [request {body.get('requestId')}]")
    if codes & (STALE | {NO_RIGHT}):
        return AuthError(f"Marketo does not accept the credentials ({what}). {RIGHTS}")
    if DAY in codes:
        return Stop(f"Marketo's quota of the day is used up ({what}).")
    if RATE in codes:
        return Transient(what, WINDOW_SECONDS)
    if not codes or codes & PASSING or codes & {str(code) for code in PAUSE}:
        return Transient(what)
    if NO_PATH in codes:
        return ConfigError(f"Marketo does not find it ({what}): check MARKETO_BASE_URL and lists.")
    return Refused(what)


def reason_of(answer: Mapping[str, Any]) -> tuple[str, str]:
    """Return code and text of why one person was skipped, empty when they were not."""
    reasons = answer.get("reasons") or []
    if reasons or answer.get("status") == "skipped":
        first = reasons[0] if reasons else {}
        return str(first.get("code") or "?"), redact(f"{first.get('code')}: {first.get('message')}")
    return "", ""


def outcome_of(record: Record, answer: Mapping[str, Any]) -> Outcome:
    """Return what became of one person; raises ConfigError for a field that is not there."""
    code, text = reason_of(answer)
    if code == NO_FIELD:
        raise ConfigError(f"Marketo refuses a field ({text}): create it there or unmap it.")
    if code == GONE:
        return Outcome(record.key, "absent")
    if code == THERE:  # made since it was looked up: the next try finds it
        return Outcome(record.key, "open", None, "it is there already, and not found yet")
    if code:
        return Outcome(record.key, "refused", None, text)
    if answer.get("status") not in ("created", "updated") or not answer.get("id"):
        return Outcome(record.key, "open", None, "the answer does not say what was done")
    return Outcome(record.key, "delivered", str(answer["id"]))
