"""A fake of Slack's incoming webhooks: one channel behind one secret address.

Follows docs.slack.dev, "Sending messages using incoming webhooks", "Blocks" and "Formatting message
text", and api.slack.com, "Improving error conditions for incoming webhooks".
"""

import re
from typing import Any

from .server import Reply, Request, Vendor

PATH = "/services/T0001/B0001/secret-part-of-the-address"


class SlackChannel(Vendor):
    """`messages` is what was posted; `problem` is the answer to everything when it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []
        self.problem: Reply | None = None

    def answer(self, request: Request) -> Reply:
        if request.path != PATH:
            return Reply(404, "no_service")
        if self.problem:
            return self.problem
        body = request.body
        if not isinstance(body, dict):
            return Reply(400, "invalid_payload")
        if not body.get("text") and not body.get("blocks"):
            return Reply(400, "no_text")
        if not all(map(is_block, body.get("blocks", []))) or len(body.get("blocks", [])) > 50:
            return Reply(400, "invalid_blocks")
        self.messages.append(body)
        return Reply(200, "ok")


def is_block(block: dict[str, Any]) -> bool:
    text = block.get("text", {})
    limit = {"header": 150, "section": 3000}.get(block.get("type", ""), 0)
    kind = {"header": "plain_text", "section": "mrkdwn"}.get(block.get("type", ""))
    return text.get("type") == kind and 0 < len(text.get("text", "")) <= limit


def shown(text: str) -> str:
    """Return a text as people see it, with links as `[text](address)`; mentions are an error."""
    assert not re.search(r"<[!@#]", text), text
    text = re.sub(r"<(https?://[^|>]*)\|([^>]*)>", r"[\2](\1)", text)
    assert "<" not in text and ">" not in text, text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
