"""Orders of a shop, of Segment's calls and of Shopify, small and odd, in one build."""

import json
import shutil

import pytest

AS_OF = "2026-06-30T00:00:00Z"
COLUMNS = {
    "order_id": "No",
    "line_id": "",
    "product_id": "Sku",
    "product_name": "Name",
    "quantity": "Pieces",
    "ordered_at": "Day",
    "unit_price": "Price",
    "status": "State",
    "customer_id": "Buyer",
    "country": "Land",
}
HEADER = "No,Sku,Name,Pieces,Day,Price,State,Buyer,Land\n"
# Two equal lines; a word that begins with C; one thing for another; all brought back, in the order
# itself and by a number of its own; refunded as a whole; and one line of two.
JUNE = """\
100,A,Lamp,1,2026-06-01,10,paid,twin,UK
100,A,Lamp,1,2026-06-01,10,paid,twin,UK
CA-2026-1,A,Lamp,1,2026-06-02,10,paid,words,UK
102,A,Lamp,1,2026-06-03,10,paid,swap,UK
102,B,Buoy,-1,2026-06-03,10,paid,swap,UK
103,A,Lamp,2,2026-06-04,10,paid,back,UK
103,A,Lamp,-2,2026-06-05,10,paid,back,UK
104,A,Lamp,2,2026-06-06,10,paid,sorry,UK
C104,A,Lamp,-2,2026-06-07,10,paid,sorry,UK
105,A,Lamp,2,2026-06-08,10,Refunded,whole,UK
106,A,Lamp,2,2026-06-09,10,Refunded,part,UK
106,B,Buoy,1,2026-06-09,7,paid,part,UK
"""


def call(number, event, **properties):
    """One track call of Segment's, under the name that the specification gives it."""
    return {
        "id": f"t{number}",
        "event": event,
        "anonymous_id": "browser",
        "user_id": "segment-user",
        "timestamp": f"2026-06-{10 + number:02}T10:00:00Z",
        "received_at": f"2026-06-{10 + number:02}T10:00:01Z",
        "properties": json.dumps(properties),
    }


def shopify(number, **values):
    """One row of a connector's table."""
    return {
        "id": number,
        "created_at": "2026-06-01T10:00:00Z",
        "_fivetran_synced": "2026-06-29T00:00:00Z",
        **values,
    }


def write(raw, table, rows):
    folder = raw / table
    folder.mkdir(parents=True)
    (folder / "rows.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))


SETTINGS = {"event_sources": "shop, segment, shopify", "as_of": AS_OF, "shop_columns": COLUMNS}


@pytest.fixture(scope="module")
def shops(make_project):
    project = make_project(**SETTINGS)
    lines = project.raw / "shop/order_lines"
    lines.mkdir(parents=True)
    (lines / "june.csv").write_text(HEADER + JUNE)
    (lines / "june again.csv").write_text(HEADER + JUNE)
    products = [
        {"product_id": "A", "price": 10, "quantity": 2, "category": "light"},
        {"sku": "B", "price": 7},
    ]
    write(
        project.raw,
        "segment/tracks",
        [
            call(0, "Product Added", product_id="A", price=10),
            call(1, "Product Removed", product_id="A", price=10),
            call(2, "Cart Viewed", cart_id="c1", products=products),
            call(3, "Order Completed", order_id="s1", total=27, currency="usd", products=products),
            call(4, "Order Completed", order_id="s2", revenue=50, currency="USD"),
            call(5, "Order Refunded", order_id="s2", total=20, currency="USD"),
            call(6, "Order Completed", order_id="s3", revenue=99, currency="USD"),
            call(7, "Order Cancelled", order_id="s3"),
            call(8, "Form Submitted", form_id="contact"),
        ],
    )
    times = {"received_at": "2026-06-01T00:00:01Z", "timestamp": "2026-06-01T00:00:00Z"}
    write(
        project.raw,
        "segment/pages",
        [{"id": "p1", "anonymous_id": "browser", "path": "/", **times}],
    )
    write(
        project.raw,
        "segment/screens",
        [{"id": "s1", "anonymous_id": "app", "user_id": "segment-user", "name": "Home", **times}],
    )
    write(
        project.raw,
        "segment/groups",
        [{"id": "g1", "user_id": "segment-user", "group_id": "7", "name": "Acme", **times}],
    )
    write(
        project.raw,
        "segment/users",
        [{"id": "segment-user", "email": "seg@own.example", "first_name": "Seg", **times}],
    )
    paid = {"customer_id": 501, "email": "kept@own.example", "currency": "EUR"}
    write(
        project.raw,
        "shopify/orders",
        [
            shopify(1, **paid, total_price="30.00", financial_status="partially_refunded"),
            shopify(2, **paid, total_price="10.00", cancelled_at="2026-06-02T10:00:00Z"),
            shopify(3, **paid, total_price="90.00", test=True),
            shopify(
                4,
                customer_id=502,
                email="gone@own.example",
                currency_code="EUR",
                total_price_set_shop_amount=40,
                display_financial_status="REFUNDED",
                updated_at="2026-06-05T10:00:00Z",
            ),
        ],
    )
    write(project.raw, "shopify/refunds", [shopify(9, order_id=1)])
    write(
        project.raw,
        "shopify/order_line_refunds",
        [shopify(91, refund_id=9, subtotal="4.50", total_tax="0.50")],
    )
    write(
        project.raw,
        "shopify/abandoned_checkouts",
        [shopify(7, email="left@own.example", created_at="2026-06-28T10:00:00Z", total_price=5)],
    )
    write(
        project.raw,
        "shopify/customers",
        [shopify(501, email="kept@own.example", first_name="Kay")],
    )
    project.dbt(
        "build", "--select", "+profile_traits", "+profiles", "+events_quarantined", "+event_intake",
        "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious",
    )  # fmt: skip
    return project


def traits(project, columns):
    """Some traits of everybody, by user id or, without one, by address."""
    return {
        row[0]: row[1:]
        for row in project.rows(
            f"""
            select coalesce(profiles.user_id, profiles.email), {columns}
            from marts.profile_traits as traits
            inner join marts.profiles as profiles on traits.profile_id = profiles.profile_id
            """
        )
    }


def test_an_order_is_what_was_kept_of_it(shops):
    found = traits(shops, "is_customer, order_count, order_value_365d, order_currency")
    assert {key: row for key, row in found.items() if key in JUNE} == {
        "twin": (True, 1, 20, "GBP"),
        "words": (True, 1, 10, "GBP"),
        "swap": (True, 1, 0, "GBP"),
        "back": (False, 0, 0, None),
        "sorry": (False, 0, 0, None),
        "whole": (False, 0, 0, None),
        "part": (True, 1, 7, "GBP"),
    }


def test_a_file_delivered_twice_counts_once(shops):
    delivered, kept, duplicates = shops.rows(
        "select delivered_count, kept_count, duplicate_count from marts.event_intake "
        "where source = 'shop'"
    )[0]
    # 12 lines, 8 orders and cancellations; 2 refunded lines; 2 orders of which nothing is left.
    assert (kept, duplicates) == (12 + 8 + 2 + 2, 12 + 2)
    assert delivered == kept + duplicates


def test_segments_own_names_are_understood(shops):
    assert dict(
        shops.rows(
            "select behavior, count(*) from intermediate.int_events_resolved "
            "where source = 'segment' group by all"
        )
    ) == {
        "cart_item_added": 1,
        "cart_item_removed": 1,
        "cart_viewed": 1,
        "order_completed": 2,
        "order_refunded": 1,
        "order_cancelled": 1,
        "order_taken_back": 1,
        "product_purchased": 2,
        "form_submitted": 1,
        "page_viewed": 1,
        "screen_viewed": 1,
        "group_joined": 1,
    }
    assert shops.rows(
        "select object_id, value from intermediate.int_events_resolved "
        "where behavior = 'product_purchased' and source = 'segment' order by 1"
    ) == [("A", 20), ("B", 7)]
    found = traits(
        shops,
        "order_count, order_value_365d, average_order_value, last_order_value, order_currency",
    )
    assert found["segment-user"] == (2, 57, 28.5, 30, "USD")
    assert shops.rows(
        "select email, first_name, company_name from marts.profiles where user_id = 'segment-user'"
    ) == [("seg@own.example", "Seg", "Acme")]


def test_shopifys_tables_are_understood(shops):
    found = traits(
        shops, "is_customer, order_count, order_value_365d, order_currency, has_abandoned_checkout"
    )
    assert found["501"] == (True, 1, 25, "EUR", False)
    assert found["502"] == (False, 0, 0, None, False)
    assert found["left@own.example"] == (False, 0, 0, None, True)
    assert shops.rows("select quarantine_reason, object_id from marts.events_quarantined") == [
        ("test_order", "3")
    ]


@pytest.mark.real_data
def test_what_connectors_land_is_read(shops, make_project, real_data):
    """Samples of both interfaces; they do not join, so that only their shapes say something."""
    # With the settings of the others, the project is parsed but once.
    project = make_project(**SETTINGS | {"as_of": "2026-01-01"})
    project.raw.mkdir()
    for source in ("shop", "segment"):
        (project.raw / source).symlink_to(shops.raw / source)
    for prefix in ("shopify", "shopify_gql"):
        for table in ("order", "customer", "refund", "abandoned_checkout", "order_line_refund"):
            path = real_data / "fivetran_seeds/shopify" / f"{prefix}_{table}_data.csv"
            folder = project.raw / "shopify" / f"{table}s"
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / path.name)
    project.dbt("run", "--select", "stg_shopify__events", "+stg_shopify__events")
    rows = project.rows(
        "select event_name, count(*), count(occurred_at), count(value), count(currency) "
        "from staging.stg_shopify__events group by all order by all"
    )
    counts = {name: counts for name, *counts in rows}
    assert all(counted[0] == counted[1] for counted in counts.values())
    assert set(counts) == {
        "order_completed", "order_cancelled", "order_refunded", "checkout_started",
        "customer_created",
    }  # fmt: skip
    # Every order has its money and its currency, in either shape.
    assert len(set(counts["order_completed"])) == 1
    assert len(set(counts["checkout_started"])) == 1
