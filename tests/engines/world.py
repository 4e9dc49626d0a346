"""One world of raw tables for every engine: the demo's, real ones, and rows that mean harm."""

import json
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from dev import make_demo_data
from scripts.dbt_runner import run_dbt

from .engines import Engine

FIRST, WHOLE = "2026-06-20T00:00:00Z", "2026-06-30T00:00:00Z"
INSTANT = "2026-06-10 12:00:00"

# Texts in which engines differ, or on which they stumble.
TEXTS = (
    "o'brien", "back\\slash", "per%cent", "under_score", "sla/sh", "İstanbul", "ΑΣ", "STRASSE",
    "straße", "É", "e\u0301", "🦆", "a b", "a\u00a0b", "null", "NULL", "Null", "nan", "true", "0",
    "-1", "007", "1e3", "10432", "10432.0", "a|b", "'", "''", "\"", "{}", "a;b", "*", "ﬁ", "a", "B",
    "_a", "Zz", "zZ", "ä", "z", "undefined", "0000-0000", "line\nbreak", "tab\tbed", "x" * 300,
)  # fmt: skip
TIMES = (
    "2026-06-10T12:00:00Z", "2026-06-10T12:00:00z", "2026-06-10 12:00:00+00:00",
    "2026-06-10 12:00:00 +00:00", "2026-06-10 12:00:00 -0500", "2026-06-10T12:00:00+02",
    "2026-06-10T12:00", "2026-06-10", "2026-06-10 12:00:00.1234567", "2026-06-10T12:00:00.5+05:30",
    "2026-06-10T12:00+02:00", "  2026-06-10 12:00:00  ", "now", "today", "infinity", "-infinity",
    "2016", "2026-02-30", "2026-06-10 24:00:00", "2026-06-10 12:00:60", "10/06/2026", "1781092800",
    "2026-06-10T12:00:00 UTC", "2026-06-10T12:00:00+15:00", "0000-01-01", "epoch", "", "null",
    "20260610T120000Z", "2026-W24-3", "2026-161", "June 10, 2026",
)  # fmt: skip
NUMBERS = (
    "12.5", "1,5", "1_000", "0x10", "nan", "inf", "1e400", "1e3", " 7 ", ".5", "5.", "+3", "-0", "",
    "12.345678901", "99999999999999999999", "1e-5", "½",
)  # fmt: skip
JSONS = (
    '{"discount": 5}', '{"discount": "5"}', '{"discount": 0.50}', '{"discount": null}',
    '{"discount":1,}', "{'discount': 1}", '{"discount": NaN}', '{"discount": 1}x', "[1,]", "12",
    '"text"', "null", "", "nul", '{"a":"\\u0000"}', '{"a":"\\ud800"}', '{"a":"\\ud83e\\udd86"}',
    '{"a":01}', '{"a":{"b":[1,{"c":"}]"}]}}', '{"a":"it\'s"}', ' {"a" : true } ', '{"a":1e2}',
    '{"ä":"ö"}', '{"a":"line\\nbreak"}', '{"a":"b\tc"}', "{", '{"a":.5}', '{"a":tru}',
)  # fmt: skip
ANSWERS = ("true", "TRUE", "t", "1", "1.0", "yes", "false", "f", "0", "no", "", "maybe", "null")


def hostile_events() -> list[dict[str, Any]]:
    """Events in our own shape, every value as text; one odd value each."""
    rows: list[dict[str, Any]] = []

    def add(**values: Any) -> None:
        number = len(rows)
        rows.append(
            {
                "event_id": f"hostile-{number:04}",
                "event_name": "page_viewed",
                "occurred_at": INSTANT,
                "loaded_at": "2026-06-11 00:00:00" if number % 2 else "2026-06-25 00:00:00",
                "anonymous_id": f"odd-{number}",
                "page_url": "https://shop.example/pricing",
                "page_path": "/pricing",
                **values,
            }
        )

    for text in TEXTS:
        add(user_id=text)
        add(user_id=f"  {text} ")
        # Spark has nothing that composes accents: there the address would be another.
        address = f"{unicodedata.normalize('NFC', text)}@Example.com"
        add(email=address, event_name="identified")
        add(anonymous_id=text, page_path=f"/blog/{text}", object_id=text)
        add(link_url=f"https://g2.com/{text}", event_name="link_clicked")
        add(event_id=text)
    for time in TIMES:
        add(occurred_at=time)
        add(loaded_at=time)
    for number in NUMBERS:
        add(value=number, event_name="video_watched", user_id="watcher")
    for text in JSONS:
        add(properties=text, event_name="order_completed", user_id="buyer", object_id=f"o{text}")
    for answer in ANSWERS:
        add(is_machine=answer, event_name="email_opened", user_id="opener")
    for phone in ("+1 (202) 555-0143", "202-555-0143 x12", "00442079460018", "12", "", "٠١٢"):
        add(phone=phone, user_id="caller")
    # One event twice, loaded at once, and different in every other way; and once without load time.
    for name in ("page_viewed", "cart_item_added"):
        add(event_id="twice", event_name=name, user_id=f"one-{name}", loaded_at=INSTANT)
    add(event_id="twice", user_id="nobody-knows-when", loaded_at=None)
    add(event_id=None)
    add(event_name=None)
    add(anonymous_id=None)
    # Sums and means in which the order of adding shows.
    for number in range(40):
        add(value=f"0.{number:02}1", user_id="adder", event_name="product_added",
            occurred_at=f"2026-06-{1 + number % 20:02} 00:00:00.{number:06}")  # fmt: skip
    return rows


def hostile_contacts() -> list[dict[str, Any]]:
    """Contacts of the CRM that state the same in several rows, some without a time."""
    rows = []
    for number, text in enumerate(TEXTS):
        base = {
            "id": f"9{number:05}",
            "property_email": f"contact{number}@example.com",
            "property_firstname": text,
            "property_lastname": text.upper(),
            "property_jobtitle": text,
            "property_lifecyclestage": ("LEAD", "customer", text)[number % 3],
            "property_createdate": "2026-01-01T00:00:00Z",
            "_fivetran_synced": "2026-06-15T00:00:00Z",
            "_fivetran_deleted": ANSWERS[number % len(ANSWERS)],
        }
        rows += [base, {**base, "property_firstname": f"{text}!"}]
        rows.append({**base, "_fivetran_synced": None, "property_firstname": "never loaded"})
    return rows


def hostile_lines() -> list[dict[str, Any]]:
    """Order lines of a shop."""
    return [
        {
            "InvoiceNo": f"{5000 + number // 2}" if number % 7 else f"C{5000 + number}",
            "StockCode": f"S{number}",
            "Description": text,
            "Quantity": NUMBERS[number % len(NUMBERS)] if number % 3 else "6",
            "InvoiceDate": TIMES[number % len(TIMES)] if number % 5 == 0 else INSTANT,
            "UnitPrice": "2.55" if number % 4 else NUMBERS[number % len(NUMBERS)],
            "CustomerID": f"{17850 + number % 9}.0" if number % 6 else None,
            "Country": "United Kingdom",
        }
        for number, text in enumerate(TEXTS * 2)
    ]


def hostile_tables() -> dict[str, list[dict[str, Any]]]:
    """Tables of Google Analytics, Salesforce and Shopify, odd values in every one."""

    def rows(columns: Callable[[int, str], dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {
                "id": f"{number:03}",
                "created_date": INSTANT,
                "created_at": INSTANT,
                "_fivetran_synced": f"2026-06-{(15, 25)[number % 2]}T00:00:00Z",
                "_fivetran_deleted": ANSWERS[number % len(ANSWERS)] if number % 5 == 0 else None,
                **columns(number, text),
            }
            for number, text in enumerate(TEXTS)
        ]

    def odd(values: tuple[str, ...], number: int) -> str:
        return values[number % len(values)]

    def google(number: int, text: str) -> dict[str, Any]:
        value = {"string_value": f"https://shop.example/{text}", "int_value": None}
        found = [{"key": "page_location", "value": value}]
        found.append({"key": "value", "value": {"double_value": odd(NUMBERS, number)}})
        return {
            "event_name": ("page_view", "purchase", "add_to_cart", "form_submit")[number % 4],
            "event_timestamp": 1781092800000000 + number * 1000001 if number % 9 else text,
            "user_pseudo_id": text if number % 3 else f"ga.{number}",
            "user_id": f"googled-{number % 7}",
            "event_params": json.dumps(found) if number % 4 else odd(JSONS, number),
            "ecommerce": json.dumps({"transaction_id": text, "purchase_revenue": 1.5 * number}),
            "items": '[{"item_id": "A"}]' if number % 5 else odd(JSONS, number),
        }

    def person(number: int, text: str) -> dict[str, Any]:
        return {
            "email": f"{text if number % 4 == 0 else number}@sold.example",
            "phone": "+1 (202) 555-01" + f"{number:02}",
            "first_name": text,
            "last_name": text.upper(),
        }

    def order(number: int, text: str) -> dict[str, Any]:
        return {
            **person(number, text),
            "customer_id": f"{number % 9}.0" if number % 2 else number % 9,
            "currency": ("eur", "USD", text)[number % 3],
            "total_price": odd(NUMBERS, number) if number % 3 else "12.50",
            "total_discounts": odd(NUMBERS, number),
            "financial_status": ("paid", "REFUNDED", "partially_refunded", text)[number % 4],
            "cancelled_at": odd(TIMES, number) if number % 6 == 0 else None,
            "updated_at": odd(TIMES, number) if number % 4 == 0 else "2026-06-12T00:00:00Z",
            "test": odd(ANSWERS, number) if number % 11 == 0 else "false",
        }

    def activity(number: int, text: str) -> dict[str, Any]:
        return {
            "who_id": f"{number % 50:03}", "owner_id": "005", "type": ("Call", text)[number % 2],
            "task_subtype": ("Call", "Email", "Task", None)[number % 4], "subject": text,
            "description": text, "is_closed": odd(ANSWERS, number),
            "completed_date_time": INSTANT, "activity_date": "2026-06-11",
            "end_date_time": odd(TIMES, number), "activity_date_time": INSTANT,
        }  # fmt: skip

    return {
        "ga4/events": rows(google),
        "salesforce/contacts": rows(
            lambda number, text: {**person(number, text), "account_id": f"{number % 5:03}"}
        ),
        "salesforce/leads": rows(
            lambda number, text: {**person(number, text), "id": f"L{number}", "company": text,
                                  "converted_contact_id": f"{number:03}" if number % 3 else None}
        ),
        "salesforce/accounts": rows(
            lambda number, text: {"name": text, "website": f"https://www.{text}.example/",
                                  "industry": text, "number_of_employees": odd(NUMBERS, number)}
        ),
        "salesforce/opportunities": rows(
            lambda number, text: {"name": text, "is_won": odd(ANSWERS, number), "owner_id": "005",
                                  "is_closed": "true", "amount": odd(NUMBERS, number),
                                  "close_date": "2026-06-12" if number % 4 else odd(TIMES, number)}
        ),
        "salesforce/opportunity_contact_roles": rows(
            lambda number, text: {"opportunity_id": f"{number:03}", "contact_id": f"{number:03}"}
        ),
        "salesforce/tasks": rows(activity),
        "salesforce/events": rows(activity),
        "salesforce/users": [{"id": "005", "email": "rep@sold.example", "first_name": "Zoë"}],
        "shopify/orders": rows(order),
        "shopify/customers": rows(
            lambda number, text: {
                **person(number, text), "updated_at": odd(TIMES, number),
                "email_marketing_consent_state": ("SUBSCRIBED", "unsubscribed", text)[number % 3],
            }
        ),
        "shopify/refunds": rows(lambda number, text: {"order_id": f"{number:03}"}),
        "shopify/order_line_refunds": rows(
            lambda number, text: {"refund_id": f"{number // 2:03}", "total_tax": "0.5",
                                  "subtotal": odd(NUMBERS, number)}
        ),
        "shopify/abandoned_checkouts": rows(order),
    }  # fmt: skip


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def add_real_data(files: Path, real: Path) -> None:
    """Two weeks of retail orders, Snowplow's events and the webhooks of e-mail providers."""
    (files / "snowplow/events").mkdir(parents=True)
    for name in ("snowplow_web_0.15.2", "snowplow_ecommerce_0.6.1"):
        source = f"{name.rpartition('_')[0]}_events.csv"
        shutil.copy(real / name / "source" / source, files / "snowplow/events" / source)
    duckdb.sql(
        f"""
        copy (
            select columns(*)::varchar
            from '{real}/online_retail_2010_2011/onlineretail.parquet'
            where "InvoiceDate" < '2010-12-15'
        ) to '{files}/shop/order_lines/retail.parquet'
        """
    )
    lines = (real / "email_webhooks/esp_events.jsonl").read_text().splitlines()
    write_lines(
        files / "email/webhooks/real.ndjson",
        [
            {
                "provider": payload["esp"].lower(),
                "received_at": "2026-06-05T00:00:00Z",
                "payload": json.dumps(payload["raw"]),
            }
            for payload in map(json.loads, lines)
        ],
    )


def make(folder: Path, real: Path | None, engine: Engine) -> list[str]:
    """Write the world as Parquet files <source>/<table>.parquet into folder/whole and, as far as it
    was loaded by FIRST, into folder/first; returns the sources that it has.
    """
    files = folder / "files"
    assert make_demo_data.main(["--people", "300", "--as-of", WHOLE, "--out", str(files)]) == 0
    write_lines(files / "events/events/hostile.ndjson", hostile_events())
    write_lines(files / "hubspot/contacts/hostile.ndjson", hostile_contacts())
    write_lines(files / "shop/order_lines/hostile.ndjson", hostile_lines())
    for table, rows in hostile_tables().items():
        write_lines(files / table / "hostile.ndjson", rows)
    sources = ["segment", "email", "hubspot", "shop", "events", "ga4", "salesforce", "shopify"]
    if real is not None:
        add_real_data(files, real)
        sources.append("snowplow")
    write_tables(files, sources, folder, engine)
    return sources


def write_tables(files: Path, sources: list[str], folder: Path, engine: Engine) -> None:
    """Read raw files as the project does, and write their tables, whole and as they were first.

    The project is the one that DuckDB's engine has parsed; the warehouse is one of its own.
    """
    warehouse = folder / "warehouse.duckdb"
    where = engine.where(raw_path=str(files), event_sources=sources)
    run_dbt(
        "run-operation", "create_raw_views", "--target", engine.target,
        **{**where, "warehouse": warehouse},
    )  # fmt: skip
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        listed = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema like 'raw_%' order by all"
        ).fetchall()
        for schema, table in listed:
            write_table(connection, folder, schema, table)


def write_table(
    connection: duckdb.DuckDBPyConnection, folder: Path, schema: str, table: str
) -> None:
    """Write one raw table, whole and as it was first."""
    columns = connection.execute(f"describe {schema}.{table}").fetchall()
    names = {name for name, *_ in columns}
    loaded = next(
        (name for name in ("received_at", "loaded_at", "_fivetran_synced") if name in names), None
    )
    was_first = (
        f"coalesce(try_cast(\"{loaded}\" as timestamptz) < '{FIRST}', true)"
        if loaded
        else f"hash(cast({table} as varchar)) % 2 = 0"
    )
    for part, condition in (("whole", "true"), ("first", was_first)):
        target = folder / part / schema.removeprefix("raw_") / f"{table}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(f"copy (select * from {schema}.{table} where {condition}) to '{target}'")
