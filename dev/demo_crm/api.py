"""Answer the record endpoints (contacts, engagements and so on) of HubSpot's CRM API.

The shapes follow these public pages of HubSpot's documentation:

- "Upsert contacts", developers.hubspot.com/docs/api-reference/2026-03/crm/objects/contacts/batch/
  upsert-contacts, and "Update contacts" beside it: inputs, results, errors, empty string clears.
- "Contacts", developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide:
  batches of at most 100, batch updates by record id only, upserts by `email`.
- "Error handling", developers.hubspot.com/docs/api-reference/error-handling: the error body,
  401, 403 without a scope, and 207 with `context.objectWriteTraceId` when every input carries a
  trace id.
- "Search the CRM", /docs/api-reference/2026-03/crm/search-the-crm: filter groups, one sort,
  at most 200 a page and 10,000 results a query, bodies of at most 3,000 characters.
- "Retrieve companies", /docs/api-reference/latest/crm/objects/companies/get-companies:
  `archived=true` lists the recycle bin.
- "Permanently delete a contact (GDPR-compliant)", /docs/api-reference/legacy/crm/objects/
  contacts/gdpr/gdpr-delete-contact: by id or by `email`; an unknown address is blocked.
"""

import json
import re
import uuid
from datetime import UTC, datetime
from typing import Any

from .store import READ_ONLY, Store, as_object, table_of, utc_now

MAX_INPUTS = 100
MAX_PAGE, MAX_RESULTS, MAX_BODY, MAX_GROUPS = 200, 10_000, 3_000, 5
EMAIL = re.compile(r"[^@\s;,<>\"]+@[^@\s;,<>\".]+(\.[^@\s;,<>\".]+)+")

Reply = tuple[int, dict[str, Any]]


def error(message: str, category: str = "VALIDATION_ERROR", **more: Any) -> dict[str, Any]:
    """Return an error body; `more` adds fields such as `context` or `errors`."""
    return {
        "status": "error",
        "message": message,
        "correlationId": str(uuid.uuid4()),
        "category": category,
        **more,
    }


def missing_scopes(scopes: list[str]) -> Reply:
    """Refuse what needs one of these scopes, as for a token that has none of them."""
    message = "This app hasn't been granted all required scopes to make this call."
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": scopes},
    }
    return 403, error(message, "MISSING_SCOPES", errors=[detail])


def property_fault(known: dict[str, str], name: str, value: str) -> tuple[str, str] | None:
    """Return (code, message) when a property does not exist or cannot hold the value."""
    if name in READ_ONLY:
        return "READ_ONLY_VALUE", f'"{name}" is a read only property'
    kind = known.get(name)
    if kind is None:
        return "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'
    if value == "" or kind in ("string", "enumeration"):
        return None
    try:
        if kind == "number":
            float(value)
        elif kind == "bool":
            ("true", "false").index(value)
        elif not value.isdigit():  # digits are milliseconds since 1970
            at = datetime.fromisoformat(value)
            if kind == "date" and (at.hour, at.minute, at.second, at.microsecond) != (0, 0, 0, 0):
                raise ValueError("a date is midnight in UTC")
    except ValueError:
        return f"INVALID_{kind.upper()}", f"{value} was not a valid {kind}"
    return None


def input_fault(
    store: Store, item: dict[str, Any], *, by_email: bool, kind: str = "contacts"
) -> dict[str, Any] | None:
    """Return the error for one input that cannot be stored, or nothing."""
    if by_email and not EMAIL.fullmatch(item["id"].strip()):
        return {
            "status": "error",
            "category": "VALIDATION_ERROR",
            "message": f"Email address {item['id']} is invalid",
            "context": {},
        }
    if by_email and store.rows(
        "select 1 from blocked where email = ?", [item["id"].strip().lower()]
    ):
        return {
            "status": "error",
            "category": "VALIDATION_ERROR",
            "message": "The contact was deleted for good and cannot be created again",
            "context": {},
        }
    for name, value in item["properties"].items():
        fault = property_fault(store.types[kind], name, value)
        if fault is not None:
            code, message = fault
            detail = [{"isValid": False, "message": message, "error": code, "name": name}]
            return {
                "status": "error",
                "category": "VALIDATION_ERROR",
                "message": f"Property values were not valid: {json.dumps(detail)}",
                "context": {"propertyName": [name]},
            }
    return None


def body_fault(body: Any) -> dict[str, Any] | None:
    """Return the error that refuses a whole batch, or nothing."""
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(inputs, list) or not inputs:
        return error("Invalid input JSON: inputs must be a list with at least one element")
    if len(inputs) > MAX_INPUTS:
        return error(f"The maximum number of inputs supported in a batch is {MAX_INPUTS}")
    for item in inputs:
        properties = item.get("properties", {}) if isinstance(item, dict) else None
        if not isinstance(properties, dict) or not isinstance(item.get("id"), str):
            return error("Invalid input JSON: every input needs a string id and properties")
        if not all(isinstance(value, str) for value in properties.values()):
            return error("Invalid input JSON: property values must be strings")
    ids = [item["id"].strip().lower() for item in inputs]
    twice = sorted({value for value in ids if ids.count(value) > 1})
    if twice:
        message = f"Duplicate IDs found in batch input: {twice}. IDs must be unique"
        return error(message, context={"ids": twice})
    return None


def write_batch(store: Store, body: Any, *, upsert: bool, kind: str = "contacts") -> Reply:
    """Apply `batch/upsert` (contacts by e-mail address) or `batch/update` (by record id)."""
    whole = body_fault(body)
    if whole is not None:
        return 400, whole
    inputs = body["inputs"]
    if upsert and any(kind != "contacts" or item.get("idProperty") != "email" for item in inputs):
        return 400, error("Unable to perform upsert: idProperty must be a unique property")
    started, results, errors, missing = utc_now(), [], [], []
    traced = all(item.get("objectWriteTraceId") for item in inputs)
    faults = [input_fault(store, item, by_email=upsert, kind=kind) for item in inputs]
    if not traced and any(faults):  # without trace ids one bad input refuses the request
        return 400, next(fault for fault in faults if fault)
    with store.lock:
        for item, fault in zip(inputs, faults, strict=True):
            trace = {"objectWriteTraceId": [item["objectWriteTraceId"]]} if traced else {}
            if fault is not None:
                errors.append(fault | {"context": fault["context"] | trace})
            elif upsert:
                row, is_new = store.upsert(item["id"], item["properties"])
                results.append(as_object(row) | {"new": is_new})
                results[-1] |= {"objectWriteTraceId": item["objectWriteTraceId"]} if traced else {}
            elif (row := store.find(item["id"], kind=kind)) is None:
                missing.append(item["id"])
            else:
                results.append(as_object(store.update(row, item["properties"])))
        store.commit()
    results.reverse()  # the order of results is not promised, so never give the order of inputs
    return batch_reply(started, results, errors, missing)


def read_batch(store: Store, body: Any, *, kind: str = "contacts", archived: bool = False) -> Reply:
    """Answer `batch/read`, by record id or, with `idProperty`, contacts by e-mail address.

    With `?archived=true` only of the recycle bin, else never of it.
    """
    whole = body_fault(body)
    if whole is not None:
        return 400, whole
    wanted = body.get("idProperty")
    by_email = kind == "contacts" and wanted == "email"
    if wanted and not by_email:
        return 400, error(f"{wanted} is not a unique property of {kind}")
    started = utc_now()
    find = store.find_archived if archived else store.find
    rows = {item["id"]: find(item["id"], by_email=by_email, kind=kind) for item in body["inputs"]}
    results = [as_object(row, body.get("properties", [])) for row in rows.values() if row]
    return batch_reply(started, results, [], [value for value, row in rows.items() if not row])


def create(store: Store, body: Any, *, kind: str) -> Reply:
    """Add one record."""
    properties = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(properties, dict):
        return 400, error("Invalid input JSON: properties are missing")
    is_contact, address = kind == "contacts", str(properties.get("email", ""))
    item = {"id": address, "properties": properties}
    fault = input_fault(store, item, by_email=is_contact, kind=kind)
    if fault is not None:
        return 400, fault
    with store.lock:
        known = store.find(address, by_email=True) if is_contact else None
        if known is not None:
            message = f"Contact already exists. Existing ID: {known['object_id']}"
            return 409, error(message, "CONFLICT")
        row = store.create(kind, properties)
        store.commit()
    return 201, as_object(row)


def archive(store: Store, values: list[str], *, kind: str) -> Reply:
    """Move records to the recycle bin; those that are not there are ignored."""
    with store.lock:
        for row in [store.find(value, kind=kind) for value in values]:
            if row is not None:
                store.archive(row)
        store.commit()
    return 204, {}


def gdpr_delete(store: Store, body: Any) -> Reply:
    """Delete a contact for good, by record id or by address."""
    value, name = (body or {}).get("objectId"), (body or {}).get("idProperty")
    if not isinstance(value, str) or name not in (None, "email"):
        return 400, error("Invalid input JSON: objectId must be a string")
    if name is None and store.find(value) is None:
        return 404, error("resource not found", "OBJECT_NOT_FOUND")
    store.purge(value, by_email=name == "email")
    store.commit()
    return 204, {}


# SQL of each operator; {0} is the held value and every ? one value to compare with.
OPERATORS = {
    "EQ": "{0} = ?",
    "NEQ": "{0} <> ?",
    "LT": "{0} < ?",
    "LTE": "{0} <= ?",
    "GT": "{0} > ?",
    "GTE": "{0} >= ?",
    "IN": "{0} in (?)",
    "NOT_IN": "{0} not in (?)",
    "HAS_PROPERTY": "{0} is not null",
    "NOT_HAS_PROPERTY": "{0} is null",
}


def comparable(kind: str, value: Any) -> Any:
    """Return a value to compare with in the form in which the store holds it."""
    text = str(value)
    if kind == "number":
        return float(text)
    if kind in ("datetime", "date") and text.isdigit():
        at = datetime.fromtimestamp(int(text) / 1000, UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return text.lower()


def condition(store: Store, kind: str, rule: dict[str, Any]) -> tuple[str, list[Any]]:
    """Return SQL and its values for one filter; raises ValueError for one that is not valid."""
    name, operator = str(rule.get("propertyName")), rule.get("operator")
    type_ = READ_ONLY.get(name) or store.types[kind].get(name)
    if type_ is None or operator not in OPERATORS:
        raise ValueError(f"There was a problem with the filter on {name}")
    columns = {
        "hs_object_id": "object_id",
        "createdate": "created_at",
        "lastmodifieddate": "updated_at",
        "hs_lastmodifieddate": "updated_at",
        "email": "email",
    }
    held = columns.get(name, f"json_extract(properties, '$.{name}')")
    if type_ == "number" and name not in columns:
        held = f"cast({held} as real)"
    elif type_ in ("string", "enumeration"):
        held = f"lower({held})"
    sql = OPERATORS[operator]
    if "PROPERTY" in operator:
        return sql.format(held), []
    given = rule.get("values") if "(?)" in sql else [rule.get("value")]
    if not isinstance(given, list) or not given or None in given:
        raise ValueError(f"The filter on {name} has no value")
    marks = ", ".join("?" * len(given))
    return sql.replace("(?)", f"({marks})").format(held), [
        comparable(type_, value) for value in given
    ]


def search(store: Store, body: Any, *, kind: str) -> Reply:
    """Answer one page of records that match any of the filter groups."""
    groups, sorts = body.get("filterGroups", []), body.get("sorts", [])
    limit, after = int(body.get("limit") or 10), int(body.get("after") or 0)
    if limit > MAX_PAGE:
        return 400, error(f"The maximum number of results on a page is {MAX_PAGE}")
    if after + limit > MAX_RESULTS:
        return 400, error(f"Searches are limited to {MAX_RESULTS} results")
    if len(json.dumps(body)) > MAX_BODY or len(groups) > MAX_GROUPS or len(sorts) > 1:
        return 400, error("The search is too long: too many characters, filter groups or sorts")
    try:
        found = [
            [condition(store, kind, entry) for entry in group.get("filters", [])]
            for group in groups
        ]
        order = [sort if isinstance(sort, dict) else {"propertyName": sort} for sort in sorts]
        columns = [
            condition(store, kind, name | {"operator": "HAS_PROPERTY"})[0].removesuffix(
                " is not null"
            )
            for name in order
        ]
    except ValueError as problem:
        return 400, error(str(problem))
    where = " or ".join(
        "(" + (" and ".join(sql for sql, _ in group) or "true") + ")" for group in found
    )
    values = [value for group in found for _, given in group for value in given]
    source = f"from {table_of(kind)} where {where or 'true'}"
    by = [
        column + (" desc" if name.get("direction") == "DESCENDING" else "")
        for name, column in zip(order, columns, strict=True)
    ]
    with store.lock:
        [[total]] = store.rows(f"select count(*) {source}", values)
        rows = store.rows(
            f"select * {source} order by {', '.join([*by, 'object_id'])} limit ? offset ?",
            [*values, limit, after],
        )
    reply: dict[str, Any] = {
        "total": total,
        "results": [as_object(row, body.get("properties", [])) for row in rows],
    }
    if after + limit < total:
        reply["paging"] = {"next": {"after": str(after + limit)}}
    return 200, reply


def batch_reply(started: str, results: list, errors: list, missing: list[str]) -> Reply:
    """Return 200, or 207 when some of the inputs failed."""
    if missing:
        errors.append(
            {
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "message": "Could not get some objects, they may be deleted or not exist.",
                "context": {"ids": missing},
            }
        )
    body = {"status": "COMPLETE", "results": results, "startedAt": started}
    body["completedAt"] = utc_now()
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    return (207 if errors else 200), body


def get_one(store: Store, value: str, query: dict[str, list[str]], *, kind: str) -> Reply:
    """Answer one record by its id, a contact by address with `?idProperty=email`."""
    by_email = kind == "contacts" and query.get("idProperty") == ["email"]
    row = store.find(value, by_email=by_email, kind=kind)
    if row is None:
        return 404, error("resource not found", "OBJECT_NOT_FOUND")
    return 200, as_object(row, wanted_properties(query))


def list_page(store: Store, query: dict[str, list[str]], *, kind: str) -> Reply:
    """Answer one page of records; `after` in `paging.next` leads to the following page."""
    limit = min(int(query.get("limit", ["10"])[0]), 100)
    after = int(query.get("after", ["0"])[0])
    source = table_of(kind)
    if is_archived(query):
        source = f"(select * from archived where object_type = '{kind}')"
    rows = store.rows(
        f"select * from {source} where object_id > ? order by object_id limit ?",
        [after, limit + 1],
    )
    properties = wanted_properties(query)
    body: dict[str, Any] = {"results": [as_object(row, properties) for row in rows[:limit]]}
    if len(rows) > limit:
        body["paging"] = {"next": {"after": str(rows[limit - 1]["object_id"])}}
    return 200, body


def is_archived(query: dict[str, list[str]]) -> bool:
    """Return whether what is asked for is in the recycle bin."""
    return query.get("archived", [""])[0].lower() == "true"


def wanted_properties(query: dict[str, list[str]]) -> list[str] | None:
    """Return the names asked for with `?properties=a,b`; nothing means all that are set."""
    names = ",".join(query.get("properties", []))
    return [name for name in names.split(",") if name] or None
