"""Answer the contact endpoints of HubSpot's CRM API from the store.

The shapes follow these public pages of HubSpot's documentation:

- "Upsert contacts", developers.hubspot.com/docs/api-reference/2026-03/crm/objects/contacts/batch/
  upsert-contacts, and "Update contacts" beside it: inputs, results, errors, empty string clears.
- "Contacts", developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide:
  batches of at most 100, batch updates by record id only, upserts by `email`.
- "Error handling", developers.hubspot.com/docs/api-reference/error-handling: the error body,
  401, and 207 with `context.objectWriteTraceId` when every input carries a trace id.
"""

import json
import re
import uuid
from datetime import datetime
from typing import Any

from .store import PROPERTIES, Store, as_object, utc_now

MAX_INPUTS = 100
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


def property_fault(name: str, value: str) -> tuple[str, str] | None:
    """Return (code, message) when a property does not exist or cannot hold the value."""
    kind = PROPERTIES.get(name)
    if kind is None:
        return "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'
    if value == "" or kind == "string":
        return None
    try:
        if kind == "number":
            float(value)
        elif not value.isdigit():  # digits are milliseconds since 1970
            datetime.fromisoformat(value)
    except ValueError:
        return f"INVALID_{kind.upper()}", f"{value} was not a valid {kind}"
    return None


def input_fault(item: dict[str, Any], *, by_email: bool) -> dict[str, Any] | None:
    """Return the error for one input that cannot be stored, or nothing."""
    if by_email and not EMAIL.fullmatch(item["id"].strip()):
        return {
            "status": "error",
            "category": "VALIDATION_ERROR",
            "message": f"Email address {item['id']} is invalid",
            "context": {},
        }
    for name, value in item["properties"].items():
        fault = property_fault(name, value)
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


def write_batch(store: Store, body: Any, *, upsert: bool) -> Reply:
    """Apply `batch/upsert` (by e-mail address) or `batch/update` (by record id)."""
    whole = body_fault(body)
    if whole is not None:
        return 400, whole
    inputs = body["inputs"]
    if upsert and any(item.get("idProperty") != "email" for item in inputs):
        return 400, error("Unable to perform upsert: idProperty must be a unique property")
    started, results, errors, missing = utc_now(), [], [], []
    traced = all(item.get("objectWriteTraceId") for item in inputs)
    faults = [input_fault(item, by_email=upsert) for item in inputs]
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
            elif (row := store.find(item["id"], by_email=False)) is None:
                missing.append(item["id"])
            else:
                results.append(as_object(store.update(row, item["properties"])))
        store.commit()
    results.reverse()  # the order of results is not promised, so never give the order of inputs
    return batch_reply(started, results, errors, missing)


def read_batch(store: Store, body: Any) -> Reply:
    """Answer `batch/read`, by record id or, with `idProperty`, by e-mail address."""
    whole = body_fault(body)
    if whole is not None:
        return 400, whole
    started, by_email = utc_now(), body.get("idProperty") == "email"
    rows = {item["id"]: store.find(item["id"], by_email=by_email) for item in body["inputs"]}
    results = [as_object(row, body.get("properties", [])) for row in rows.values() if row]
    return batch_reply(started, results, [], [value for value, row in rows.items() if not row])


def batch_reply(started: str, results: list, errors: list, missing: list[str]) -> Reply:
    """Return 200, or 207 when some of the inputs failed."""
    if missing:
        errors.append(
            {
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "message": "Could not get some CONTACT objects, they may be deleted or not exist.",
                "context": {"ids": missing},
            }
        )
    body = {"status": "COMPLETE", "results": results, "startedAt": started}
    body["completedAt"] = utc_now()
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    return (207 if errors else 200), body


def get_contact(store: Store, value: str, query: dict[str, list[str]]) -> Reply:
    """Answer one contact by record id, or by address with `?idProperty=email`."""
    row = store.find(value, by_email=query.get("idProperty") == ["email"])
    if row is None:
        return 404, error("resource not found", "OBJECT_NOT_FOUND")
    return 200, as_object(row, wanted_properties(query))


def list_contacts(store: Store, query: dict[str, list[str]]) -> Reply:
    """Answer one page of contacts; `after` in `paging.next` leads to the following page."""
    limit = min(int(query.get("limit", ["10"])[0]), 100)
    after = int(query.get("after", ["0"])[0])
    rows = store.rows(
        "select * from contacts where contact_id > ? order by contact_id limit ?",
        [after, limit + 1],
    )
    properties = wanted_properties(query)
    body: dict[str, Any] = {"results": [as_object(row, properties) for row in rows[:limit]]}
    if len(rows) > limit:
        body["paging"] = {"next": {"after": str(rows[limit - 1]["contact_id"])}}
    return 200, body


def wanted_properties(query: dict[str, list[str]]) -> list[str] | None:
    """Return the names asked for with `?properties=a,b`; nothing means all that are set."""
    names = ",".join(query.get("properties", []))
    return [name for name in names.split(",") if name] or None
