"""A fake of TikTok's Marketing API v1.3: custom audiences and the streaming of people into them.

After business-api.tiktok.com/portal/docs, its SDK and Segment's connector: every answer is 200 with
a code, `batch_data` has one entry per person and part of the schema, an audience is a part of it.
"""

import json
import re

from .server import Reply, Request, Vendor

TOKEN = "tiktok-token-0123456789"
KINDS = {"EMAIL_SHA256", "PHONE_SHA256"}
LIMIT = 10_000


def said(code, message="OK", **data):
    """Return an answer as TikTok words it."""
    return Reply(200, {"code": code, "message": message, "request_id": "2026112812", "data": data})


class TikTokAds(Vendor):
    """`audiences` by id; `people` are pairs of audience and identifier."""

    def __init__(self, account="123"):
        super().__init__()
        self.account = account
        self.audiences = {}
        self.people = set()

    def add_audience(self, number, name="vip", *, is_creator=True):
        self.audiences[number] = {"audience_id": number, "name": name, "is_creator": is_creator}

    def held(self, number):
        return {(kind, value) for audience, kind, value in self.people if audience == number}

    def answer(self, request: Request) -> Reply:
        if request.headers.get("access-token") != TOKEN:
            return said(40105, "Access token is incorrect or has been revoked.")
        path = request.path.removeprefix("/open_api/v1.3")
        match request.method, path:
            case "GET", "/advertiser/info/":
                asked = json.loads(request.query["advertiser_ids"])
                if asked != [self.account]:
                    return said(40001, "No permission to operate advertiser")
                return said(0, list=[{"advertiser_id": self.account}])
            case "GET", "/dmp/custom_audience/list/":
                page = int(request.query["page"])  # one a page, so that paging shows
                every = list(self.audiences.values())
                info = {"page": page, "page_size": 1, "total_page": len(every)}
                return said(0, list=every[page - 1 : page], page_info=info)
            case "POST", "/segment/audience/":
                number = str(900 + len(self.audiences))
                self.add_audience(number, request.body["custom_audience_name"])
                return said(0, audience_id=number)
            case "POST", "/segment/mapping/":
                return self.stream(request.body)
        return said(40002, "unknown path")

    def stream(self, body):
        schema, data = body["id_schema"], body["batch_data"]
        wrong = [row for row in data if len(row) != len(schema)]
        if body["advertiser_ids"] != [self.account]:
            return said(40001, "No permission to operate advertiser")
        if not data or len(data) > LIMIT or wrong or not set(schema) <= KINDS:
            return said(40002, "batch_data: Invalid")
        change = {"add": self.people.add, "delete": self.people.discard}[body["action"]]
        for row in data:
            for kind, part in zip(schema, row, strict=True):
                if not re.fullmatch(r"[0-9a-f]{64}", part["id"]):
                    return said(40002, "id: Invalid")
                for audience in part["audience_ids"]:
                    if audience not in self.audiences:
                        return said(40002, "audience_ids: Invalid")
                    change((audience, kind, part["id"]))
                    self.writes[part["id"]] += 1
        return said(0)
