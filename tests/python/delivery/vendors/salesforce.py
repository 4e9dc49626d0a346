"""A fake Salesforce org: token endpoint, sObject Collections, Composite queries, Bulk API 2.0.

Follows the pages of Salesforce's documentation that the plug-in cites ("Upsert Records Using
sObject Collections", "Update Records ...", "Prepare CSV Files", "Job States", "Get Job ...
Results", "Status Codes and Error Responses", "OAuth 2.0 Client Credentials Flow", "Delete a
Record") and "sObject Rows by External ID". What they leave open is as public reports describe it:
an unknown field refuses a collection as a whole with INVALID_FIELD and fails a job with
`InvalidBatch : Field name not found`; a failed row says `CODE:message:fields --`; a checkbox does
not take null.
"""

import base64
import csv
import io
import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .server import Reply, Request, Vendor

CLIENT_ID, CLIENT_SECRET = "consumer-key", "consumer-secret"
ORGANISATION = "00D000000000001EAA"
ROOT = re.compile(r"/services/data/v\d+\.\d+")
QUERY = re.compile(r"SELECT (.+) FROM (\w+) WHERE (\w+) IN \((.*)\)$", re.S)
TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'")


def field(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    """One field as a describe shows it."""
    usual = {"nillable": kind != "boolean", "defaultedOnCreate": kind == "boolean"}
    rights = {"createable": True, "updateable": True, "externalId": False, "unique": False}
    return {"name": name, "type": kind, "length": 255, **usual, **rights, **more}


class Failed(Exception):
    """A record that is refused."""

    def __init__(self, code: str, message: str, *fields: str) -> None:
        super().__init__(code)
        self.error = {"statusCode": code, "message": message, "fields": list(fields)}


class Salesforce(Vendor):
    """One org with Contacts.

    `records` are by id, deleted ones move to `bin`. `locked` and `duplicates` are external ids
    that a lock or a duplicate rule refuses. `polls` is how often a job is seen InProgress.
    """

    external_id = "Audience_Profile_Id__c"

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """Start with an empty org."""
        self.faults.clear()
        self.requests.clear()
        self.fields = [
            field("Id", "id", createable=False, updateable=False, nillable=False,
                  defaultedOnCreate=True),
            field(self.external_id, externalId=True, unique=True),
            field("LastName", nillable=False, length=80),
            field("FirstName", length=40),
            field("Email", "email", length=80),
            field("Score__c", "double"),
            field("Is_Active__c", "boolean"),
            field("Last_Order_At__c", "datetime"),
            field("Formula__c", updateable=False, createable=False),
        ]  # fmt: skip
        self.records: dict[str, dict[str, Any]] = {}
        self.crm: dict[str, list[dict[str, Any]]] = {}  # records of objects, for queryAll alone
        self.bin: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.locked: set[str] = set()
        self.duplicates: set[str] = set()
        self.tokens: set[str] = set()
        self.issued = 0
        self.polls = 1
        self.unprocessed = 0  # so many rows at the end of a job are never reached
        self.is_exhausted = False

    def expire(self) -> None:
        """End every session."""
        self.tokens.clear()

    def person(self, key: str) -> dict[str, Any] | None:
        """The record with this external id."""
        return next(
            (record for record in self.records.values() if record[self.external_id] == key), None
        )

    def answer(self, request: Request) -> Reply:
        if request.path == "/services/oauth2/token":
            return self.log_in(request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if self.is_exhausted:
            return error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        path = ROOT.sub("", request.path).strip("/").split("/")
        match request.method, path:
            case "PATCH", ["composite", "sobjects", *rest]:
                return self.collection(request.body, rest)
            case "GET", ["query"]:
                return self.query(request.query["q"])
            case "GET", ["limits"]:
                return Reply(body={})
            case "GET", ["queryAll"]:
                return self.query_all(request.query["q"])
            case "GET", ["sobjects", name, "describe"] if self.crm:
                if name not in self.crm:
                    return not_found()
                names = {name for record in self.crm[name] for name in record}
                return Reply(body={"name": name, "fields": [field(each) for each in names]})
            case "POST", ["composite"]:
                return self.composite(request.body["compositeRequest"])
            case _, ["jobs", "ingest", *rest]:
                return self.job(request, rest)
            case "GET", ["sobjects", "Contact", "describe"]:
                rights = {"createable": True, "updateable": True}
                return Reply(body={"name": "Contact", **rights, "fields": self.fields})
            case "DELETE", ["sobjects", "Contact", one]:
                return self.delete(one)
            case "PATCH", ["sobjects", "Contact", by, key] if by == self.external_id:
                return self.single(unquote(key), request.body)
            case "GET", ["sobjects", "Contact", by, key] if by == self.external_id:
                found = self.person(unquote(key))
                return Reply(body=found) if found else not_found()
        return not_found()

    def log_in(self, request: Request) -> Reply:
        form = dict(parse_qsl(request.raw.decode()))
        basic = request.headers.get("authorization", "").removeprefix("Basic ")
        pair = base64.b64decode(basic).decode().partition(":")[::2] if basic else (
            form.get("client_id"), form.get("client_secret")
        )  # fmt: skip
        if form.get("grant_type") != "client_credentials":
            return Reply(400, {"error": "unsupported_grant_type"})
        if pair != (CLIENT_ID, CLIENT_SECRET):
            return Reply(400, {"error": "invalid_client", "error_description": "invalid client"})
        self.issued += 1
        token = f"00D!token{self.issued}"
        self.tokens.add(token)
        return Reply(
            body={
                "access_token": token,
                "instance_url": self.url,
                "id": f"https://login.salesforce.com/id/{ORGANISATION}/005000000000001AAA",
                "token_type": "Bearer",
            }
        )

    def collection(self, body: Any, rest: list[str]) -> Reply:
        records = (body or {}).get("records")
        if not isinstance(records, list) or not records:
            return error(400, "JSON_PARSER_ERROR", "records is required")
        if len(records) > 200:
            return error(400, "EXCEEDED_ID_LIMIT", "record limit reached: 200")
        if rest and rest != ["Contact", self.external_id]:
            return not_found()
        for record in records:
            if record.get("attributes", {}).get("type") != "Contact":
                return error(400, "INVALID_TYPE", "the attributes map needs a type")
            for name in record:
                if name.lower() not in {
                    "attributes",
                    *(entry["name"].lower() for entry in self.fields),
                }:
                    text = f"No such column '{name}' on sobject of type Contact"
                    return error(400, "INVALID_FIELD", text)
        return Reply(body=[self.saved(record, by_key=bool(rest)) for record in records])

    def saved(self, record: dict[str, Any], *, by_key: bool) -> dict[str, Any]:
        """Write one record; returns its UpsertResult or SaveResult."""
        values = {k: v for k, v in record.items() if k not in ("attributes", "id", "Id")}
        try:
            if by_key:
                if "id" in record or "Id" in record:
                    raise Failed("INVALID_FIELD_FOR_INSERT_UPDATE", "no id in an upsert", "Id")
                record_id, created = self.upsert(values)
                return {"id": record_id, "success": True, "errors": [], "created": created}
            record_id = record.get("id") or record.get("Id")
            self.update(str(record_id), values)
            return {"id": record_id, "success": True, "errors": []}
        except Failed as problem:
            return {"success": False, "errors": [problem.error]}

    def upsert(self, values: dict[str, Any]) -> tuple[str, bool]:
        key = values.get(self.external_id)
        if not key:
            raise Failed("MISSING_ARGUMENT", f"{self.external_id} not specified", self.external_id)
        found = self.person(key)
        record_id = found["Id"] if found else f"003{len(self.records) + len(self.bin):015d}"
        self.apply(found or {"Id": record_id, "Is_Active__c": False}, values)
        return record_id, not found

    def update(self, record_id: str, values: dict[str, Any]) -> None:
        if not re.fullmatch(r"\w{15}|\w{18}", record_id):
            raise Failed(
                "MALFORMED_ID", f"Contact ID: id value of incorrect type: {record_id}", "Id"
            )
        if record_id in self.bin:
            raise Failed("ENTITY_IS_DELETED", "entity is deleted")
        if record_id not in self.records:
            raise Failed("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        self.apply(self.records[record_id], values)

    def apply(self, old: dict[str, Any], values: dict[str, Any]) -> None:
        """Check and store; nothing is stored of a record that is refused."""
        names = {entry["name"].lower(): entry for entry in self.fields}
        new = dict(old)
        for name, value in values.items():
            about = names[name.lower()]
            value = None if value == "" else value
            if not about["updateable"]:
                text = f"Unable to create/update fields: {name}. Please check the security settings"
                raise Failed("INVALID_FIELD_FOR_INSERT_UPDATE", text, name)
            self.check(about, value)
            new[about["name"]] = value
        key = new.get(self.external_id)
        if key in self.locked:
            raise Failed("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
        if key in self.duplicates and old.get(self.external_id) is None:
            raise Failed("DUPLICATES_DETECTED", "Use one of these records?")
        if not new.get("LastName"):
            raise Failed("REQUIRED_FIELD_MISSING", "Required fields: [LastName]", "LastName")
        self.records[new["Id"]] = new
        self.writes[new["Id"]] += 1

    def check(self, about: dict[str, Any], value: Any) -> None:
        name, kind = about["name"], about["type"]
        if value is None:
            if kind == "boolean":
                text = f"{name}: value not of required type: "
                raise Failed("INVALID_TYPE_ON_FIELD_IN_RECORD", text, name)
            return
        expected = {"boolean": bool, "double": int | float}.get(kind, str)
        if not isinstance(value, expected):
            raise Failed("INVALID_TYPE_ON_FIELD_IN_RECORD", f"{name}: bad type: {value}", name)
        if kind == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
            text = f"{name}: invalid email address: {value}"
            raise Failed("INVALID_EMAIL_ADDRESS", text, name)
        if kind == "datetime" and not re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", value):
            raise Failed("JSON_PARSER_ERROR", f"{name}: not a datetime: {value}", name)
        if isinstance(value, str) and len(value) > about["length"]:
            text = f"{name}: data value too large: {value} (max length={about['length']})"
            raise Failed("STRING_TOO_LONG", text, name)

    def composite(self, parts: list[dict[str, Any]]) -> Reply:
        """Queries only, at most five."""
        if len(parts) > 5:
            return error(400, "LIMIT_EXCEEDED", "too many queries")
        answers = []
        for part in parts:
            query = dict(parse_qsl(urlsplit(part["url"]).query))["q"]
            reply = self.query(query)
            answers.append({"body": reply.body, "httpStatusCode": reply.status,
                            "referenceId": part["referenceId"]})  # fmt: skip
        return Reply(body={"compositeResponse": answers})

    def query(self, text: str) -> Reply:
        if text == "SELECT COUNT() FROM Contact":
            return Reply(body={"totalSize": len(self.records), "done": True, "records": []})
        found = QUERY.match(text)
        if not found or found[2] != "Contact":
            return error(400, "MALFORMED_QUERY", "unexpected token")
        known = {entry["name"].lower(): entry["name"] for entry in self.fields}
        columns = [name.strip() for name in found[1].split(",")]
        for name in [*columns, found[3]]:
            if name.lower() not in known:
                return error(400, "INVALID_FIELD", f"No such column '{name}' on entity 'Contact'")
        # Texts compare without case, other than external ids that were made so.
        folded = str.lower if known[found[3].lower()] == "Email" else str
        keys = {folded(re.sub(r"\\(.)", r"\1", word)) for word in TEXT.findall(found[4])}
        rows = [
            {"attributes": {"type": "Contact"},
             **{known[name.lower()]: shown(record.get(known[name.lower()])) for name in columns}}
            for record in self.records.values()
            if folded(str(record.get(known[found[3].lower()]))) in keys
        ]  # fmt: skip
        return Reply(body={"totalSize": len(rows), "done": True, "records": rows})

    def query_all(self, text: str) -> Reply:
        """Deleted records too, by SystemModstamp and Id, in the order of ids, so many at a time."""
        found = re.fullmatch(
            r"SELECT (.+) FROM (\w+)(?: WHERE (.+))? ORDER BY Id LIMIT (\d+)", text
        )
        if not found or found[2] not in self.crm:
            return error(400, "MALFORMED_QUERY", "unexpected token")
        names = found[1].split(", ")
        last, since = "", ""
        for test in (found[3] or "").split(" AND "):
            if test.startswith("Id > "):
                last = TEXT.findall(test)[0]
            elif test:
                since = test.removeprefix("SystemModstamp >= ").removesuffix("Z")
        rows = sorted(
            (
                record
                for record in self.crm[found[2]]
                if record["Id"] > last and record["SystemModstamp"] >= since
            ),
            key=lambda record: record["Id"],
        )
        for name in names:
            if any(name not in record for record in self.crm[found[2]]):
                return error(400, "INVALID_FIELD", f"No such column '{name}' on entity")
        page = [{name: record[name] for name in names} for record in rows[: int(found[4])]]
        return Reply(body={"totalSize": len(page), "done": True, "records": page})

    def delete(self, record_id: str) -> Reply:
        if record_id in self.bin:
            return error(404, "ENTITY_IS_DELETED", "entity is deleted")
        if record_id not in self.records:
            return not_found()
        self.bin[record_id] = self.records.pop(record_id)
        return Reply(204)

    def single(self, key: str, body: dict[str, Any]) -> Reply:
        try:
            record_id, created = self.upsert({**body, self.external_id: key})
        except Failed as problem:
            saved = problem.error
            return error(400, saved["statusCode"], saved["message"], saved["fields"])
        body = {"id": record_id, "success": True, "errors": [], "created": created}
        return Reply(201 if created else 200, body)

    def job(self, request: Request, rest: list[str]) -> Reply:
        if not rest:
            return self.open_job(request.body or {})
        job = self.jobs.get(rest[0])
        if not job:
            return not_found()
        match request.method, [record.lower() for record in rest[1:]]:
            case "PUT", ["batches"]:
                if job["state"] != "Open":
                    return error(400, "INVALIDJOBSTATE", "the job is not open")
                if not request.headers.get("content-type", "").startswith("text/csv"):
                    return error(400, "INVALIDCONTENTTYPE", "text/csv expected")
                job["data"] = request.raw.decode()
                return Reply(201)
            case "PATCH", []:
                return self.set_state(job, request.body["state"])
            case "GET", []:
                if job["state"] in ("UploadComplete", "InProgress"):
                    job["polls"] += 1
                    job["state"] = "InProgress"
                    if job["polls"] > self.polls:
                        self.process(job)
            case "GET", [kind] if kind in job["results"]:
                kinds = {"Content-Type": "text/csv"}
                return Reply(200, job["results"][kind], kinds)
        return Reply(body={k: v for k, v in job.items() if k not in ("data", "results")})

    def open_job(self, body: dict[str, Any]) -> Reply:
        if body.get("object") != "Contact" or body.get("contentType") != "CSV":
            return error(400, "INVALIDJOB", "object and contentType are required")
        if (
            body.get("operation") == "upsert"
            and body.get("externalIdFieldName") != self.external_id
        ):
            return error(400, "INVALIDJOB", "externalIdFieldName is required")
        job_id = f"750{len(self.jobs):015d}"
        counts = {"numberRecordsProcessed": 0, "numberRecordsFailed": 0}
        job = {"id": job_id, "state": "Open", "polls": 0, "lineEnding": "LF", "data": "", **counts}
        job["results"] = {}
        self.jobs[job_id] = {**job, **body}
        return self.job(Request("GET", "", {}, {}, b""), [job_id])

    def set_state(self, job: dict[str, Any], state: str) -> Reply:
        if job["state"] in ("JobComplete", "Failed", "Aborted"):
            return error(400, "INVALIDJOBSTATE", f"the job is {job['state']}")
        job["state"] = state
        return Reply(body={"id": job["id"], "state": state})

    def process(self, job: dict[str, Any]) -> None:
        rows = list(csv.reader(io.StringIO(job["data"], newline="")))
        names = rows.pop(0)
        known = {entry["name"] for entry in self.fields}
        if "\r\n" in job["data"] and job["lineEnding"] == "LF":
            job |= {"state": "Failed", "errorMessage": "ClientInputError : LineEnding is invalid"}
        unknown = [name for name in names if name not in known]  # headers do mind the case
        if unknown:
            text = f"InvalidBatch : Field name not found : {unknown[0]}"
            job |= {"state": "Failed", "errorMessage": text}
        is_broken = job["state"] == "Failed"
        end = 0 if is_broken else len(rows) - self.unprocessed
        good, bad = [], []
        for row in rows[:end]:
            record = {
                name: typed(cell, self.kind(name))
                for name, cell in zip(names, row, strict=True)
                if cell
            }
            saved = self.saved(record, by_key=job["operation"] == "upsert")
            if saved["success"]:
                good.append([saved["id"], str(saved.get("created", False)).lower(), *row])
            else:
                problem = saved["errors"][0]
                culprits = ", ".join(problem["fields"])
                text = f"{problem['statusCode']}:{problem['message']}:{culprits} --"
                bad.append([record.get("Id", ""), text, *row])
        job["results"] = {
            "successfulresults": table(["sf__Id", "sf__Created", *names], reversed(good)),
            "failedresults": table(["sf__Id", "sf__Error", *names], bad),
            "unprocessedrecords": table(names, rows[end:]),
        }
        job |= {"numberRecordsProcessed": end, "numberRecordsFailed": len(bad)}
        if not is_broken:
            job["state"] = "Failed" if self.unprocessed else "JobComplete"

    def kind(self, name: str) -> str:
        return next(entry["type"] for entry in self.fields if entry["name"] == name)


def typed(text: str, kind: str) -> Any:
    """A cell as a value."""
    if text == "#N/A":
        return None
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    return float(text) if kind == "double" else text


def shown(value: Any) -> Any:
    """A value as a query shows it: instants have an offset."""
    return re.sub(r"(T[\d:.]+)Z$", r"\1+0000", value) if isinstance(value, str) else value


def table(names: list[str], rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([names, *rows])
    return text.getvalue()


def error(status: int, code: str, message: str, fields: list[str] | None = None) -> Reply:
    problem = {"message": message, "errorCode": code, **({"fields": fields} if fields else {})}
    return Reply(status, [problem])


def not_found() -> Reply:
    return error(404, "NOT_FOUND", "The requested resource does not exist")
