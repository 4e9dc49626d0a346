"""The raw tables that have a suite: what each must hold for its staging models to work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

EMAIL_PROVIDERS = ("sendgrid", "mailgun", "postmark")

# A payload that is no JSON object is reported as such and must not count as three more faults, so
# the columns derived from it are then filled with what does no harm.
_EMAIL_COLUMNS = {
    "event": """
        case when left(ltrim(payload), 1) = '{' and json_valid(payload) then payload end
    """,
    "ids": """json_extract_string(event, ['$.sg_event_id', '$."event-data".id'])""",
    # Only SendGrid gives every event an id; a repeat of the others is the same text.
    "event_id": """
        case
            when event is not null and lower(trim(provider)) = 'sendgrid' then ids[1]
            else coalesce(ids[1], ids[2], md5(coalesce(payload, '')))
        end
    """,
    "recipients": """
        json_extract_string(event, [
            '$.email', '$."event-data".recipient', '$.recipient', '$.Recipient', '$.Email'
        ])
    """,
    "recipient": """
        case when event is null then 'unknown' else coalesce(
            recipients[1], recipients[2], recipients[3], recipients[4], recipients[5]
        ) end
    """,
    "times": """
        json_extract_string(event, [
            '$.timestamp', '$."event-data".timestamp',
            '$.DeliveredAt', '$.BouncedAt', '$.ChangedAt', '$.ReceivedAt'
        ])
    """,
    "epoch_seconds": "try_cast(coalesce(times[1], times[2]) as double)",
    "event_time": """
        case
            when event is null then cast(received_at as varchar)
            when epoch_seconds is not null
                then cast(try(to_timestamp(epoch_seconds)) as varchar)
            else coalesce(times[1], times[2], times[3], times[4], times[5], times[6])
        end
    """,
}


@dataclass(frozen=True)
class RawTable:
    """One raw table, in terms of its own column names.

    `key` names a row and may not be null; `repeated` is what two copies of a row share (the key,
    unless said otherwise). `identifiers` are the columns of which at least one must name somebody;
    none means that the key itself does. `loaded_at` gives the age of the newest row: the first
    column that is there and readable. `derived` adds columns by SQL over the raw ones.
    """

    source: str
    table: str
    required: tuple[str, ...]
    key: tuple[str, ...]
    times: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    identifiers_bound: Literal["missing_identifiers", "missing_customers"] = "missing_identifiers"
    repeated: tuple[str, ...] = ()
    loaded_at: tuple[str, ...] = ()
    json_columns: tuple[str, ...] = ()
    value_sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    derived: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False

    @property
    def name(self) -> str:
        """`segment.pages`, as the warehouse calls it under `raw_`."""
        return f"{self.source}.{self.table}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that some check reads, in a fixed order."""
        named = (
            *self.required,
            *self.key,
            *self.times,
            *self.identifiers,
            *self.repeated,
            *self.loaded_at,
            *self.json_columns,
            *self.value_sets,
        )
        return tuple(dict.fromkeys(name for name in named if name not in self.derived))


def raw_tables(shop_columns: Mapping[str, str] | None = None) -> tuple[RawTable, ...]:
    """All raw tables with a suite; `shop_columns` is the dbt var of that name."""
    return (
        RawTable(
            source="segment",
            table="pages",
            required=("id", "anonymous_id", "received_at", "timestamp", "path"),
            key=("id",),
            times=("timestamp", "received_at"),
            identifiers=("anonymous_id", "user_id"),
            loaded_at=("received_at",),
        ),
        RawTable(
            source="segment",
            table="tracks",
            required=("id", "event", "received_at", "timestamp"),
            key=("id",),
            times=("timestamp", "received_at"),
            identifiers=("anonymous_id", "user_id", "context_traits_email"),
            loaded_at=("received_at",),
            json_columns=("properties",),
            optional=True,
        ),
        RawTable(
            source="segment",
            table="identifies",
            required=("id", "received_at", "timestamp"),
            key=("id",),
            times=("timestamp", "received_at"),
            identifiers=("anonymous_id", "user_id", "email", "phone"),
            loaded_at=("received_at",),
            optional=True,
        ),
        RawTable(
            source="email",
            table="webhooks",
            required=("provider", "received_at", "payload"),
            key=("event_id",),
            times=("event_time", "received_at"),
            identifiers=("recipient",),
            loaded_at=("received_at",),
            json_columns=("payload",),
            value_sets={"provider": EMAIL_PROVIDERS},
            derived=_EMAIL_COLUMNS,
        ),
        RawTable(
            source="hubspot",
            table="contacts",
            required=("id", "property_email", "_fivetran_synced"),
            key=("id",),
            times=("property_createdate", "_fivetran_synced"),
            loaded_at=("_fivetran_synced",),
        ),
        RawTable(
            source="hubspot",
            table="companies",
            required=("id",),
            key=("id",),
            times=("_fivetran_synced",),
            optional=True,
        ),
        RawTable(
            source="hubspot",
            table="deals",
            required=("deal_id", "deal_pipeline_stage_id"),
            key=("deal_id",),
            times=("_fivetran_synced",),
            optional=True,
        ),
        RawTable(
            source="hubspot",
            table="deal_contacts",
            required=("deal_id", "contact_id"),
            key=("deal_id", "contact_id"),
            optional=True,
        ),
        RawTable(
            source="hubspot",
            table="owners",
            required=("owner_id",),
            key=("owner_id",),
            optional=True,
        ),
        _order_lines(shop_columns or {}),
        RawTable(
            source="snowplow",
            table="events",
            required=("event_id", "collector_tstamp", "event", "domain_userid", "user_id"),
            key=("event_id",),
            times=("collector_tstamp",),
            identifiers=("domain_userid", "user_id", "network_userid"),
            loaded_at=("collector_tstamp",),
        ),
        RawTable(
            source="events",
            table="events",
            required=("event_id", "event_name", "occurred_at"),
            key=("event_id",),
            times=("occurred_at",),
            identifiers=("anonymous_id", "user_id", "email", "phone", "crm_contact_id"),
            loaded_at=("loaded_at", "occurred_at"),
            json_columns=("properties",),
        ),
    )


def _order_lines(names: Mapping[str, str]) -> RawTable:
    order_id = names.get("order_id", "InvoiceNo")
    product_id = names.get("product_id", "StockCode")
    quantity = names.get("quantity", "Quantity")
    ordered_at = names.get("ordered_at", "InvoiceDate")
    unit_price = names.get("unit_price", "UnitPrice")
    customer_id = names.get("customer_id", "CustomerID")
    required = (order_id, product_id, quantity, ordered_at, unit_price, customer_id)
    described = (names.get("product_name", "Description"), names.get("country", "Country"))
    return RawTable(
        source="shop",
        table="order_lines",
        required=required,
        key=(order_id, product_id),
        times=(ordered_at,),
        identifiers=(customer_id,),
        identifiers_bound="missing_customers",
        # An order may hold a product twice; only a row equal in every column is a repeat.
        repeated=(*required, *described),
        # An export has no load time; its newest order tells how old it is.
        loaded_at=(ordered_at,),
    )
