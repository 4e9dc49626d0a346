"""Answer the lists, properties, pipelines, owners, associations and account endpoints.

The shapes follow these public pages of HubSpot's documentation (developers.hubspot.com):

- "Lists (Segments) API", /docs/api-reference/latest/crm/lists/guide, with "Fetch List by Name",
  "Create list", "Search lists" and "Add records to a list" beside it: memberships change only in
  MANUAL and SNAPSHOT lists; records that do not exist come back as missing.
- "Properties", /docs/api-reference/latest/crm/properties/guide: type and fieldType, groups.
- "Retrieve all owners", /docs/api-reference/2026-03/crm/owners/get-owners.
- "Retrieve associations", /docs/api-reference/2026-03/crm/associations/associate-records/batch/
  get-associations, and the changelog "Batch read limit for HubSpot associations API": at most
  1,000 inputs.
- "Retrieve all pipelines", /docs/api-reference/latest/crm/pipelines/get-pipelines, and the guide
  beside it: texts in the `metadata` of a stage; a new account has one pipeline of deals.
- "Retrieve account details", /docs/api-reference/latest/account/account-information/
  get-account-details.
"""

import json
import re
from typing import Any

from .api import Reply, batch_reply, error, is_archived
from .store import KINDS, READ_ONLY, Store, utc_now

CONTACT_TYPE = "0-1"
MAX_MEMBERS = 100_000
MAX_ASSOCIATIONS, ASSOCIATIONS_PAGE = 1000, 500
# The field types that fit each type; the first is shown for what the account has from the start.
FIELD_TYPES = {
    "string": ("text", "textarea", "phonenumber", "html", "file"),
    "number": ("number", "calculation_equation"),
    "bool": ("booleancheckbox",),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox"),
    "date": ("date",),
    "datetime": ("date",),
}


MADE = "2020-01-01T00:00:00.000Z"
STAGES = {
    "appointmentscheduled": "0.2",
    "qualifiedtobuy": "0.4",
    "presentationscheduled": "0.6",
    "decisionmakerboughtin": "0.8",
    "contractsent": "0.9",
    "closedwon": "1.0",
    "closedlost": "0.0",
}


def as_list(row: Any) -> dict[str, Any]:
    """Return one list in the shape of the lists API."""
    return {
        "listId": str(row["list_id"]),
        "name": row["name"],
        "objectTypeId": row["object_type_id"],
        "processingType": row["processing_type"],
        "processingStatus": "COMPLETE",
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "listVersion": 1,
    }


def list_by(store: Store, column: str, value: str) -> Any:
    """Return the row of one list, or nothing."""
    found = store.rows(f"select * from lists where {column} = ?", [value])
    return found[0] if found else None


def get_list(store: Store, column: str, value: str) -> Reply:
    """Answer one list by its id or its name."""
    row = list_by(store, column, value)
    if row is None:
        return 404, error("List does not exist", "OBJECT_NOT_FOUND")
    return 200, {"list": as_list(row)}


def create_list(store: Store, body: Any) -> Reply:
    """Add a list without members."""
    name, kind = str(body.get("name") or "").strip(), body.get("processingType")
    if not name or body.get("objectTypeId") != CONTACT_TYPE:
        return 400, error("name and the objectTypeId of contacts are required")
    if kind not in ("MANUAL", "SNAPSHOT", "DYNAMIC"):
        return 400, error("processingType must be MANUAL, DYNAMIC or SNAPSHOT")
    with store.lock:
        if list_by(store, "name", name) is not None:
            return 400, error("A list with this name already exists")
        now = utc_now()
        number = store.run(
            "insert into lists (name, object_type_id, processing_type, created_at, updated_at)"
            " values (?, ?, ?, ?, ?)",
            [name, CONTACT_TYPE, kind, now, now],
        )
        store.commit()
    return 200, {"list": as_list(list_by(store, "list_id", str(number)))}


def search_lists(store: Store, body: Any) -> Reply:
    """Answer the lists whose name contains `query`."""
    offset, count = int(body.get("offset") or 0), min(int(body.get("count") or 20), 500)
    pattern = f"%{body.get('query') or ''}%"
    rows = store.rows("select * from lists where name like ? order by list_id", [pattern])
    part = rows[offset : offset + count]
    return 200, {
        "lists": [as_list(row) for row in part],
        "total": len(rows),
        "offset": offset + len(part),
        "hasMore": offset + len(part) < len(rows),
    }


def members(store: Store, identifier: str, query: dict[str, list[str]]) -> Reply:
    """Answer the ids of a list's records."""
    if list_by(store, "list_id", identifier) is None:
        return 404, error("List does not exist", "OBJECT_NOT_FOUND")
    limit = min(int(query.get("limit", ["100"])[0]), 250)
    after = int(query.get("after", ["0"])[0])
    rows = store.rows(
        "select * from memberships where list_id = ? and record_id > ? order by record_id limit ?",
        [identifier, after, limit + 1],
    )
    body: dict[str, Any] = {
        "results": [
            {"recordId": str(row["record_id"]), "membershipTimestamp": row["joined_at"]}
            for row in rows[:limit]
        ]
    }
    if len(rows) > limit:
        body["paging"] = {"next": {"after": str(rows[limit - 1]["record_id"])}}
    return 200, body


def change_members(store: Store, identifier: str, body: Any, *, add: bool) -> Reply:
    """Add records to a list or take them out; what is so already stays so."""
    row = list_by(store, "list_id", identifier)
    if row is None:
        return 404, error("List does not exist", "OBJECT_NOT_FOUND")
    if row["processing_type"] == "DYNAMIC":
        return 400, error("Memberships of a DYNAMIC list cannot be changed by hand")
    if not isinstance(body, list) or not all(isinstance(entry, str) for entry in body):
        return 400, error("Invalid input JSON: a list of record ids is needed")
    if len(body) > MAX_MEMBERS:
        return 400, error(f"At most {MAX_MEMBERS} records can be changed at once")
    done, missing = [], []
    with store.lock:
        for item in body:
            contact = store.find(item)
            if contact is None:
                missing.append(item)
                continue
            held = [identifier, contact["object_id"]]
            known = store.rows(
                "select 1 from memberships where list_id = ? and record_id = ?", held
            )
            if add and not known:
                store.run("insert into memberships values (?, ?, ?)", [*held, utc_now()])
                done.append(item)
            elif known and not add:
                store.run("delete from memberships where list_id = ? and record_id = ?", held)
                done.append(item)
        store.commit()
    return 200, {
        "recordsIdsAdded": done if add else [],
        "recordIdsRemoved": [] if add else done,
        "recordIdsMissing": missing,
    }


def definitions(store: Store, kind: str) -> list[dict[str, Any]]:
    """Return the definitions of all properties of one kind of record."""
    made = {
        row["name"]: json.loads(row["definition"])
        for row in store.rows("select * from properties where object_type = ?", [kind])
    }
    return [
        made.get(name)
        or {
            "name": name,
            "label": name.replace("_", " ").capitalize(),
            "type": type_,
            "fieldType": FIELD_TYPES[type_][0],
            "groupName": "contactinformation" if kind == "contacts" else f"{kind}information",
            "description": "",
            "options": [],
            "hubspotDefined": not name.startswith("audience_"),
            "modificationMetadata": {
                "archivable": name.startswith("audience_"),
                "readOnlyDefinition": not name.startswith("audience_"),
                "readOnlyValue": name in READ_ONLY,
            },
        }
        for name, type_ in (store.types[kind] | READ_ONLY).items()
    ]


def list_properties(store: Store, kind: str) -> Reply:
    """Answer all properties of one kind of record."""
    return 200, {"results": definitions(store, kind)}


def create_property(store: Store, kind: str, body: Any) -> Reply:
    """Add a property."""
    name, type_ = str(body.get("name") or ""), body.get("type")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name) or not body.get("label"):
        return 400, error("A property needs a label, and a name of small letters and digits")
    if body.get("fieldType") not in FIELD_TYPES.get(type_, ()):
        return 400, error(f"The field type {body.get('fieldType')} does not fit the type {type_}")
    if type_ == "bool" and {option.get("value") for option in body.get("options", [])} != {
        "true",
        "false",
    }:
        return 400, error("A property of type bool needs the options true and false")
    groups = store.rows(
        "select 1 from property_groups where object_type = ? and name = ?",
        [kind, body.get("groupName")],
    )
    if not groups and not str(body.get("groupName")).endswith("information"):
        return 400, error(f"There is no property group {body.get('groupName')}")
    with store.lock:
        if name in store.types[kind] | READ_ONLY:
            return 409, error(f"A property named {name} already exists", "CONFLICT")
        definition = {"description": "", "options": [], **body, "hubspotDefined": False}
        definition["modificationMetadata"] = {
            "archivable": True,
            "readOnlyDefinition": False,
            "readOnlyValue": False,
        }
        store.add_property(kind, definition)
        store.commit()
    return 201, definition


def create_group(store: Store, kind: str, body: Any) -> Reply:
    """Add a property group."""
    name, label = body.get("name"), body.get("label")
    if not name or not label:
        return 400, error("A property group needs a name and a label")
    with store.lock:
        known = store.rows(
            "select 1 from property_groups where object_type = ? and name = ?", [kind, name]
        )
        if known:
            return 409, error(f"A property group named {name} already exists", "CONFLICT")
        store.run("insert into property_groups values (?, ?, ?)", [kind, name, label])
        store.commit()
    return 201, {"name": name, "label": label, "displayOrder": -1, "archived": False}


def list_owners(store: Store, query: dict[str, list[str]]) -> Reply:
    """Answer one page of owners, or of those who left with `archived=true`."""
    has_left = is_archived(query)
    limit = min(int(query.get("limit", ["100"])[0]), 500)
    after = int(query.get("after", ["0"])[0])
    rows = store.rows(
        "select * from owners where owner_id > ? and is_archived = ? order by owner_id limit ?",
        [after, has_left, limit + 1],
    )
    results = [
        {
            "id": str(row["owner_id"]),
            "email": row["email"],
            "type": "PERSON",
            "firstName": row["first_name"],
            "lastName": row["last_name"],
            "userId": None if has_left else row["owner_id"],
            "userIdIncludingInactive": row["owner_id"],
            "createdAt": row["created_at"],
            "updatedAt": row["updated_at"],
            "archived": has_left,
        }
        for row in rows[:limit]
    ]
    body: dict[str, Any] = {"results": results}
    if len(rows) > limit:
        body["paging"] = {"next": {"after": results[-1]["id"]}}
    return 200, body


def read_associations(store: Store, kind: str, to_kind: str, body: Any) -> Reply:
    """Answer which records of another kind belong to each of these."""
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if kind not in KINDS or to_kind not in KINDS:
        return 400, error("Unable to infer the object types")
    if not isinstance(inputs, list) or not inputs or len(inputs) > MAX_ASSOCIATIONS:
        return 400, error(f"Between 1 and {MAX_ASSOCIATIONS} inputs are needed")
    results, started, none = [], utc_now(), []
    for entry in inputs:
        rows = store.rows(
            "select to_id from associations where from_type = ? and from_id = ? and to_type = ?"
            " and to_id > ? order by to_id limit ?",
            [kind, entry["id"], to_kind, int(entry.get("after") or 0), ASSOCIATIONS_PAGE + 1],
        )
        if not rows:
            none.append(entry["id"])
            continue
        label = {"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}
        result: dict[str, Any] = {
            "from": {"id": str(entry["id"])},
            "to": [
                {"toObjectId": row["to_id"], "associationTypes": [label]}
                for row in rows[:ASSOCIATIONS_PAGE]
            ],
        }
        if len(rows) > ASSOCIATIONS_PAGE:
            after = str(rows[ASSOCIATIONS_PAGE - 1]["to_id"])
            result["paging"] = {"next": {"after": after}}
        results.append(result)
    status, reply = batch_reply(started, results, [], [])
    if none:
        problem = {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
            "message": f"No {to_kind} is associated with these {kind}.",
            "context": {"fromObjectId": none},
        }
        status, reply = 207, reply | {"numErrors": 1, "errors": [problem]}
    return status, reply


def list_pipelines() -> Reply:
    """Answer the pipeline of deals that a new account has."""
    own = {"createdAt": MADE, "updatedAt": MADE, "archived": False}
    stages = [
        own
        | {
            "id": name,
            "label": name,
            "displayOrder": place,
            "metadata": {
                "isClosed": str(probability in ("0.0", "1.0")).lower(),
                "probability": probability,
            },
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }
        for place, (name, probability) in enumerate(STAGES.items())
    ]
    pipeline = {"id": "default", "label": "Sales Pipeline", "displayOrder": 0, "stages": stages}
    return 200, {"results": [own | pipeline]}


def details(portal: int) -> Reply:
    """Answer what the account is."""
    return 200, {
        "portalId": portal,
        "accountType": "STANDARD",
        "timeZone": "UTC",
        "companyCurrency": "EUR",
        "additionalCurrencies": [],
        "utcOffset": "+00:00",
        "utcOffsetMilliseconds": 0,
        "uiDomain": "localhost",
        "dataHostingLocation": "local",
    }
