"""Who is in which segment, in plain Python."""

from collections import defaultdict
from datetime import datetime
from functools import cache

from .events import DAY, HOUR, Person, World
from .people import account_traits_of, traits_of


@cache
def accounts(world: World) -> dict[str, dict]:
    """The accounts of a world, worked out once."""
    return account_traits_of(world)


def segments_of(world: World, person: Person) -> set[str]:
    """The names of all segments that a person belongs to."""
    traits = traits_of(world, person)
    account = accounts(world).get(traits["account_id"])
    rules = {**rules_of_people(world, traits), **rules_of_accounts(world, traits, account)}
    return {name for name, belongs in rules.items() if belongs}


@cache
def judged() -> frozenset[str]:
    """The names of the segments that have a rule here; a project may have others besides."""
    now = datetime(2026, 1, 1)
    nobody = Person("nobody", (), sightings=(now,))
    world = World(now, (nobody,))
    has = traits_of(world, nobody)
    account = defaultdict(int, account_renewal_at=None)
    return frozenset(rules_of_people(world, has) | rules_of_accounts(world, has, account))


def rules_of_people(world: World, has: dict) -> dict[str, bool]:
    """The segments that look at nothing but the person."""
    now = world.as_of
    prospect, customer = not has["has_converted"], has["is_customer"]
    reviewed = has["review_site_clicked_count_30d"] + has["comparison_page_viewed_count_30d"] >= 1

    def quiet(low: int, high: int) -> bool:
        return ago(now, has["last_engaged_at"], low, high)

    def declined(days: int) -> bool:
        before = has[f"product_used_count_previous_{days}d"]
        return before > 0 and before - has[f"product_used_count_{days}d"] >= before * 0.4

    def returned(low: int, high: int | None) -> bool:
        return came_back(now, has, low * DAY, high and high * DAY)

    return {
        "sales_ready": prospect
        and has["pricing_page_viewed_count_30d"] >= 3
        and has["case_study_downloaded_count_30d"] >= 1
        and has["consecutive_emails_opened"] >= 3,
        "pricing_researchers": prospect and has["pricing_page_viewed_count_7d"] >= 5,
        "active_researchers": has["visit_count_7d"] >= 3,
        "evaluators": prospect
        and has["did_2_pricing_page_viewed_then_case_study_downloaded_dec90b45"],
        "decision_stage_viewers": prospect and has["decision_stage_count_14d"] >= 2,
        "vendor_comparers": prospect and reviewed,
        "implementation_planners": not customer
        and has["integration_guide_downloaded_count_30d"] >= 1,
        "past_awareness": prospect and has["longest_product_demo_seconds_180d"] >= 60,
        "video_watchers": has["longest_video_seconds_30d"] >= 30,
        "focused_readers": has["product_page_seconds_7d"] >= 180,
        "content_downloaders": has["content_downloaded_count_90d"] >= 1,
        "case_study_downloaders": has["case_study_downloaded_count_90d"] >= 1,
        "demo_page_bouncers": prospect and has["demo_page_viewed_bounce_count_7d"] >= 1,
        "demo_page_hesitators": prospect and has["demo_page_viewed_hesitation_count_7d"] >= 1,
        "demo_requesters": has["has_open_demo_request"],
        "trial_users": has["is_on_trial"],
        "open_opportunities": has["has_open_deal"],
        "former_customers": has["is_former_customer"],
        "lost_deals_back": prospect
        and has["last_deal_lost_at"] is not None
        and ago(now, has["last_researched_at"], 0, 14)
        and has["last_researched_at"] > has["last_deal_lost_at"],
        "hot_returners": came_back_soon(now, has),
        "warm_returners": returned(14, 180),
        "reactivated_visitors": returned(180, None),
        "double_clickers": ago(now, has["last_double_click_at"], 0, 7),
        "streak_openers": has["consecutive_emails_opened"] >= 3,
        "cta_clickers": has["email_cta_clicked_count_14d"] >= 1,
        "ignoring_readers": has["consecutive_emails_ignored"] >= 5,
        "silent_former_openers": has["emails_opened_of_last_10"] == 0
        and has["emails_opened_of_previous_10"] >= 3
        and has["emails_opened_of_previous_10"] / min(has["counted_emails"] - 10, 10) >= 0.8,
        "low_open_rate": has["is_email_reachable"]
        and has["counted_emails"] >= 10
        and has["email_open_rate"] < 0.15,
        "stopped_clickers": has["is_email_reachable"]
        and has["counted_emails"] > has["consecutive_emails_not_clicked"] > 0
        and (
            has["consecutive_emails_not_clicked"] >= 10
            or ago(now, has["last_email_clicked_at"], 90)
        ),
        "cart_abandoners": has["has_abandoned_cart"],
        "checkout_abandoners": has["has_abandoned_checkout"],
        "form_abandoners": has["has_abandoned_form"],
        "product_viewers_without_purchase": has["unbought_product_count_14d"] >= 1,
        "recent_visitors_not_converted": prospect and has["visit_count_7d"] >= 1,
        "top_of_funnel_engaged": prospect
        and (
            has["did_content_downloaded_then_page_viewed_30d"]
            or has["blog_page_viewed_visits_30d"] >= 3
        )
        and has["decision_stage_count_30d"] == 0,
        "fit_and_intent": prospect
        and has["has_complete_fit"]
        and has["decision_stage_count_14d"] >= 1,
        "decision_makers": has["is_decision_maker"],
        "declining_usage": (customer or has["is_on_trial"]) and (declined(14) or declined(30)),
        "competitor_curious_customers": customer and reviewed,
        "power_users": customer
        and has["is_top_decile_user"]
        and has["product_used_count_30d"] >= 10,
        "lapsed_leads": has["is_identified"]
        and not customer
        and not has["is_former_customer"]
        and quiet(60, 90),
        "churned_customers": customer and ago(now, has["last_customer_activity_at"], 90),
        "stopped_openers": has["is_email_reachable"]
        and has["consecutive_emails_ignored"] >= 5
        and has["counted_emails"] > has["consecutive_emails_ignored"],
        "absent_visitors": ago(now, has["last_visit_ended_at"], 180),
        "category_browsers": has["top_category_view_count_14d"] >= 3,
        "price_sensitive_shoppers": has["sale_page_viewed_count_30d"] >= 3
        or (has["order_count"] > 0 and has["discounted_order_count"] / has["order_count"] >= 1 / 2),
        "loyalty_members": has["is_loyalty_member"],
        "customers": customer,
        "new_customers": customer and ago(now, has["became_customer_at"], 0, 30),
        "inactive_contacts": has["is_identified"]
        and has["engagement_count_90d"] == 0
        and has["first_seen_at"] <= now - 90 * DAY,
        "nurture": has["is_email_reachable"] and quiet(30, 60),
        "disqualified": (
            not customer
            and has["careers_page_viewed_count_180d"] >= 2
            and has["careers_page_viewed_count_180d"] * 5
            >= (has["page_viewed_count_180d"] + has["product_viewed_count_180d"]) * 3
        )
        or has["is_competitor"]
        or has["email_complained_count_ever"] > 0
        or has["is_disqualified_in_crm"],
    }


def rules_of_accounts(world: World, has: dict, account: dict | None) -> dict[str, bool]:
    """The segments that look at the person's account as well."""
    if account is None:
        return {}
    prospect, renewal = not has["has_converted"], account["account_renewal_at"]
    return {
        "early_intent_accounts": prospect
        and account["account_research_count_14d"] >= 3
        and account["account_research_count_previous_14d"] == 0
        and account["account_open_deal_count"] == 0,
        "engaged_at_target_accounts": prospect
        and account["is_target_account"]
        and has["engagement_score"] >= 20,
        "multiple_stakeholders": prospect
        and has["research_count_14d"] >= 1
        and account["account_researching_people_count_14d"] >= 2,
        "renewals_at_risk": has["is_customer"]
        and renewal is not None
        and world.as_of < renewal <= world.as_of + 60 * DAY
        and account["account_engagement_score"] < 10,
    }


def ago(now: datetime, at: datetime | None, low: int, high: int | None = None) -> bool:
    """Whether an instant lies `low` days back or more, and less than `high`."""
    if at is None or now - at < low * DAY:
        return False
    return high is None or now - at < high * DAY


def came_back_soon(now: datetime, has: dict) -> bool:
    """Whether the latest return came within 24 hours, and less than 24 hours ago."""
    began, before = has["last_returned_at"], has["last_away_since_at"]
    if before is None:
        return False
    return began - before <= 24 * HOUR and now - began < 24 * HOUR


def came_back(now: datetime, has: dict, low, high) -> bool:
    """Whether the first visit of the last 7 days came after a gap from `low` to under `high`."""
    began, before = has["week_returned_at"], has["week_away_since_at"]
    if before is None or began is None:
        return False
    return began - before >= low and (high is None or began - before < high)
