"""A fake of Klaviyo's API, revision 2026-10-15, as its reference describes it.

From developers.klaviyo.com: "Bulk Import Profiles" (10,000 profiles, 5 MB, nulls ignored, 202),
"Get Bulk Import Profiles Job", "Get Errors for ..." and "Get Profiles for Bulk Import Profiles
Job", "Update Profile" (null empties, `unset` removes, 404 without creating), "Get Profiles"
(filter any/equals), "Get Lists" (10 a page), "Get List", "Create List", "Add Profiles to List" and
"Remove Profiles from List" (1,000 ids, 204, consent untouched), "Request Profile Deletion" (one
identifier, 202), "Rate limits, status codes, and errors" (errors array, Retry-After).
What the reference leaves open, and is decided here: an import error's `original_payload` is the
profile's attributes, and list endpoints ignore a profile that is not on the list.
"""

import json
import re
from typing import Any

from .server import Reply, Request, Vendor

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PHONE = re.compile(r"\+\d{8,15}")
BUILT_IN = {"email", "phone_number", "external_id", "first_name", "last_name", "properties"}


ACCOUNT = {"type": "account", "id": "AbC123"}


def error(status: int, code: str, title: str, detail: str, pointer: str = "/data/") -> Reply:
    result = {"id": "e1", "code": code, "title": title, "detail": detail}
    return Reply(status, {"errors": [{**result, "source": {"pointer": pointer}}]})


class Klaviyo(Vendor):
    """State: `profiles` by id, `lists` by id, `jobs`, `deleted` identifiers."""

    def __init__(self, key: str = "pk_test") -> None:
        super().__init__()
        self.key, self.polls_until_complete = key, 1
        self.profiles: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.deleted: list[str] = []
        self.made = 0

    def add_list(self, name: str) -> str:
        self.made += 1
        self.lists[f"L{self.made}"] = {"name": name, "members": set()}
        return f"L{self.made}"

    def profile(self, address: str) -> dict[str, Any]:
        return self.profiles[self.by_address()[address]]

    def by_address(self) -> dict[str, str]:
        return {profile["email"]: key for key, profile in self.profiles.items()}

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Klaviyo-API-Key {self.key}":
            return error(401, "not_authenticated", "Authentication failed.", "Incorrect key.")
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", request.headers.get("revision", "")):
            return error(400, "invalid", "Invalid input.", "Missing or invalid revision header.")
        if request.method in ("POST", "PATCH", "DELETE") and not isinstance(request.body, dict):
            return error(400, "invalid", "Invalid input.", "The body is not a JSON object.")
        data = request.body["data"] if request.raw else None
        routes = {
            r"POST /api/profile-bulk-import-jobs": self.start_job,
            r"GET /api/profile-bulk-import-jobs": self.get_jobs,
            r"GET /api/profile-bulk-import-jobs/([^/]+)": self.get_job,
            r"GET /api/profile-bulk-import-jobs/([^/]+)/import-errors": self.job_errors,
            r"GET /api/profile-bulk-import-jobs/([^/]+)/profiles": self.job_profiles,
            r"GET /api/profiles": self.get_profiles,
            r"PATCH /api/profiles/([^/]+)": self.patch_profile,
            r"GET /api/accounts": lambda *_: Reply(body={"data": [ACCOUNT]}),
            r"GET /api/lists": self.get_lists,
            r"POST /api/lists": self.create_list,
            r"GET /api/lists/([^/]+)": self.get_list,
            r"GET /api/lists/([^/]+)/profiles": self.get_profiles,
            r"(POST|DELETE) /api/lists/([^/]+)/relationships/profiles": self.change_list,
            r"POST /api/data-privacy-deletion-jobs": self.erase,
        }
        for pattern, handle in routes.items():
            if found := re.fullmatch(pattern, f"{request.method} {request.path}"):
                return handle(request, data, *found.groups())
        return error(404, "not_found", "Not found.", "No such endpoint.")

    def start_job(self, request: Request, data: Any) -> Reply:
        profiles = data["attributes"]["profiles"]["data"]
        if data["type"] != "profile-bulk-import-job" or len(profiles) > 10_000:
            return error(400, "invalid", "Invalid input.", "Too many profiles.")
        if len(request.raw) > 5_000_000:
            return error(413, "too_large", "Payload too large.", "More than 5MB.")
        for index, profile in enumerate(profiles):
            if unknown := set(profile["attributes"]) - BUILT_IN:
                pointer = f"/data/attributes/profiles/data/{index}/attributes"
                return error(400, "invalid", "Invalid input.", f"{unknown} is not valid.", pointer)
        self.made += 1
        job = {"left": self.polls_until_complete, "todo": profiles, "errors": [], "ids": []}
        self.jobs[f"J{self.made}"] = job
        return Reply(202, {"data": self.shown(f"J{self.made}")})

    def shown(self, key: str) -> dict[str, Any]:
        job = self.jobs[key]
        status = job.get("status") or ("complete" if job["left"] <= 0 else "processing")
        counts = {"total_count": len(job["todo"]), "failed_count": len(job["errors"])}
        attributes = {"status": status, "created_at": "2026-06-30T00:00:00+00:00", **counts}
        links = {"self": f"{self.url}/api/profile-bulk-import-jobs/{key}"}
        return {
            "type": "profile-bulk-import-job", "id": key, "attributes": attributes, "links": links
        }  # fmt: skip

    def get_jobs(self, request: Request, data: Any) -> Reply:
        if request.query.get("filter") != 'any(status,["queued","processing"])':
            return error(400, "invalid", "Invalid input.", "The filter is not understood.")
        shown = [self.shown(key) for key in self.jobs]
        is_open = [job for job in shown if job["attributes"]["status"] == "processing"]
        return Reply(200, {"data": is_open, "links": {"next": None}})

    def get_job(self, request: Request, data: Any, key: str) -> Reply:
        job = self.jobs[key]
        job["left"] -= 1
        if job["left"] == 0:
            for entry in job["todo"]:
                self.import_profile(job, entry["attributes"])
        return Reply(200, {"data": self.shown(key)})

    def import_profile(self, job: dict[str, Any], given: dict[str, Any]) -> None:
        given = {name: value for name, value in given.items() if value is not None}
        address, phone = given.get("email", "").lower(), given.get("phone_number")
        problem = None
        if not EMAIL.fullmatch(address):
            problem = f"Invalid email address {address}"
        elif phone and not PHONE.fullmatch(phone):
            problem = f"Invalid phone number {phone} of {address}"
        if problem:
            attributes = {"code": "invalid", "title": "Invalid input", "detail": problem}
            attributes |= {"source": {"pointer": "/data"}, "original_payload": given}
            job["errors"].append({"type": "import-error", "id": "e", "attributes": attributes})
            return
        key = self.by_address().get(address)
        if key is None:
            self.made += 1
            key = f"P{self.made}"
            self.profiles[key] = {"email": address, "properties": {}, "consent": "NEVER_SUBSCRIBED"}
        held = self.profiles[key]
        held["properties"] |= given.pop("properties", {})
        held |= given | {"email": address}
        self.writes[address] += 1
        job["ids"].append(key)

    def job_errors(self, request: Request, data: Any, key: str) -> Reply:
        return self.page(request, self.jobs[key]["errors"])

    def job_profiles(self, request: Request, data: Any, key: str) -> Reply:
        return self.page(request, [self.item(record_id) for record_id in self.jobs[key]["ids"]])

    def item(self, key: str) -> dict[str, Any]:
        held = {name: self.profiles[key].get(name) for name in BUILT_IN}
        links = {"self": f"{self.url}/api/profiles/{key}"}
        return {"type": "profile", "id": key, "attributes": held, "links": links}

    def page(self, request: Request, items: list[Any], most: int = 100) -> Reply:
        size = int(request.query.get("page[size]", 20 if most == 100 else most))
        if not 1 <= size <= most:
            return error(400, "invalid", "Invalid input.", f"page[size] must be 1 to {most}.")
        start = int(request.query.get("page[cursor]", 0))
        following = None
        if start + size < len(items):
            following = f"{self.url}{request.path}?page%5Bcursor%5D={start + size}"
        links = {"self": self.url + request.path, "next": following}
        return Reply(200, {"data": items[start : start + size], "links": links})

    def get_profiles(self, request: Request, data: Any, of_list: str = "") -> Reply:
        keys = sorted(self.lists[of_list]["members"]) if of_list else list(self.profiles)
        if text := request.query.get("filter"):
            found = re.fullmatch(r"any\(email,(\[.*\])\)", text)
            names = json.loads(found[1]) if found else None
            if names is None or len(names) > 100:
                return error(400, "invalid", "Invalid input.", "Invalid filter.")
            keys = [key for key in keys if self.profiles[key]["email"] in names]
        return self.page(request, [self.item(key) for key in keys])

    def patch_profile(self, request: Request, data: Any, key: str) -> Reply:
        if key not in self.profiles:
            return error(404, "not_found", "Not found.", "A profile with this id does not exist.")
        if set(data["attributes"]) - BUILT_IN or data["id"] != key:
            return error(400, "invalid", "Invalid input.", "Unknown field.")
        self.profiles[key] |= data["attributes"]
        for name in data.get("meta", {}).get("patch_properties", {}).get("unset", []):
            self.profiles[key]["properties"].pop(name, None)
        return Reply(200, {"data": self.item(key)})

    def get_lists(self, request: Request, data: Any) -> Reply:
        keys = list(self.lists)
        if text := request.query.get("filter"):
            found = re.fullmatch(r'equals\(name,(".*")\)', text)
            keys = [key for key in keys if self.lists[key]["name"] == json.loads(found[1])]
        return self.page(request, [self.list_item(key) for key in keys], 10)

    def list_item(self, key: str) -> dict[str, Any]:
        links = {"self": f"{self.url}/api/lists/{key}"}
        attributes = {"name": self.lists[key]["name"]}
        return {"type": "list", "id": key, "attributes": attributes, "links": links}

    def create_list(self, request: Request, data: Any) -> Reply:
        return Reply(201, {"data": self.list_item(self.add_list(data["attributes"]["name"]))})

    def get_list(self, request: Request, data: Any, key: str) -> Reply:
        if key not in self.lists:
            return error(404, "not_found", "Not found.", "A list with this id does not exist.")
        return Reply(200, {"data": self.list_item(key)})

    def change_list(self, request: Request, data: Any, method: str, key: str) -> Reply:
        if key not in self.lists:
            return error(404, "not_found", "Not found.", "A list with this id does not exist.")
        ids = {entry["id"] for entry in data if entry["type"] == "profile"}
        if len(data) > 1000:
            return error(400, "invalid", "Invalid input.", "At most 1000 profiles.")
        if ids - set(self.profiles):
            return error(404, "not_found", "Not found.", "A profile with this id does not exist.")
        members = self.lists[key]["members"]
        members |= ids
        if method == "DELETE":
            members -= ids
        return Reply(204)

    def erase(self, request: Request, data: Any) -> Reply:
        profile = data["attributes"]["profile"]["data"]
        named = [profile.get("id"), *profile["attributes"].values()]
        if len([entry for entry in named if entry]) != 1:
            return error(400, "invalid", "Invalid input.", "Give exactly one identifier.")
        self.deleted += [entry for entry in named if entry]
        return Reply(202)
