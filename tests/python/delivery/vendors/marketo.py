"""A fake of one Marketo instance, after AdobeDocs/marketo-developer.en (help/rest-api).

Tokens that end, leads by filter (POST with _method=GET), createOnly and updateOnly with a result
per person, static lists by name, membership, delete. 200 with `success` false is an error.
"""

import re
from urllib.parse import parse_qsl

from .server import Reply, Request, Vendor

CLIENT_ID, SECRET = "marketo-client", "marketo-secret-0123456789"
FIELDS = {"id", "email", "firstName", "audienceSegment", "profileId"}
MOST = 300


def good(result):
    return Reply(200, {"requestId": "e42b#14272d07d78", "success": True, "result": result})


def bad(code, message="no"):
    errors = [{"code": str(code), "message": message}]
    return Reply(200, {"requestId": "e42b#14272d07d78", "success": False, "errors": errors})


def skipped(code, message, **more):
    return {"status": "skipped", "reasons": [{"code": str(code), "message": message}], **more}


class Instance(Vendor):
    """`leads` by id; `lists` are names and ids, `members` the ids of leads by list."""

    def __init__(self):
        super().__init__()
        self.leads = {}
        self.lists = {"news": "1021", "vip": "1022"}
        self.members = {"1021": set(), "1022": set()}
        self.token = 1
        self.hides = False  # a new lead is not found yet

    def add_lead(self, **fields):
        number = str(100 + len(self.leads))
        self.leads[number] = {"id": int(number), **fields}
        return number

    def answer(self, request: Request) -> Reply:
        if request.path == "/identity/oauth/token":
            form = dict(parse_qsl(request.raw.decode()))
            if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, SECRET):
                return Reply(401, {"error": "unauthorized", "error_description": "Bad client"})
            return Reply(200, {"access_token": f"t{self.token}:int", "expires_in": 3599})
        if request.headers.get("authorization") != f"Bearer t{self.token}:int":
            return bad(602, "Access token expired")
        if request.path == "/rest/v1/leads.json":
            is_read = request.query.get("_method") == "GET"
            return self.search(request) if is_read else self.sync(request.body)
        if request.path == "/rest/v1/leads/delete.json":
            ids = [str(entry["id"]) for entry in request.body["input"]]
            return good([self.delete(number) for number in ids])
        if request.path == "/rest/v1/leads/describe.json":
            rest = [{"name": name, "readOnly": name == "id"} for name in sorted(FIELDS)]
            return good([{"id": 2, "dataType": "string", "rest": entry} for entry in rest])
        if request.path == "/rest/asset/v1/staticList/byName.json":
            number = self.lists.get(request.query["name"])
            return good([{"id": int(number)}] if number else [])
        found = re.fullmatch(r"/rest/v1/lists/(\d+)/leads(/ismember)?\.json", request.path)
        if found and found[1] in self.members:
            ids = [value for name, value in request.pairs if name == "id"]
            return good([self.membership(request.method, found[1], number) for number in ids])
        return bad(610, "Requested resource not found")

    def search(self, request):
        form = dict(parse_qsl(request.raw.decode()))
        values = form["filterValues"].split(",")
        if len(values) > MOST:
            return bad(1003, "Too many values")
        names, by = form["fields"].split(","), form["filterType"]
        fold = str.lower if by == "email" else str
        wanted = {fold(value) for value in values}
        held = [o for o in self.leads.values() if fold(str(o.get(by))) in wanted]
        start = int(form.get("nextPageToken") or 0)  # two a page, so that paging shows
        page = [{name: lead.get(name) for name in names} for lead in held[start : start + 2]]
        reply = good([] if self.hides else page)
        if len(held) > start + 2:
            reply.body["nextPageToken"] = str(start + 2)
        return reply

    def sync(self, body):
        if len(body["input"]) > MOST:
            return bad(1003, "Too many records")
        return good([self.write(body["action"], body["lookupField"], row) for row in body["input"]])

    def write(self, action, by, row):
        if unknown := set(row) - FIELDS:
            return skipped(1006, f"Field '{min(unknown)}' not found")
        held = [o for o in self.leads.values() if str(o.get(by)) == str(row[by])]
        if not re.fullmatch(r"[!-~]+@[!-~]+", str(row.get("email") or "a@b")):
            return skipped(1003, f"Invalid email {row['email']}")
        if action == "createOnly":
            if held:
                return skipped(1005, "Lead already exists")
            number = self.add_lead(**row)
            self.writes[number] += 1
            return {"id": int(number), "status": "created"}
        if not held:
            return skipped(1004, "Lead not found")
        if len(held) > 1:
            return skipped(1007, "Multiple leads match the lookup criteria")
        held[0].update({name: value for name, value in row.items() if name != "id"})
        self.writes[str(held[0]["id"])] += 1
        return {"id": held[0]["id"], "status": "updated"}

    def delete(self, number):
        if self.leads.pop(number, None) is None:
            return skipped(1004, "Lead not found", id=int(number))
        return {"id": int(number), "status": "deleted"}

    def membership(self, method, target, number):
        if number not in self.leads:
            return skipped(1004, "Lead not found", id=int(number))
        members = self.members[target]
        if method == "GET":
            status = "memberof" if number in members else "notmemberof"
        else:
            status = "added" if method == "POST" else "removed"
            (members.add if method == "POST" else members.discard)(number)
        return {"id": int(number), "status": status}
