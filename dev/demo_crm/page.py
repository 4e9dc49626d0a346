"""Render the page that shows a person who is in the demo CRM and in which segments."""

import json
import math
import re
from collections import Counter
from html import escape
from typing import Any
from urllib.parse import urlencode

from .store import Store

PAGE_SIZE, LAST_PAGE = 50, 1_000_000

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6879; --line: #e2e6ec;
  --paper: #f6f7f9; --card: #fff; --accent: #0b6e6e; --chip: #e3f1ef; --main: #0b6e6e;
  --main-ink: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7ebf0; --soft: #9aa6b5; --line: #2b3440;
  --paper: #12161c; --card: #1a2028; --accent: #5fc4b8; --chip: #1f3a38; --main: #5fc4b8;
  --main-ink: #0d1f1d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 16px; margin: 32px 0 12px; }
p { margin: 0; color: var(--soft); } a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
.tiles { display: flex; gap: 16px; flex-wrap: wrap; margin: 24px 0 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 14px 20px; min-width: 150px; }
.tile b { display: block; font-size: 24px; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; }
.bars { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 14px 20px; }
.bar { display: grid; grid-template-columns: 260px 1fr 60px; gap: 12px; align-items: center; }
.bar i { display: block; height: 10px; border-radius: 5px; background: var(--accent);
  min-width: 2px; }
.bar b { text-align: right; font-variant-numeric: tabular-nums; font-weight: 600; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; white-space: nowrap; font-size: 13px; font-weight: 600; color: var(--soft); }
th, td { padding: 9px 14px; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.when { white-space: nowrap; font-variant-numeric: tabular-nums; }
.chip { display: inline-block; background: var(--chip); border-radius: 6px; padding: 0 8px;
  margin: 1px 4px 1px 0; font-size: 13px; white-space: nowrap; }
.chip.primary { background: var(--main); color: var(--main-ink); }
form { margin: 0 0 12px; display: flex; gap: 8px; align-items: center; flex-wrap: wrap; }
input, button { font: inherit; color: inherit; border: 1px solid var(--line); border-radius: 8px;
  padding: 6px 12px; background: var(--card); }
input { width: 270px; }
small { color: var(--soft); }
.pages { margin-top: 12px; color: var(--soft); }
.empty { padding: 28px; text-align: center; color: var(--soft); }
"""


def spoken(name: str) -> str:
    """Return a segment's name as a person writes it."""
    return escape(name.replace("_", " "))


def instant(value: str | None) -> str:
    """Return `2026-03-01 12:00` for an ISO instant; a dash for none."""
    return escape(value[:16].replace("T", " ")) if value else "–"


def chips(properties: dict[str, str]) -> str:
    """Return one chip per segment, the primary one first and filled."""
    primary = properties.get("audience_primary_segment", "")
    names = [name for name in properties.get("audience_segments", "").split(";") if name]
    names.sort(key=lambda name: (name != primary, name))
    if not names:
        return "–"
    return "".join(
        f'<span class="chip{" primary" if name == primary else ""}">{spoken(name)}</span>'
        for name in names
    )


def person(address: str, properties: dict[str, str]) -> str:
    """Return the table row of one contact."""
    name = " ".join(properties.get(part, "") for part in ("firstname", "lastname")).strip()
    head = f"<strong>{escape(name)}</strong><br>" if name else ""
    reason = properties.get("audience_reason", "")
    why = f'<br><small title="Why">{escape(reason)}</small>' if reason else ""
    return (
        f"<tr><td>{head}{escape(address)}</td>"
        f"<td>{chips(properties)}{why}</td>"
        f"<td>{escape(properties.get('audience_lifecycle_stage', '–'))}</td>"
        f'<td class="number">{escape(properties.get("audience_engagement_score", "–"))}</td>'
        f"<td>{escape(properties.get('audience_grade', '–'))}</td>"
        f'<td class="number">{escape(properties.get("audience_pricing_page_views_30d", "–"))}</td>'
        f'<td class="when">{instant(properties.get("audience_last_engaged_at"))}</td></tr>'
    )


def number_of(properties: dict[str, str]) -> float:
    """Return the score to sort by; what is no number comes last."""
    try:
        score = float(properties.get("audience_engagement_score") or -1)
    except ValueError:
        return -1.0
    return score if math.isfinite(score) else -1.0


def render(store: Store, query: dict[str, list[str]]) -> str:
    """Return the whole page; `?segment=`, `?search=` and `?page=` narrow the table."""
    segment, search = query.get("segment", [""])[0], query.get("search", [""])[0].strip().lower()
    number = query.get("page", ["1"])[0]
    page = min(max(int(number), 1), LAST_PAGE) if re.fullmatch(r"[0-9]{1,9}", number) else 1
    rows = store.rows("select email, properties from contacts order by email")
    people = [(address, json.loads(properties)) for address, properties in rows]
    [[changed_at]] = store.rows("select max(updated_at) from contacts")
    people.sort(key=lambda contact: -number_of(contact[1]))
    lists = store.rows(
        "select name, count(record_id) as size from lists left join memberships using (list_id)"
        " group by list_id, name order by size desc, name"
    )
    sizes = Counter(
        name for _, held in people for name in held.get("audience_segments", "").split(";") if name
    )
    shown = [
        (address, held)
        for address, held in people
        if (not segment or segment in held.get("audience_segments", "").split(";"))
        and (not search or search in f"{address} {json.dumps(held)}".lower())
    ]
    part = shown[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Demo CRM</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>
<body><main>
<h1>Demo CRM</h1>
<p>What the push delivered, as a sales team would see it. A local stand-in, not a real CRM.</p>
<div class="tiles">
{tile(len(people), "contacts")}
{tile(sum(bool(held.get("audience_segments")) for _, held in people), "in a segment")}
{tile(len(sizes), "segments")}
{tile(instant(changed_at), "last change (UTC)")}
</div>
{bars(sizes)}
{static_lists(lists)}
<h2>{f"Contacts in {spoken(segment)}" if segment else "Contacts"}, most engaged first</h2>
<form><input name="search" value="{escape(search)}" placeholder="Name, address or segment"
 aria-label="Search"><button>Search</button>
{'<a href="/">Show all</a>' if segment or search else ""}
<p>The filled segment is the primary one. Pricing views are of the last 30 days.</p></form>
{table(part)}
{pages(page, len(shown), {"segment": segment, "search": search})}
</main></body></html>"""


def tile(value: int | str, label: str) -> str:
    """Return one figure with its label."""
    shown = f"{value:,}" if isinstance(value, int) else value
    return f'<div class="tile"><b>{shown}</b><span>{label}</span></div>'


def bars(sizes: Counter[str]) -> str:
    """Return the sizes of all segments, largest first, each a link to its people."""
    if not sizes:
        return ""
    top = max(sizes.values())
    lines = "".join(
        f'<div class="bar"><a href="/?{escape(urlencode({"segment": name}))}">{spoken(name)}</a>'
        f'<i style="width:{100 * size / top:.1f}%"></i><b>{size:,}</b></div>'
        for name, size in sizes.most_common()
    )
    return f'<h2>Segments</h2><div class="bars">{lines}</div>'


def static_lists(lists: list[Any]) -> str:
    """Return the static lists with their sizes, when there are any."""
    if not lists:
        return ""
    names = "".join(
        f'<span class="chip">{escape(row["name"])} · {row["size"]:,}</span>' for row in lists
    )
    return f'<h2>Static lists</h2><div class="bars">{names}</div>'


def table(people: list[tuple[str, dict[str, str]]]) -> str:
    """Return the contacts of one page, or what to do when there are none."""
    if not people:
        hint = "No contacts to show. Run <code>make demo</code> to fill this."
        return f'<div class="scroll"><div class="empty">{hint}</div></div>'
    head = (
        "<tr><th>Contact</th><th>Segments</th><th>Stage</th><th class='number'>Score</th>"
        "<th>Grade</th><th class='number'>Pricing views</th><th>Last engaged</th></tr>"
    )
    lines = "".join(person(address, held) for address, held in people)
    return f'<div class="scroll"><table>{head}{lines}</table></div>'


def pages(page: int, total: int, keep: dict[str, str]) -> str:
    """Return where we are and the links to the neighbouring pages."""
    if not total:
        return ""
    keep = {name: value for name, value in keep.items() if value}
    first, last = (page - 1) * PAGE_SIZE + 1, min(page * PAGE_SIZE, total)
    links = [
        f'<a href="/?{escape(urlencode(keep | {"page": number}))}">{label}</a>'
        for number, label, there in (
            (page - 1, "Previous", page > 1),
            (page + 1, "Next", last < total),
        )
        if there
    ]
    return f'<p class="pages">{first:,} to {last:,} of {total:,} {" · ".join(links)}</p>'
