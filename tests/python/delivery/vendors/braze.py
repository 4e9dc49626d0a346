"""A fake of one Braze workspace.

Follows braze.com/docs: "Create and update users" (/api/endpoints/user_data/post_user_track), "User
attributes object" (/api/objects_filters/user_attributes_object), "Delete users", "Export user
profile by identifier", "Export custom attributes", "Errors & responses" and "Rate limits". What an
entry of `errors` looks like is not documented; it is as Braze is known to answer.
"""

from typing import Any

from .server import Reply, Request, Vendor

KEY = "braze-key-0123456789"
GENDERS = {"M", "F", "O", "N", "P", None}
STANDARD = {"email", "phone", "first_name", "last_name", "country", "gender", "dob"}


class BrazeWorkspace(Vendor):
    """`users` are the profiles by external_id; `attributes` the types of custom attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.attributes: dict[str, dict[str, Any]] = {}
        self.anonymous: list[dict[str, Any]] = []  # profiles with an address and no external id
        self.permissions = {
            *(
                "users.track",
                "users.identify",
                "users.delete",
                "users.export.ids",
                "custom_attributes.get",
            ),
        }
        self.page_size = 50

    def answer(self, request: Request) -> Reply:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if given != KEY:
            return Reply(401, {"message": f"Invalid API key: {given}"})
        route = {
            ("POST", "/users/track"): ("users.track", self.track),
            ("POST", "/users/identify"): ("users.identify", self.identify),
            ("POST", "/users/delete"): ("users.delete", self.delete),
            ("POST", "/users/export/ids"): ("users.export.ids", self.export),
            ("GET", "/custom_attributes"): ("custom_attributes.get", self.listed),
        }.get((request.method, request.path))
        if route is None:
            return Reply(404, {"message": "Not Found"})
        permission, handler = route
        if permission not in self.permissions:
            return Reply(401, {"message": "The API key does not have this permission"})
        return handler(request)

    def track(self, request: Request) -> Reply:
        objects = (request.body or {}).get("attributes") or []
        if len(objects) > 75:
            return Reply(400, {"message": "Max Input Length Exceeded", "errors": []})
        errors = []
        for index, entry in enumerate(objects):
            problem = self.problem_of(entry)
            if problem:
                errors.append({"type": problem, "input_array": "attributes", "index": index})
            else:
                self.apply(entry)
        if len(errors) == len(objects):
            message = "Valid data must be provided in the 'attributes', 'events', or 'purchases'"
            return Reply(400, {"message": message, "errors": errors})
        body = {"message": "success", "attributes_processed": len(objects) - len(errors)}
        return Reply(201, {**body, "errors": errors} if errors else body)

    def problem_of(self, attributes: dict[str, Any]) -> str | None:
        if not attributes.get("external_id"):
            return "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required"
        if attributes["external_id"] == "dummy":
            return "provided external_id is blacklisted and disallowed"
        if attributes.get("gender") not in GENDERS:
            return f"'gender' of {attributes.get('email')} must be one of M, F, O, N, P"
        return None

    def apply(self, attributes: dict[str, Any]) -> None:
        values = {
            k: v for k, v in attributes.items() if k not in ("external_id", "_update_existing_only")
        }
        user = self.users.get(attributes["external_id"])
        if user is None:
            if attributes.get("_update_existing_only"):
                return
            user = self.users[attributes["external_id"]] = {}
        self.writes[attributes["external_id"]] += 1
        for name, value in values.items():
            if value is None:
                user.pop(name, None)
            else:
                user[name] = value

    def identify(self, request: Request) -> Reply:
        for entry in request.body["emails_to_identify"]:
            if not entry.get("prioritization"):
                return Reply(400, {"message": "prioritization is required"})
            found = next(
                (held for held in self.anonymous if held["email"] == entry["email"].lower()), None
            )
            if found:
                self.anonymous.remove(found)
                self.users.setdefault(entry["external_id"], found)
        return Reply(201, {"message": "success"})

    def delete(self, request: Request) -> Reply:
        ids = request.body["external_ids"]
        if len(ids) > 50:
            return Reply(400, {"message": "The max number of ids per request was exceeded"})
        found = [record_id for record_id in ids if self.users.pop(record_id, None) is not None]
        return Reply(201, {"deleted": len(found), "message": "success"})

    def export(self, request: Request) -> Reply:
        fields = request.body.get("fields_to_export")
        if address := request.body.get("email_address"):
            known = [{"external_id": key, **held} for key, held in self.users.items()]
            found = [held for held in [*known, *self.anonymous] if held.get("email") == address]
            users = [{name: held[name] for name in fields if name in held} for held in found]
            return Reply(201, {"message": "success", "users": users})
        ids = request.body["external_ids"]
        if len(ids) > 50 or not fields:
            return Reply(400, {"message": "The max number of ids per request was exceeded"})
        users = []
        for entry in ids:
            if entry not in self.users:
                continue
            held = {"external_id": entry, **self.users[entry]}
            custom = {name: held[name] for name in held if name not in {*STANDARD, "external_id"}}
            user = {name: held[name] for name in fields if name in held and name not in custom}
            if "custom_attributes" in fields and custom:
                user["custom_attributes"] = custom
            users.append(user)
        unknown = [record_id for record_id in ids if record_id not in self.users]
        return Reply(201, {"message": "success", "users": users, "invalid_user_ids": unknown})

    def listed(self, request: Request) -> Reply:
        start = int(request.query.get("cursor") or 0)
        end = start + self.page_size
        names = sorted(self.attributes)
        page = [{"name": name, **self.attributes[name]} for name in names[start:end]]
        link = f'<{self.url}/custom_attributes?cursor={end}>; rel="next"'
        headers = {"Link": link} if end < len(names) else {}
        return Reply(200, {"message": "success", "attributes": page}, headers)
