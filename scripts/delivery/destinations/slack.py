"""Tell a Slack channel who has just entered a segment: one message per batch of new records.

Contract, from Slack's public documentation (docs.slack.dev and api.slack.com):

- "Sending messages using incoming webhooks", /messaging/sending-messages-using-incoming-webhooks:
  POST a JSON message to the secret address; the answer is the text `ok` with 200, not JSON.
- "Improving error conditions for incoming webhooks", /changelog/2016-05-17-changes-to-errors-for-
  incoming-webhooks: errors are short texts: 400 `invalid_payload` and `user_not_found`, 403
  `action_prohibited`, 404 `channel_not_found`, 410 `channel_is_archived`, 500 `rollup_error`. A
  webhook that was removed answers 404 `no_service`, a message without text 400 `no_text`.
- "Rate limits", /apis/web-api/rate-limits: one message a second; 429 has Retry-After.
- "Blocks", /reference/block-kit/blocks: at most 50 blocks a message, 3,000 characters the text of
  a section, 150 that of a header.
- "Formatting message text", /messaging/formatting-message-text: `&`, `<` and `>` are to be escaped;
  a link is `<address|text>`; `verbatim` keeps Slack from finding links and mentions by itself.

A message cannot be taken back through a webhook: updates and removes are noted without a request,
and a message without an answer, or with a 5xx, is never sent again by itself.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import httpx

from ..destination import (
    Call,
    Destination,
    Finding,
    NoAnswer,
    Outcome,
    Record,
    Refused,
    Transient,
    Value,
    fingerprint,
)
from ..errors import AuthError, ConfigError, SyncError, mask, redact
from ..transport import retry_after

FIELDS = frozenset({"name", "company", "segment", "reason", "owner", "link"})
LONGEST_SECTION = 3000
LONGEST_LINK = 1000
# Whole messages have a limit as well, which is not documented: keep twenty alerts well below it.
LONGEST_WORDS, LONGEST_REASON = 80, 250
ERROR = re.compile(r"[a-z][a-z_]{1,60}")


class Slack(Destination):
    """Sales alerts in the one channel of an incoming webhook."""

    name = "slack"
    tells_removes = True
    secrets: ClassVar = {"SLACK_WEBHOOK_URL": "the address of an incoming webhook"}
    options: ClassVar = {"title": "Sales alerts", "account": ""}
    needs = frozenset({"segment", "reason"})
    is_idempotent = False
    probe = "a message without text, which shows nothing in the channel"
    max_workers = 1
    batch_size = 20
    quota = (1, 1.0)

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the address from the environment; only its host is ever shown."""
        super().__init__(options, environ)
        found = re.match(r"https?://[^/?#\s]+", self.secret["SLACK_WEBHOOK_URL"])
        self.base_url = found[0] if found else ""

    def check(self) -> None:
        """Raise ConfigError when there is no address."""
        super().check()
        if not self.base_url:
            raise ConfigError("SLACK_WEBHOOK_URL must be a full address that starts with https://.")

    def whose(self, call: Call) -> str:
        """Return workspace and webhook: `/services/T…/B…/<secret>`."""
        path = httpx.URL(self.secret["SLACK_WEBHOOK_URL"]).path
        shown = "/".join(path.strip("/").split("/")[1:3])
        return f"{self.account} {shown or fingerprint(path)}"

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Post one message about new records; see Destination.send."""
        if operation == "add" and records:
            self.checked(self.post(call, message_of(records, self.option["title"])))
        state = "delivered" if operation == "add" else "noted"
        return [Outcome(record.key, state) for record in records]

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Yield findings: the webhook lives, and the fields are ones that a message shows."""
        if not self.may_probe:
            yield Finding("webhook", True, f"not tried; --probe posts {self.probe}")
        try:  # a webhook that lives says so
            if self.may_probe:
                self.checked(self.post(call, {}))
        except Refused:
            yield Finding("webhook", True, "accepts messages (none was posted)")
        except SyncError as problem:
            yield Finding("webhook", False, str(problem))
        for name in sorted(set(fields) - FIELDS):
            yield Finding(name, False, f"is not shown; a message shows {sorted(FIELDS)}")

    def post(self, call: Call, message: Mapping[str, Any]) -> httpx.Response:
        """Make the request; the address is absolute, so that nothing is joined to it."""
        return call("POST", self.secret["SLACK_WEBHOOK_URL"], json=message)

    def checked(self, response: httpx.Response) -> None:
        """Return when the message was posted; raise the signal that fits any other answer.

        Only what says for sure that nothing was posted may be tried again; the transport keeps
        every 5xx from coming here.
        """
        status, text = response.status_code, response.text.strip()
        if status == 200 and text == "ok":
            return
        what = f"HTTP {status} {text if ERROR.fullmatch(text) else ''}".strip()
        if status == 429:
            raise Transient(what, retry_after(response, otherwise=self.quota[1]))
        if status in (401, 403):
            raise AuthError(
                f"Slack does not let this webhook post ({what}). Ask an admin of the workspace."
            )
        if status in (404, 410):
            raise ConfigError(
                f"Slack does not know the webhook or its channel any more ({what}). Create a new "
                "one and set SLACK_WEBHOOK_URL to its address."
            )
        if 400 <= status < 500:
            raise Refused(what)
        raise NoAnswer(f"{what}, not the answer of Slack")


def message_of(records: Sequence[Record], title: str) -> dict[str, Any]:
    """Return one message: a headline, then a section for each record."""
    headline = f"{words(title, LONGEST_WORDS)}: {len(records)}"
    sections = [
        {
            "type": "section",
            "text": {"type": "mrkdwn", "verbatim": True, "text": section_of(record)},
        }
        for record in records
    ]
    header = {"type": "header", "text": {"type": "plain_text", "text": headline}}
    return {"text": escape(headline), "blocks": [header, *sections]}


def section_of(record: Record) -> str:
    """Return who, segment, why, owner and link; what is not known is left out."""
    shown = {
        name: escape(redact(words(record.values.get(name), length)))
        for name, length in [
            ("name", LONGEST_WORDS),
            ("company", LONGEST_WORDS),
            ("segment", LONGEST_WORDS),
            ("reason", LONGEST_REASON),
        ]
    }
    who = f"*{shown['name'] or escape(words(mask(record.key), LONGEST_WORDS))}*"
    who += f" ({shown['company']})" if shown["company"] else ""
    owner = escape(words(record.values.get("owner"), LONGEST_WORDS))  # a colleague, not masked
    last = [f"Owner: {owner}" if owner else "", link_of(record.values.get("link"))]
    lines = [
        f"{who} · {shown['segment']}" if shown["segment"] else who,
        f"Why: {shown['reason']}" if shown["reason"] else "",
        " · ".join(part for part in last if part),
    ]
    lines = [line for line in lines if line]
    while len("\n".join(lines)) > LONGEST_SECTION:
        lines.pop()
    return "\n".join(lines)


def link_of(value: Value) -> str:
    """Return a link that can be clicked; nothing for what is not an http address."""
    address = str(value or "").strip()
    if len(address) > LONGEST_LINK or not re.fullmatch(r"https?://[^\s|<>]+", address):
        return ""
    return f"<{escape(address)}|Open>"


def words(value: object, longest: int) -> str:
    """Return a value as one line of text, cut when it is too long."""
    text = " ".join(str("" if value is None else value).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def escape(text: str) -> str:
    """Return text in which Slack finds no markup of its own: links, mentions, channels."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
