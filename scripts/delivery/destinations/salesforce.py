"""Send Contacts, Leads or other sObjects to Salesforce, and pull what changed in its CRM.

Records are matched by an external id field.

Contract, from Salesforce's public documentation (developer.salesforce.com unless said otherwise):

- "Upsert Records Using sObject Collections" and "Update Records Using sObject Collections",
  /docs/platform/api-rest/guide/resources-composite-sobjects-collections-upsert and -update: PATCH
  of at most 200 records, `attributes.type` in each; with `allOrNone` false one result per record
  in the order of the request (`id`, `success`, `errors`). An upsert takes no record id; an update
  needs one, so it never creates a record. Only the fields in the request are written.
- "Prepare CSV Files", "Create a Job", "Upload Complete", "Job States", "Abort a Job" and "Get Job
  Successful / Failed Record Results", /docs/platform/api-asynch/guide/...: an ingest job of Bulk
  API 2.0 is created, uploaded, closed with UploadComplete, and ends as JobComplete, Failed or
  Aborted. In its CSV an empty cell changes nothing and #N/A empties a field. Results repeat the
  columns that were sent, in any order; rows in neither list were not processed.
- "Bulk API and Bulk API 2.0 Limits and Allocations", /docs/platform/salesforce-app-limits-
  cheatsheet/guide/salesforce-app-limits-platform-bulkapi: below 2,000 records take the REST API;
  a job is cut into batches of 10,000, of which there are 15,000 in 24 hours.
- "API Request Limits and Allocations", the same guide, and "Status Codes and Error Responses",
  /docs/platform/api-rest/guide/errorcodes: 401 INVALID_SESSION_ID is an expired token; 403
  REQUEST_LIMIT_EXCEEDED is the allocation of 24 hours or, when the text says Concurrent, too many
  long requests at once. There is no limit per second; ours keeps other integrations alive.
- "OAuth 2.0 Client Credentials Flow for Server-to-Server Integration", help.salesforce.com,
  xcloud.remoteaccess_oauth_client_credentials_flow: POST /services/oauth2/token at My Domain; the
  answer's `id` is the identity URL, `https://login.salesforce.com/id/<organisation>/<user>`.
- "Maximum number of rows returned by SOQL queries over the REST API", help.salesforce.com,
  000386264: a long query belongs into the body of a Composite request; that also keeps keys out
  of addresses. "Quoted String Escape Sequences" says how a text is quoted.
- "API Field Properties", /docs/platform/object-reference/guide/access-for-fields: a field that is
  not nillable takes no null. Checkboxes are of that kind, so emptying one unchecks it; and a
  remove leaves required names such as LastName as they are.
- "Delete a Record", /docs/platform/api-rest/guide/dome-delete-record.
- "QueryAll" and "sObject Describe", /docs/platform/api-rest/guide/resources-queryall and
  -sobject-describe, and "System Fields", /docs/platform/object-reference/guide/system-fields:
  queryAll shows deleted and merged records too (`IsDeleted`), until the recycle bin is emptied;
  `SystemModstamp` moves with every change, a deletion included. Pulling goes page by page along
  the record id, each page a query of its own.

The documentation does not say how an unknown field shows. It refuses a collection as a whole or
each of its records (INVALID_FIELD, INVALID_FIELD_FOR_INSERT_UPDATE) and fails a job (`InvalidBatch
: Field name not found`); all three are understood. A failed row of a job reads
`CODE:message:fields --`.

Fields are not created by `doctor`: a new field is visible to nobody until an administrator grants
access to it, so that person had better create it too.
"""

import base64
import csv
import io
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from operator import itemgetter
from typing import Any, ClassVar
from urllib.parse import quote

import httpx

from ..destination import (
    Call,
    Destination,
    Finding,
    Outcome,
    Record,
    Refused,
    Stop,
    Transient,
    Value,
    url,
)
from ..errors import AuthError, ConfigError, redact
from ..transport import json_of, judge, retry_after
from . import salesforce_rows as shape

COLLECTION = 200  # records of one sObject Collections request
PAGE = 2000  # records of one query
OVERLAP = timedelta(minutes=10)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
LONG_REQUEST_SECONDS = 20.0  # requests longer than this count as concurrent
GONE = {"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"}
NOT_REPORTED = "NOT_REPORTED"  # in here only: the answer does not mention the row
PASSING = {
    "UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG",
    "STORAGE_LIMIT_EXCEEDED", "ENTITY_IS_DELETED", NOT_REPORTED,
}  # fmt: skip
RIGHTS = (
    "Check SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET, that the app allows the client "
    "credentials flow with the scope api, and the permissions of its integration user."
)
TYPES = {
    "text": {"string", "textarea", "email", "phone", "url", "picklist", "multipicklist",
             "combobox", "reference", "encryptedstring"},
    "number": {"double", "int", "long", "currency", "percent"},
    "boolean": {"boolean"},
    "instant": {"datetime"},
    "date": {"date"},
}  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What became of one row: its record id, or the code of an error and the fields it names."""

    id: str | None = None
    code: str = ""
    fields: str = ""
    message: str = ""

    @property
    def reason(self) -> str | None:
        """The error without its message, which can repeat values."""
        return f"{self.code} ({self.fields})" if self.fields else self.code or None


class Salesforce(Destination):
    """Records of one sObject in one org; the key is the value of the external id field."""

    name = "salesforce"
    secrets: ClassVar = {
        "SALESFORCE_BASE_URL": "the My Domain address, https://<name>.my.salesforce.com",
        "SALESFORCE_CLIENT_ID": "the consumer key of an app with the client credentials flow",
        "SALESFORCE_CLIENT_SECRET": "its consumer secret",
    }
    options: ClassVar = {
        "object": "Contact", "external_id": "", "match_by": "Email", "mode": "upsert",
        "version": "62.0", "bulk_above": 2000,
        "bulk_size": 10_000, "bulk_minutes": 30.0, "poll_seconds": 5.0, "requests_per_second": 10,
        "account": "", "pull_fields": [],
    }  # fmt: skip
    forbidden: ClassVar = frozenset(
        {"HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall", "HasOptedOutProcessing",
         "HasOptedOutProfiling", "HasOptedOutSolicit", "HasOptedOutTracking",
         "HasOptedOutGeoTracking", "ShouldForget"}
    )  # fmt: skip
    can_read = True
    can_match = True
    can_pull = True
    volatile_columns = frozenset({"_fivetran_synced", "last_modified_date"})
    record_id = "Id"
    batch_size = COLLECTION

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the options and the environment; no request is made before the first batch."""
        super().__init__(options, environ)
        self.quota = (self.option["requests_per_second"], 1.0)
        self.object, self.external_id = self.option["object"], self.option["external_id"]
        self.root = f"/services/data/v{self.option['version']}"
        self.lock, self.token, self.identity = threading.Lock(), "", ""
        self.untouchable = {name.lower() for name in self.forbidden}  # names have no case
        self.described: dict[str, Any] = {}
        self.field: dict[str, dict[str, Any]] = {}

    def check(self) -> None:
        """Raise ConfigError when a secret or the external id field is missing."""
        super().check()
        for name in ("object", "external_id", "match_by"):
            if name == "match_by" and not self.option[name]:
                continue
            if not re.fullmatch(r"\w+", self.option[name]):
                raise ConfigError(
                    f"The option {name} of salesforce must be an API name, such as Contact or "
                    f"Audience_Profile_Id__c, not {self.option[name]!r}."
                )

    @property
    def pulled(self) -> frozenset[str]:
        """What staging reads of this object, but for who somebody is, which both sides know."""
        read = dict(shape.TABLES.values()).get(self.object, ())
        return frozenset({*read, *self.option["pull_fields"]} - shape.OURS_TOO)

    def whose(self, call: Call) -> str:
        """Return the organisation; the answer that brings a token names it."""
        self.renew(call, "")
        found = re.search(r"/id/(\w+)/\w+$", self.identity)
        if not found:
            raise Refused("the token comes without an identity URL")
        return f"organisation {found[1]}"

    def batch_of(self, operation: str, total: int) -> int:
        """Return the size of a Bulk API job for a large run, of a collection for a small one."""
        return self.option["bulk_size"] if total > self.option["bulk_above"] else COLLECTION

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Send one batch; see `Destination.send`.

        What changes or empties a known record is an update by record id, and so is taking over one
        that was there before: it gets our external id. Records that have gone are created anew by
        an update; a remove looks once whether they live on after a merge.
        """
        empty = operation == "remove"
        ids = {record.key: record.remote_id for record in records if record.remote_id}
        own = [self.external_id] if operation == "add" else []
        done = self.update(call, records, ids, empty=empty, own=own)
        lost = [
            record for record in records if record.key not in done or done[record.key].code in GONE
        ]
        if empty:
            rows = self.look_up(call, [record.key for record in lost])
            found = {key: row["id"] for key, row in rows.items()}
            done |= {record.key: Result() for record in lost}  # nobody there: nothing to empty
            done |= self.update(call, lost, found, empty=True)
        else:
            done |= self.upsert(
                call, {record.key: {**record.whole, **record.values} for record in lost}
            )
        return [outcome_of(record.key, done[record.key]) for record in records]

    def upsert(self, call: Call, rows: Mapping[str, Mapping[str, Value]]) -> dict[str, Result]:
        """Create or update records by external id; returns a result per key."""
        ready = {key: self.prepared(call, values) for key, values in rows.items()}
        done = self.write(call, self.external_id, ready)
        return {key: done.get(key, Result(code=NOT_REPORTED)) for key in rows}

    def update(
        self,
        call: Call,
        records: Sequence[Record],
        ids: Mapping[str, str],
        *,
        empty: bool,
        own: Sequence[str] = (),
    ) -> dict[str, Result]:
        """Change records by record id, those whose id is known; returns a result per key.

        `own` are fields that take the key.
        """
        rows: dict[str, dict[str, Value]] = {}
        for record in records:
            if record.key in ids:  # an id may not appear twice in a request
                values = self.prepared(call, record.values, empty=empty)
                values |= dict.fromkeys(own, record.key)
                rows.setdefault(ids[record.key], {}).update(values)
        done = self.write(call, "Id", rows)
        return {
            key: done.get(record_id, Result(code=NOT_REPORTED)) for key, record_id in ids.items()
        }

    def prepared(
        self, call: Call, values: Mapping[str, Value], *, empty: bool = False
    ) -> dict[str, Value]:
        """Return values without what names the record and with nothing null that cannot be."""
        for name in values:
            if name.lower() in self.untouchable:
                raise ConfigError(f"Salesforce's {name} is not ours to write; take it out.")
        names = {"id", self.external_id.lower()}
        ours = {name: value for name, value in values.items() if name.lower() not in names}
        if None not in ours.values():
            return ours
        about = self.fields(call)
        usual = {"type": "", "nillable": True}
        ready: dict[str, Value] = {}
        for name, value in ours.items():
            field = about.get(name.lower(), usual)
            if value is None and field["type"] == "boolean":
                ready[name] = False
            elif value is not None or field["nillable"] or not empty:
                ready[name] = value
        return ready

    def write(
        self, call: Call, by: str, rows: Mapping[str, Mapping[str, Value]]
    ) -> dict[str, Result]:
        """Write rows by external id or by Id, the way that fits their number."""
        if not rows:
            return {}
        way = self.bulk if len(rows) > COLLECTION else self.collection
        done = way(call, by, rows)
        if all(result.code for result in done.values()):
            self.check_fields(done.values())
        return done

    def collection(
        self, call: Call, by: str, rows: Mapping[str, Mapping[str, Value]]
    ) -> dict[str, Result]:
        """Write up to 200 rows at once."""
        name, tail = ("id", "") if by == "Id" else (by, f"/{self.object}/{by}")
        records = [
            {"attributes": {"type": self.object}, name: key, **values}
            for key, values in rows.items()
        ]
        body = {"allOrNone": False, "records": records}
        answer = self.ask(call, "PATCH", f"/composite/sobjects{tail}", json=body)
        if not isinstance(answer, list) or len(answer) != len(rows):
            return {}
        return {
            row: Result(saved["id"]) if saved.get("success") else first(problems_of(saved))
            for row, saved in zip(rows, answer, strict=True)
        }

    def bulk(
        self, call: Call, by: str, rows: Mapping[str, Mapping[str, Value]]
    ) -> dict[str, Result]:
        """Write many rows with one job."""
        job = {"object": self.object, "operation": "update", "contentType": "CSV"}
        if by != "Id":
            job |= {"operation": "upsert", "externalIdFieldName": by}
        job_id = self.ask(call, "POST", "/jobs/ingest", json={**job, "lineEnding": "LF"})["id"]
        path, kind = url("/jobs/ingest/{}", job_id), {"Content-Type": "text/csv; charset=UTF-8"}
        self.ask(call, "PUT", f"{path}/batches", content=csv_of(by, rows), headers=kind)
        self.ask(call, "PATCH", path, json={"state": "UploadComplete"})
        ended = self.wait(call, path)
        error = str(ended.get("errorMessage") or "")
        if "Field name not found" in error:
            self.check_fields([Result(code="INVALID_FIELD", message=error)])
        if ended["state"] not in ("JobComplete", "Failed"):
            return {}
        good, bad = (self.rows(call, path, kind) for kind in ("successful", "failed"))
        done = {row.get(by, ""): Result(row["sf__Id"]) for row in good}
        done |= {row.get(by, ""): problem_of_text(row["sf__Error"]) for row in bad}
        if not done and error.startswith(("ClientInputError", "InvalidBatch")):
            # Small parts go as collections, which tell the culprit.
            raise Refused(f"the Bulk API job failed ({error.partition(':')[0].strip()})")
        return done

    def wait(self, call: Call, path: str) -> dict[str, Any]:
        """Return the job when it has ended; one that takes too long is aborted."""
        last = time.monotonic() + 60 * self.option["bulk_minutes"]
        while True:
            pause, job = self.option["poll_seconds"], {}
            try:
                job = self.ask(call, "GET", path)
            except Transient as problem:  # a failed look at the job is no reason to start it anew
                pause = max(pause, problem.wait or 0.0)
                if time.monotonic() + pause > last:
                    raise
            if job.get("state") in ("JobComplete", "Failed", "Aborted"):
                return job
            if time.monotonic() >= last:
                with suppress(Refused):  # it ended just now
                    self.ask(call, "PATCH", path, json={"state": "Aborted"})
                return self.ask(call, "GET", path)
            time.sleep(pause)

    def rows(self, call: Call, path: str, kind: str) -> list[dict[str, str]]:
        """Return one of the two result lists of a job."""
        response = self.request(call, "GET", f"{path}/{kind}Results")
        is_csv = "csv" in response.headers.get("Content-Type", "")
        if response.status_code != 200 or not is_csv:
            self.checked(response)
            raise Transient("the results of the Bulk API job are not CSV")
        response.encoding = "utf-8"
        return list(csv.DictReader(io.StringIO(response.text, newline="")))

    def look_up(
        self, call: Call, keys: Sequence[str], names: Sequence[str] = ()
    ) -> dict[str, dict[str, Any]]:
        """Return the rows that Salesforce holds for these keys, column names in lower case."""
        held = self.external_id.lower()
        rows = self.query(call, self.external_id, keys, names)
        found = {str(row[held]): row for row in rows}
        return {key: found[key] for key in keys if key in found}

    def query(
        self, call: Call, column: str, values: Iterable[str], names: Sequence[str] = ()
    ) -> Iterator[dict[str, Any]]:
        """Yield the rows whose column has one of the values, column names in lower case."""
        wanted = sorted(set(values))
        for start in range(0, len(wanted), COLLECTION):
            some = ",".join(quoted(value) for value in wanted[start : start + COLLECTION])
            columns = ", ".join(dict.fromkeys(["Id", self.external_id, column, *names]))
            query = f"SELECT {columns} FROM {self.object} WHERE {column} IN ({some})"
            address = f"{self.root}/query?q={quote(query)}"
            part = {"method": "GET", "url": address, "referenceId": "found"}
            answer = self.ask(call, "POST", "/composite", json={"compositeRequest": [part]})
            body = answer["compositeResponse"][0]["body"]
            if not isinstance(body, dict):
                problems = problems_of(body)
                self.check_fields(problems)
                raise Transient(problems[0].code if problems else "the query was not answered")
            for row in body["records"]:
                yield {name.lower(): value for name, value in row.items()}

    def match(self, call: Call, records: Sequence[Record]) -> dict[str, list[str]]:
        """Return the ids of records by Id where one is mapped, external id, then `match_by`."""
        found: dict[str, list[str]] = {}
        by = self.option["match_by"]
        # An Id of 15 characters has 18 in the answer, and texts such as addresses have no case.
        forms = {"Id": lambda value: value[:15], self.external_id: str} | (
            {by: str.lower} if by else {}
        )
        for column, form in forms.items():
            keys: dict[str, list[str]] = {}
            values = []
            for record in records:
                own = record.key if column == self.external_id else record.values.get(column)
                if record.key not in found and (value := str(own or "").strip()):
                    keys.setdefault(form(value), []).append(record.key)
                    values.append(value)
            for row in self.query(call, column, values):
                for key in keys.get(form(str(row[column.lower()])), []):
                    found.setdefault(key, []).append(row["id"])
        return found

    def count(self, call: Call) -> int:
        """Return how many records of the object the integration user sees."""
        query = quote(f"SELECT COUNT() FROM {self.object}")
        return self.ask(call, "GET", f"/query?q={query}")["totalSize"]

    def read(
        self, call: Call, records: Sequence[Record], names: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Return what Salesforce holds in these fields, by key."""
        unknown = [record.key for record in records if not record.remote_id]
        known = {record.remote_id: record.key for record in records if record.remote_id}
        rows = self.look_up(call, unknown, names)
        rows |= {known[row["id"]]: row for row in self.query(call, "Id", known, names)}
        return {
            key: {name: plain(row.get(name.lower())) for name in names} for key, row in rows.items()
        }

    def pull(
        self, call: Call, since: datetime | None
    ) -> Iterator[tuple[str, list[dict[str, Any]], datetime]]:
        """Yield raw rows of every table; see `Destination.pull`.

        A table whose object the user may not read has none. The watermark only moves in the last
        round, for all tables alike, and never beyond the instant at which this began.
        """
        floor = since or EPOCH
        held = self.progress or {"began": str(self.clock(call)), "newest": str(floor)}
        for table, (name, usual) in shape.TABLES.items():
            custom = self.option["pull_fields"] if name in shape.WITH_PROPERTIES else []
            wanted = ("Id", "IsDeleted", *usual, *custom)
            fields = self.readable(call, name, wanted)
            while fields and (page := self.changed(call, name, fields, since, held.get(table))):
                held["newest"] = str(
                    max(datetime.fromisoformat(held["newest"]), *map(modified_at, page))
                )
                held[table] = page[-1]["Id"]
                self.progress = dict(held)
                at = self.clock(call)
                yield (
                    table,
                    [
                        shape.row_of(wanted, row)
                        | {"_fivetran_synced": f"{max(at, modified_at(row)).isoformat()}Z"}
                        for row in page
                    ],
                    floor,
                )
        newest, began = (datetime.fromisoformat(held[name]) for name in ("newest", "began"))
        mark = max(floor, min(newest, began))
        yield from ((table, [], mark) for table in shape.TABLES)
        self.progress = {}

    def clock(self, call: Call) -> datetime:
        """Return what time it is by Salesforce's clock, without a zone; ours where it says none."""
        date = self.request(call, "GET", "/limits").headers.get("Date")
        at = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return at.astimezone(UTC).replace(tzinfo=None)

    def readable(self, call: Call, name: str, wanted: Sequence[str]) -> list[str]:
        """Return those of the fields of an object that the user may read, none without a right."""
        response = self.request(call, "GET", url("/sobjects/{}/describe", name))
        if response.status_code == 404:
            return []
        known = {field["name"].lower() for field in self.checked(response)["fields"]}
        return [field for field in wanted if field.lower() in known]

    def changed(
        self, call: Call, name: str, fields: Sequence[str], since: datetime | None, last: str | None
    ) -> list[dict[str, Any]]:
        """Return the next page of records that changed, in the order of their ids."""
        tests = [f"Id > {quoted(last)}"] if last else []
        if since is not None:
            tests.append(f"SystemModstamp >= {(since - OVERLAP).isoformat(timespec='seconds')}Z")
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        columns = ", ".join([*fields, "SystemModstamp"])
        query = f"SELECT {columns} FROM {name}{where} ORDER BY Id LIMIT {PAGE}"
        return self.ask(call, "GET", f"/queryAll?q={quote(query)}")["records"]

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Delete the record, False when there is none; the recycle bin keeps it up to 15 days."""
        ids = [remote_id] if remote_id else []
        for entry in ids or [row["id"] for row in self.look_up(call, [key]).values()]:
            response = self.request(call, "DELETE", url("/sobjects/{}/{}", self.object, entry))
            if response.status_code != 404:
                self.checked(response)
            ids = [entry]
        return bool(ids)

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Yield findings about the token, the object, its external id and the mapped fields."""
        try:
            held = self.fields(call)
        except (AuthError, ConfigError) as problem:
            yield Finding("access", False, str(problem))
            return
        yield Finding("access", True)
        writable = bool(self.described.get("createable") and self.described.get("updateable"))
        advice = f"Let the integration user create and edit {self.object}."
        yield Finding(self.object, writable, "" if writable else advice)
        key = held.get(self.external_id.lower(), {})
        fits = bool(key.get("externalId") and key.get("unique")) and key["type"] in TYPES["text"]
        advice = "Make it a text field with External ID and Unique, visible to the user."
        yield Finding(self.external_id, fits, "" if fits else advice)
        for name, kind in fields.items():
            if name == self.record_id:  # only read, to find the record
                continue
            advice = wrong(held.get(name.lower()), kind)
            yield Finding(name, not advice, advice)
        mapped = {name.lower() for name in (*fields, self.external_id)}
        for name, field in held.items():
            needed = field["createable"] and not (field["nillable"] or field["defaultedOnCreate"])
            if needed and field["type"] != "boolean" and name not in mapped:
                yield Finding(field["name"], False, "New records are refused without it: map it.")

    def fields(self, call: Call) -> dict[str, dict[str, Any]]:
        """Return the fields of the object by name in lower case; asked for once."""
        if not self.field:
            self.described = self.ask(call, "GET", f"/sobjects/{self.object}/describe")
            self.field = {field["name"].lower(): field for field in self.described["fields"]}
        return self.field

    def ask(self, call: Call, method: str, path: str, **arguments: Any) -> Any:
        """Make one request and return the JSON of a good answer; raises the fitting signal."""
        return self.checked(self.request(call, method, path, **arguments))

    def request(self, call: Call, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Make one request, and once more with a new token when the old one has expired."""
        headers = arguments.pop("headers", {})

        def attempt(token: str) -> httpx.Response:
            signed = {**headers, "Authorization": f"Bearer {token}"}
            return call(method, f"{self.root}{path}", headers=signed, **arguments)

        token = self.token or self.renew(call, "")
        response = attempt(token)
        if response.status_code == 401 and "INVALID_SESSION_ID" in codes_of(json_of(response)):
            response = attempt(self.renew(call, token))
        return response

    def renew(self, call: Call, stale: str) -> str:
        """Return a token other than the stale one; only one thread fetches it."""
        with self.lock:
            if self.token == stale:
                login = ":".join(
                    self.secret[f"SALESFORCE_CLIENT_{entry}"] for entry in ("ID", "SECRET")
                )
                headers = {
                    "Authorization": f"Basic {base64.b64encode(login.encode()).decode()}",
                    "Content-Type": "application/x-www-form-urlencoded",
                }
                grant = "grant_type=client_credentials"
                response = call("POST", "/services/oauth2/token", content=grant, headers=headers)
                try:
                    body = judge(
                        response, who="Salesforce", rights=RIGHTS, reason=itemgetter("error")
                    )
                except Refused as problem:
                    raise AuthError(f"Salesforce gives no token ({problem}). {RIGHTS}") from None
                self.identity = str(body.get("id"))
                self.token = body["access_token"]
            return self.token

    def checked(self, response: httpx.Response) -> Any:
        """Return the JSON of a good answer; raises the signal that fits any other."""
        problems = problems_of(json_of(response)) if response.status_code >= 400 else []
        codes = {problem.code for problem in problems}
        if "REQUEST_LIMIT_EXCEEDED" in codes:
            if any("Concurrent" in problem.message for problem in problems):
                wait = retry_after(response, otherwise=LONG_REQUEST_SECONDS)
                raise Transient("too many long requests at once", wait)
            raise Stop("Salesforce's requests of 24 hours are used up.")
        if codes & PASSING - {NOT_REPORTED}:
            raise Transient(", ".join(sorted(codes)), retry_after(response))
        if codes & {"NOT_FOUND", "INVALID_TYPE"}:
            raise ConfigError(
                f"Salesforce does not show {self.object} with the external id {self.external_id} "
                f"at version {self.option['version']}; check the options and the user's access."
            )
        self.check_fields(problems)
        saved = ", ".join(sorted(codes))
        # The data of a job and a deletion are answered without content.
        silent = {"PUT": 201, "DELETE": 204}.get(response.request.method, 0)
        return judge(
            response,
            who="Salesforce",
            rights=RIGHTS,
            reason=lambda body: saved,
            silent=silent,
        )

    def check_fields(self, problems: Iterable[Result]) -> None:
        """Raise ConfigError when a field cannot be written: that refuses every record alike.

        Not so when other records of the batch were written: person accounts have their own rules.
        """
        bad = [problem for problem in problems if problem.code.startswith("INVALID_FIELD")]
        if bad:
            names = {name for problem in bad for name in named(problem)}
            raise ConfigError(
                f"Salesforce cannot write {', '.join(sorted(names)) or 'a field'} of "
                f"{self.object}: create it, let the integration user edit it, or unmap it."
            )


def modified_at(row: Mapping[str, Any]) -> datetime:
    """Return when a record changed last, naive UTC."""
    at = datetime.fromisoformat(row["SystemModstamp"])
    return at.astimezone(UTC).replace(tzinfo=None)


def outcome_of(key: str, result: Result) -> Outcome:
    """Return what a result means for the record."""
    if not result.code:
        return Outcome(key, "delivered", result.id)
    state = "open" if result.code in PASSING else "refused"
    return Outcome(key, state, reason=redact(result.reason or "", key))


def problems_of(body: Any) -> list[Result]:
    """Return the errors of a refused request, or of one record in a collection."""
    errors = body.get("errors", []) if isinstance(body, dict) else body
    return [
        Result(
            code=passing_code(
                str(error.get("statusCode") or error.get("errorCode") or ""), message
            ),
            fields=", ".join(error.get("fields") or []),
            message=message,
        )
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict)
        for message in [str(error.get("message", ""))]
    ]


def problem_of_text(text: str) -> Result:
    """Return the error in `CODE:message:fields --` of a Bulk API result."""
    code, _, message = text.partition(":")
    fields = re.search(r":([\w, ]*?)\s*--\s*$", text)
    return Result(
        code=passing_code(code.strip(), message),
        fields=fields[1].strip() if fields else "",
        message=message,
    )


def first(problems: Sequence[Result]) -> Result:
    """Return the first error of a record that was not written."""
    return problems[0] if problems else Result(code=NOT_REPORTED)


def passing_code(code: str, message: str) -> str:
    """Return the code, or that of the lock which a trigger ran into."""
    return "UNABLE_TO_LOCK_ROW" if "UNABLE_TO_LOCK_ROW" in message else code or NOT_REPORTED


def codes_of(body: Any) -> set[str]:
    """Return the error codes of a body."""
    return {problem.code for problem in problems_of(body)}


def named(problem: Result) -> list[str]:
    """Return the fields that an error names."""
    found = re.findall(r"No such column '(\w+)'|not found : (\w+)", problem.message)
    listed = re.findall(r"fields: ([\w, ]+)", problem.message)
    names = [name for pair in found for name in pair if name]
    return names or [
        word for part in [problem.fields, *listed] for word in re.findall(r"\w+", part)
    ]


def csv_of(by: str, rows: Mapping[str, Mapping[str, Value]]) -> bytes:
    """Return rows as the CSV of a job; an empty cell is a field that does not change."""
    names = sorted({name for values in rows.values() for name in values})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([by, *names])
    for row, values in rows.items():
        writer.writerow([row, *(cell(values[n]) if n in values else "" for n in names)])
    return text.getvalue().encode()


def cell(value: Value) -> str:
    """Return a value as a job's CSV has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "#N/A" if value is None or value == "" else str(value)


def quoted(text: str) -> str:
    """Return a text as SOQL reads it."""
    inner = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{inner}'"


def plain(value: Any) -> Value:
    """Return a value that was read, instants with the Z that ours have."""
    return re.sub(r"\+0000$", "Z", value) if isinstance(value, str) else value


def wrong(field: Mapping[str, Any] | None, kind: str) -> str:
    """Return what to do about a mapped field, nothing when it is fine."""
    if field is None:
        return "Create it, and let the integration user edit it."
    if not field["updateable"]:
        return "Let the integration user edit it."
    if field["type"] not in TYPES[kind]:
        return f"It is of type {field['type']}, which does not take a {kind}."
    return ""
