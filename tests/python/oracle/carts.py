"""What lies in carts, and what was looked at and not bought, in plain Python."""

from collections.abc import Iterator
from datetime import datetime

from .events import DAY, HOUR, Event


def shop_traits(now: datetime, events: list[Event]) -> dict:
    """What carts, checkouts and views of products say about a person."""
    items = sorted(
        left(events, "cart_item_added"),
        key=lambda item: (
            now - item.at,
            *(nothing_last(item.cart_id), nothing_last(product(item))),
        ),
    )
    checkouts = left(events, "checkout_started")
    is_abandoned = recent(now, items)
    return {
        "has_abandoned_cart": is_abandoned,
        "has_abandoned_checkout": recent(now, checkouts),
        "abandoned_cart_items": ", ".join(
            name for item in items if (name := item.product_name or product(item))
        )
        or None
        if is_abandoned
        else None,
        "abandoned_cart_link": items[0].cart_link if is_abandoned else None,
        "abandoned_cart_value": float(
            sum(item.value * (1 if item.quantity is None else item.quantity)
                for item in items if item.value is not None)
        ) if is_abandoned else 0,
        "unbought_product_count_14d": len(unbought(now, events)),
    }  # fmt: skip


def recent(now: datetime, begun: list[Event]) -> bool:
    """Whether the last of what was left is neither too young nor too old."""
    return bool(begun) and HOUR < now - max(event.at for event in begun) < 7 * DAY


def left(events: list[Event], behavior: str) -> list[Event]:
    """The last of each thing put into a cart, or of each checkout, if it is still there."""
    latest: dict[tuple, Event] = {}
    for event in events:
        if event.behavior != behavior:
            continue
        key = (event.cart_id, product(event) if behavior == "cart_item_added" else None)
        if key not in latest or event.at > latest[key].at:
            latest[key] = event
    return [item for item in latest.values() if not any(ends(events, item))]


def ends(events: list[Event], item: Event) -> Iterator[bool]:
    """For each later event whether it ended an item or a checkout."""
    for event in events:
        if event.at <= item.at:
            continue
        is_same_cart = None in (event.cart_id, item.cart_id) or event.cart_id == item.cart_id
        if event.behavior == "order_completed":
            products = ordered(events, event)
            if item.behavior == "checkout_started":
                yield is_same_cart
            elif event.cart_id is not None and event.cart_id == item.cart_id:
                yield True
            else:
                # A line that names nothing may be of anything.
                yield is_same_cart and (
                    not products or any(bought in (None, product(item)) for bought in products)
                )
        elif item.behavior == "cart_item_added" and event.behavior == "cart_item_removed":
            yield is_same_cart and product(event) in (None, product(item))
        elif item.behavior == "cart_item_added" and event.behavior == "cart_emptied":
            yield is_same_cart


def ordered(events: list[Event], order: Event) -> list[str | None]:
    """The products that an order lists; none where it lists nothing."""
    return [
        product(line)
        for line in events
        if line.behavior == "product_purchased"
        and line.order_id is not None
        and line.order_id == order.object_id
    ]


def unbought(now: datetime, events: list[Event]) -> list[str | None]:
    """The products viewed in 14 days that no order since may have been for."""
    views: dict[str | None, datetime] = {}
    for event in events:
        if event.behavior == "product_viewed" and event.at > now - 14 * DAY:
            views[product(event)] = event.at
    orders = [event for event in events if event.behavior == "order_completed"]
    return [
        viewed
        for viewed, at in views.items()
        if not any(
            order.at >= at
            and (
                viewed is None
                or not ordered(events, order)
                or any(bought in (None, viewed) for bought in ordered(events, order))
            )
            for order in orders
        )
    ]


def product(event: Event) -> str | None:
    """The product that an event is about."""
    return event.product_id or event.object_id


def nothing_last(text: str | None) -> tuple[bool, str]:
    """A key to sort by in which nothing comes last."""
    return (text is None, text or "")
