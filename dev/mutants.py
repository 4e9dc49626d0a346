"""Seed mistakes into the SQL, one at a time, and see that the oracle of the tests catches each."""

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from dev.project_copy import copy_of_files
from scripts.dbt_runner import DbtFailed, run_dbt
from tests.python.oracle import comparing, histories
from tests.python.oracle.events import World

AS_OF = "2026-06-30T00:00:00Z"
SEED = 20260630
PEOPLE = 2200
BUILT = (
    "+profile_traits", "+account_traits", "+profile_tags", "+profile_lifecycle",
    "+segment_memberships",
)  # fmt: skip
# What is compared beside segments.
BESIDE = ("profile_tags", "account_traits", "profile_lifecycle")
# Everything is built anew: the mistake is in what a second run would not touch.
EVERYTHING = "everything"
INTERMEDIATE = "models/intermediate"
EVENTS, BEHAVIORS = f"{INTERMEDIATE}/events", f"{INTERMEDIATE}/behaviors"
ACCOUNTS, TRAITS = f"{INTERMEDIATE}/accounts", f"{INTERMEDIATE}/traits"
LEFT = f"{BEHAVIORS}/int_cart_items_left.sql"
BEGUN = f"{TRAITS}/int_profile_stages_begun.sql"
PEOPLE_MARTS, SEGMENTS = "models/marts/people", "models/marts/segments"


class MutantError(Exception):
    """A mistake cannot be seeded as it is written; the message says which and why."""


@dataclass(frozen=True)
class Mutant:
    """One mistake: in `file` the only `old` becomes `new`; `touched` are the models to rebuild."""

    what: str
    file: str
    old: str
    new: str
    touched: str = ""

    @property
    def selection(self) -> str:
        """The models to rebuild, with everything behind them."""
        return self.touched or f"{Path(self.file).stem}+"


COUNTED = "int_profile_behaviors_counted+"
MUTANTS = (
    Mutant("a window's far end belongs to it", "macros/time/age_within.sql",
           "    age < interval '{{ window }}' day\n",
           "    age <= interval '{{ window }}' day\n", COUNTED),
    Mutant("a window is a day too long", "macros/time/age_within.sql",
           "    age < interval '{{ window }}' day\n",
           "    age < interval '{{ window + 1 }}' day\n", COUNTED),
    Mutant("the window before begins too late", "macros/time/age_within.sql",
           "interval '{{ 2 * days }}' day", "interval '{{ 2 * days - 1 }}' day", COUNTED),
    Mutant("the window before reaches into the last one", "macros/time/age_within.sql",
           "age >= interval '{{ days }}' day", "age >= interval '{{ days - 1 }}' day", COUNTED),
    Mutant("a week of visits is eight days", f"{TRAITS}/int_profile_visits_summarized.sql",
           "started_at > as_of - interval '7' day", "started_at > as_of - interval '8' day"),
    Mutant("a kind does not count for the broader behavior", "macros/traits/counts_as.sql",
           "    '{{ name }}' in (behavior, broader_behavior)\n    {%- endif",
           "    '{{ name }}' = behavior\n    {%- endif", COUNTED),
    Mutant("research leaves decisions out", "macros/traits/counts_as.sql",
           "stage in ('consideration', 'decision')\n    {%- elif",
           "stage in ('consideration')\n    {%- elif", COUNTED),
    Mutant("what machines did counts", f"{TRAITS}/int_profile_behaviors_counted.sql",
           "where is_human and occurred_at", "where occurred_at"),
    Mutant("what machines opened counts as read", f"{BEHAVIORS}/int_email_messages.sql",
           "behavior = 'email_opened' and is_human as is_open",
           "behavior = 'email_opened' as is_open"),
    Mutant("a click on a call to action opens nothing", f"{BEHAVIORS}/int_email_messages.sql",
           "behavior in ('email_clicked', 'email_cta_clicked') and is_human",
           "behavior in ('email_clicked') and is_human"),
    Mutant("no grace for young messages", f"{BEHAVIORS}/int_email_messages.sql",
           "interval '{{ var(\"email_grace_hours\") }}' hour", "interval '0' hour"),
    Mutant("a message exactly as old as the grace is left out",
           f"{BEHAVIORS}/int_email_messages.sql",
           "or delivered_at <= {{ as_of() }}", "or delivered_at < {{ as_of() }}"),
    Mutant("a late open moves the delivery", f"{BEHAVIORS}/int_email_messages.sql",
           "min(case when is_delivery or proves_delivery then",
           "max(case when is_delivery or proves_delivery then"),
    Mutant("a message that was sent back at once arrived", f"{BEHAVIORS}/int_email_messages.sql",
           "returned_at < last_delivered_at", "returned_at <= last_delivered_at"),
    Mutant("the tenth second after a delivery is a human's",
           f"{EVENTS}/int_email_machines_found.sql",
           "delivered_micros) <= 1000000", "delivered_micros) < 1000000"),
    Mutant("clicks on two links at once are a human's", f"{EVENTS}/int_email_machines_found.sql",
           "when first_link <> last_link then 1", "when first_link <> last_link then 0"),
    Mutant("one more message may come back", f"{BEHAVIORS}/int_addresses_closed.sql",
           "return_rank = {{ var('soft_bounces') }}", "return_rank > {{ var('soft_bounces') }}"),
    Mutant("a delivery between closes all the same", f"{BEHAVIORS}/int_addresses_closed.sql",
           "and (arrivals.email is null or messages.returned_at > arrivals.last_arrived_at)", ""),
    Mutant("subscribing again at that instant counts",
           f"{BEHAVIORS}/int_profile_suppressions.sql",
           "stated_at >= resubscribed", "stated_at > resubscribed"),
    Mutant("whoever complained may subscribe again", f"{BEHAVIORS}/int_profile_suppressions.sql",
           "statement <> 'unsubscribed'", "statement = 'crm_opted_out'"),
    Mutant("one closed address closes the person", f"{BEHAVIORS}/int_profile_suppressions.sql",
           "where not is_deliverable and closed_because", "where closed_because"),
    Mutant("the tenth message falls between the tens",
           f"{TRAITS}/int_profile_emails_summarized.sql",
           "is_opened and recency <= 10", "is_opened and recency < 10"),
    Mutant("the oldest message is the newest", f"{TRAITS}/int_profile_emails_summarized.sql",
           "order by delivered_at desc nulls last,",
           "order by delivered_at,"),
    Mutant("a reload is a view", f"{BEHAVIORS}/int_events_resolved.sql",
           "then 'page_reloaded'", "then behavior"),
    Mutant("a pattern of pages goes on within a word", "macros/sql/matches_page.sql",
           "\"'/*'\"", "\"'*'\"", "int_event_kinds_classified+"),
    Mutant("a locale makes another page", "macros/sql/page_path.sql",
           "regex_replace(ended, locale, '/') if locale else ended", "ended",
           "int_event_names+"),
    Mutant("an ad's click is none", f"{EVENTS}/int_events_described.sql",
           "where use_rank = 1 and", "where use_rank = 0 and"),
    Mutant("events after as_of count", f"{BEHAVIORS}/int_events_classified.sql",
           "    where occurred_at <= {{ as_of() }}\n", ""),
    Mutant("of two copies the later one is kept", f"{EVENTS}/int_events.sql",
           "                'loaded_at', 'occurred_at',",
           "                'loaded_at desc', 'occurred_at',", EVERYTHING),
    Mutant("an order with a discount of 0 is discounted", f"{BEHAVIORS}/int_events_resolved.sql",
           "'discount')) }} > 0,", "'discount')) }} >= 0,"),
    Mutant("a gap of exactly the time-out starts no visit",
           f"{BEHAVIORS}/int_web_events_sequenced.sql",
           ">= {{ timeout_seconds }}", "> {{ timeout_seconds }}"),
    Mutant("a track event ends the time on a page", f"{BEHAVIORS}/int_web_events_sequenced.sql",
           "case when family = 'web' then occurred_at end as page_viewed_at",
           "occurred_at as page_viewed_at"),
    Mutant("the last page is never read", f"{BEHAVIORS}/int_web_events_sequenced.sql",
           "'coalesce(next_page_viewed_at, visit_ended_at)'", "'next_page_viewed_at'"),
    Mutant("a visit that reached the goal bounces", f"{BEHAVIORS}/int_visits.sql",
           "}} then 1 end) = 0", "}} then 1 end) >= 0"),
    Mutant("a visit that goes on bounces", f"{TRAITS}/int_profile_visits_summarized.sql",
           ">= {{ timeout_seconds }} as is_over", ">= 0 as is_over"),
    Mutant("the visit before is the one that began before",
           f"{TRAITS}/int_profile_visits_summarized.sql",
           "rows between unbounded preceding and 1 preceding",
           "rows between 1 preceding and 1 preceding"),
    Mutant("a cart exactly an hour old is abandoned", "macros/time/is_abandoned.sql",
           "and {{ begun_at }} < as_of", "and {{ begun_at }} <= as_of",
           "int_profile_states+ int_profile_forms_summarized+"),
    Mutant("a cart exactly a week old is abandoned", "macros/time/is_abandoned.sql",
           "        {{ begun_at }} > as_of", "        {{ begun_at }} >= as_of",
           "int_profile_states+ int_profile_forms_summarized+"),
    Mutant("an order at the instant of the add is later", "macros/time/is_abandoned.sql",
           "{{ ended_at }} <= {{ begun_at }}", "{{ ended_at }} < {{ begun_at }}",
           "int_profile_states+ int_profile_forms_summarized+"),
    Mutant("whoever never ordered left no cart", "macros/time/is_abandoned.sql",
           "and ({{ ended_at }} is null or {{ ended_at }} <= {{ begun_at }})",
           "and {{ ended_at }} <= {{ begun_at }}",
           "int_profile_states+ int_profile_forms_summarized+"),
    Mutant("one form sent forgives the others", f"{TRAITS}/int_profile_forms_summarized.sql",
           "{{ dbt.bool_or(is_abandoned('last_started_at', 'last_submitted_at')) }}",
           "bool_and({{ is_abandoned('last_started_at', 'last_submitted_at') }})"),
    Mutant("what is taken out of another cart is gone", LEFT,
           "            put_in.cart_id = endings.cart_id\n", "            true\n"),
    Mutant("taking one thing out empties the cart", LEFT,
           "(endings.product_id is null or put_in.product_id = endings.product_id)", "true"),
    Mutant("what is put in again was taken out", LEFT,
           "        and put_in.occurred_at < endings.occurred_at\n", ""),
    Mutant("an order that lists something ends everything", LEFT,
           "        -- Empty where nothing is listed: it may have been anything.\n"
           "        lines.product_id\n",
           "        {{ null_columns(['product_id']) }}\n"),
    Mutant("the first thing in a cart is the last",
           f"{TRAITS}/int_profile_carts_summarized.sql",
           "order by occurred_at desc,", "order by occurred_at,"),
    Mutant("what was bought before it was viewed is bought",
           f"{TRAITS}/int_profile_products_unbought.sql",
           "        and views.viewed_at <= orders.occurred_at\n", ""),
    Mutant("points grow with age", f"{TRAITS}/int_profile_behaviors_counted.sql",
           "seconds_between('occurred_at', as_of())",
           "seconds_between(as_of(), 'occurred_at')"),
    Mutant("leaving the programme at the instant of joining is overlooked",
           f"{TRAITS}/int_profile_states.sql",
           "last_loyalty_left_at < last_loyalty_joined_at",
           "last_loyalty_left_at <= last_loyalty_joined_at"),
    Mutant("only the first buying role counts", f"{TRAITS}/int_profile_states.sql",
           "like '%;DECISION_MAKER;%'", "like ';DECISION_MAKER;%'"),
    Mutant("prospects have customers' activity", f"{TRAITS}/int_profile_states.sql",
           "case when is_customer then last_purchase_or_use_at end",
           "last_purchase_or_use_at"),
    Mutant("whoever went on bounced", f"{TRAITS}/int_profile_visits_summarized.sql",
           "{{ '=' if bounce.is_bounce else '>' }}", "{{ '>=' if bounce.is_bounce else '>' }}"),
    Mutant("streaks hold for ever", f"{TRAITS}/int_profile_emails_summarized.sql",
           "last_delivered_at > {{ as_of() }} - interval '{{ var(\"streak_valid_days\") }}' day",
           "last_delivered_at <= {{ as_of() }}"),
    Mutant("most of the pages is all of them", f"{SEGMENTS}/lifecycle/disqualified.sql",
           " * 5\n", " * 3\n"),
    Mutant("an order makes a customer for ten years", BEGUN,
           """occurred_at + interval '{{ var("customer_days") }}' day""",
           """occurred_at + interval '{{ var("customer_days") * 10 }}' day"""),
    Mutant("a trial is forgotten a day late", BEGUN,
           """            when 'trial_started'
                then occurred_at + interval '{{ var("opportunity_days") }}' day""",
           """            when 'trial_started'
                then occurred_at + interval '{{ var("opportunity_days") + 1 }}' day"""),
    Mutant("engaged lasts a day longer", BEGUN,
           "interval '{{ var(\"engaged_days\") }}' day",
           "interval '{{ var(\"engaged_days\") + 1 }}' day"),
    Mutant("what ends at the very instant ends it", BEGUN,
           "and begun.began_at < endings.ended_at", "and begun.began_at <= endings.ended_at"),
    Mutant("a cancellation long before ends it", BEGUN,
           "            and begun.began_at < endings.ended_at\n", ""),
    Mutant("the last ending counts", BEGUN,
           "order by endings.ended_at nulls last,", "order by endings.ended_at desc nulls last,"),
    Mutant("a lost deal answers no request", BEGUN,
           "'deal_won', 'deal_lost', 'order_completed', 'subscription_renewed',\n",
           "'deal_won', 'order_completed', 'subscription_renewed',\n"),
    Mutant("a renewal makes no customer", BEGUN,
           "'deal_won',\n            'subscription_renewed'\n", "'deal_won'\n"),
    Mutant("the CRM's word counts from ever", BEGUN,
           "then crm_customer_since_at\n", "then {{ beginning }}\n"),
    Mutant("a closed deal is open", f"{EVENTS}/int_deals_stated.sql",
           "not is_closed or coalesce(closed_at > {{ as_of() }}, false)",
           "not is_closed or coalesce(closed_at <= {{ as_of() }}, false)"),
    Mutant("of several stages the lowest counts", f"{TRAITS}/int_profile_lifecycle.sql",
           "max(spans.stage_rank) as stage_rank", "min(spans.stage_rank) as stage_rank"),
    Mutant("a stage ends the instant after", f"{TRAITS}/int_profile_lifecycle.sql",
           "and instants.changed_at < spans.ended_at", "and instants.changed_at <= spans.ended_at"),
    Mutant("whoever asks again was no customer", f"{TRAITS}/int_profile_states.sql",
           "was_customer and not is_customer as", "lifecycle_stage = 'former_customer' as"),
    Mutant("customers are on trial", f"{TRAITS}/int_profile_states.sql",
           "is_on_trial and not is_customer as", "is_on_trial as"),
    Mutant("only customers have converted", f"{TRAITS}/int_profile_states.sql",
           "lifecycle_stage in ('opportunity', 'customer')", "lifecycle_stage = 'customer'"),
    Mutant("research before the loss is a return",
           f"{SEGMENTS}/reengagement/lost_deals_back.sql",
           "last_researched_at > last_deal_lost_at", "last_deal_lost_at is not null"),
    Mutant("the top tenth is a fifth", f"{TRAITS}/int_customers_ranked.sql",
           "(use_rank - 1) * 10 < customer_count", "(use_rank - 1) * 5 < customer_count"),
    Mutant("equal use is not equal rank", f"{TRAITS}/int_customers_ranked.sql",
           "rank() over (order by", "row_number() over (order by"),
    Mutant("subdomains of competitors are customers to be", f"{ACCOUNTS}/int_profile_accounts.sql",
           """
            or {{ ends_with('addresses.domain', "'.' || competitor_domains.domain") }}""", ""),
    Mutant("whatever ends like a competitor is one", f"{ACCOUNTS}/int_profile_accounts.sql",
           "\"'.' || competitor_domains.domain\"", "'competitor_domains.domain'"),
    Mutant("free mail is a company", f"{ACCOUNTS}/int_profile_accounts.sql",
           " and free_mail_domains.domain is null", ""),
    Mutant("the address seen first names the company", f"{ACCOUNTS}/int_profile_accounts.sql",
           "order by addresses.last_seen_at desc nulls last,",
           "order by addresses.last_seen_at nulls last,"),
    Mutant("the worst rule counts", f"{ACCOUNTS}/int_fit_points.sql",
           "max(fit_rules.points)", "min(fit_rules.points)"),
    Mutant("a company of the smallest size does not fit", f"{ACCOUNTS}/int_fit_points.sql",
           "attributes.number_value >= coalesce", "attributes.number_value > coalesce"),
    Mutant("three of four make a complete fit", f"{ACCOUNTS}/int_profiles_fitted.sql",
           "points.attribute_count = 4", "points.attribute_count >= 3"),
    Mutant("verified exactly 180 days ago is stale", f"{ACCOUNTS}/int_profiles_fitted.sql",
           "        < {{ as_of() }}", "        <= {{ as_of() }}"),
    Mutant("a deal is closed on the day that people hoped for", "macros/time/closed_by.sql",
           "least(coalesce({{ closed_at }}, {{ loaded_at }}), {{ loaded_at }})", "{{ closed_at }}",
           "stg_hubspot__deal_events+"),
    Mutant("a bound belongs to the lower grade", "macros/traits/grade_of.sql",
           "when {{ number }} >= {{ bound }}", "when {{ number }} > {{ bound }}",
           "profile_traits+"),
    Mutant("people are counted as researching who did nothing",
           f"{PEOPLE_MARTS}/account_traits.sql",
           "within_days=14) }} > 0 then 1 end", "within_days=14) }} >= 0 then 1 end"),
    Mutant("a tag exactly as old as it may be stays", f"{PEOPLE_MARTS}/profile_tags.sql",
           "within_days('occurred_at', var('tag_valid_days'))",
           "within_days('occurred_at', var('tag_valid_days') + 1)"),
    Mutant("who came late had no chance to be inactive",
           f"{SEGMENTS}/lifecycle/inactive_contacts.sql",
           "    and first_seen_at <= as_of - interval '90' day\n", ""),
    Mutant("exactly so many days of silence are too few", "macros/triggers/quiet_for.sql",
           "        and last_engaged_at <= as_of", "        and last_engaged_at < as_of",
           "lapsed_leads+ nurture+"),
    Mutant("a return after exactly 24 hours is late", "macros/triggers/returned_within.sql",
           "<= last_away_since_at + interval '{{ hours }}'",
           "< last_away_since_at + interval '{{ hours }}'",
           "hot_returners+"),
    Mutant("a pause is a return", f"{TRAITS}/int_profile_visits_summarized.sql",
           """started_at >= away_since_at + interval '{{ var("return_minimum_hours") }}' hour""",
           "started_at > away_since_at"),
    Mutant("a second device is a return", f"{TRAITS}/int_profile_visits_summarized.sql",
           "            rows between unbounded preceding and 1 preceding\n",
           "            rows between 1 preceding and 1 preceding\n"),
    Mutant("whoever comes again the next day is no returner", "macros/triggers/returned_after.sql",
           "        and week_returned_at >= week_away_since_at + interval '{{ days_from }}'",
           "        and last_returned_at = week_returned_at\n"
           "        and week_returned_at >= week_away_since_at + interval '{{ days_from }}'",
           "warm_returners+ reactivated_visitors+"),
    Mutant("warm begins a microsecond late", "macros/triggers/returned_after.sql",
           ">= week_away_since_at + interval '{{ days_from }}'",
           "> week_away_since_at + interval '{{ days_from }}'",
           "warm_returners+ reactivated_visitors+"),
    Mutant("a decline of exactly 40 % is none", "macros/triggers/declining.sql",
           "{{ now }} * 100 <= {{ before }}", "{{ now }} * 100 < {{ before }}",
           "declining_usage+"),
    Mutant("nothing declines from nothing", "macros/triggers/declining.sql",
           "        {{ before }} > 0\n        and ", "        ", "declining_usage+"),
    Mutant("once more than asked", "macros/triggers/did.sql",
           "}} >= {{ at_least }})", "}} > {{ at_least }})", "path:models/marts/segments+"),
    Mutant("views in one visit are visits", f"{TRAITS}/int_profile_behaviors_counted.sql",
           "'cast(web_events.visit_number as ' ~ dbt.type_string() ~ ')'", "'web_events.event_id'"),
    Mutant("the first visit of each device is one", f"{TRAITS}/int_profile_behaviors_counted.sql",
           "            'web_events.visit_device_id', \"'|'\",\n", ""),
    Mutant("different things are counted again and again", "macros/traits/count_of.sql",
           "'distinct ' if counting != 'events'", "'' if counting != 'events'",
           "int_profile_behaviors_counted+"),
    Mutant("a renewal in exactly 60 days is far away",
           f"{SEGMENTS}/retention/renewals_at_risk.sql",
           "account_renewal_at <= profile_traits.as_of",
           "account_renewal_at < profile_traits.as_of"),
    Mutant("a renewal that is due is ahead", f"{SEGMENTS}/retention/renewals_at_risk.sql",
           "account_renewal_at > profile_traits.as_of",
           "account_renewal_at >= profile_traits.as_of"),
    Mutant("a visit sooner than three days evaluates", f"{SEGMENTS}/research/evaluators.sql",
           "('visit_started', 1, 3)", "('visit_started', 1, 2)"),
    Mutant("two steps of one instant are in order", f"{TRAITS}/int_profile_sequences_matched.sql",
           "later.occurred_at > earlier.taken_at", "later.occurred_at >= earlier.taken_at"),
    Mutant("a sequence needs no gaps", f"{TRAITS}/int_profile_sequences_matched.sql",
           "interval '{{ step.after_days }}' day", "interval '0' day"),
    Mutant("a step is taken once at most", f"{TRAITS}/int_profile_sequences_matched.sql",
           "where place = {{ step.times }}", "where place = 1"),
    Mutant("steps are in any window", f"{TRAITS}/int_profile_sequences_matched.sql",
           " and {{ age_within(order.window) }}", ""),
    Mutant("converted people are still to convert", f"{SEGMENTS}/leads/top_of_funnel_engaged.sql",
           "    not has_converted\n    and ", "    "),
    Mutant("people without any order buy at a discount",
           f"{SEGMENTS}/b2c/price_sensitive_shoppers.sql",
           "(order_count > 0 and discounted", "(discounted"),
    Mutant("who never opened has stopped to open", f"{SEGMENTS}/reengagement/stopped_openers.sql",
           "\n    and counted_emails > consecutive_emails_ignored", ""),
)  # fmt: skip


def spoil(project: Path, mutant: Mutant) -> None:
    """Put the mistake into a copy of the project. Raises MutantError when it no longer applies."""
    path = project / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        raise MutantError(f"{mutant.file} holds {text.count(mutant.old)} times: {mutant.old}")
    path.write_text(text.replace(mutant.old, mutant.new))


class Laboratory:
    """A world, its raw files and a warehouse that was built from them without a mistake."""

    def __init__(self, folder: Path) -> None:
        made = histories.make(
            [*histories.draw_drafts(PEOPLE, SEED), *histories.RARE],
            datetime.fromisoformat(AS_OF).replace(tzinfo=None),
        )
        self.world: World = made.world
        self.folder, self.raw = folder, folder / "raw"
        histories.write(made, self.raw)
        self.project = copy_of_files(folder / "project")
        # One name in two folders: views name the file that they are in.
        self.clean = folder / "clean" / "warehouse.duckdb"
        self.spoiled = folder / "spoiled" / "warehouse.duckdb"
        self.spoiled.parent.mkdir()
        self.run("build", self.clean, BUILT)
        wrong = self.compare(self.clean)
        if wrong:
            raise MutantError(f"SQL and oracle disagree before any mistake: {wrong[0]}")

    def run(self, command: str, warehouse: Path, select: tuple[str, ...], *more: str) -> None:
        """Run dbt on the copied project."""
        kinds = ("--exclude-resource-type", "test", "unit_test") if command == "build" else ()
        run_dbt(
            command, *kinds, "--select", *select, *more,
            warehouse=warehouse,
            variables={
                "raw_path": str(self.raw), "event_sources": ["events", "hubspot"], "as_of": AS_OF
            },
            target_path=self.folder / "target",
            project_dir=self.project,
        )  # fmt: skip

    def compare(self, warehouse: Path) -> list[comparing.Difference]:
        """On what the warehouse and the oracle disagree."""
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            return comparing.differences(
                self.world, lambda query: connection.execute(query).fetchall()
            )

    def caught_by(self, mutant: Mutant) -> str:
        """What disagrees when the mistake is in; empty when nothing does."""
        path = self.project / mutant.file
        before = path.read_text()
        warehouse = self.spoiled
        spoil(self.project, mutant)
        try:
            if mutant.touched == EVERYTHING:
                warehouse.unlink(missing_ok=True)
                self.run("build", warehouse, BUILT)
            else:
                shutil.copy(self.clean, warehouse)
                kept = [f"{name},+segment_memberships" for name in mutant.selection.split()]
                tables = [f"{name},+{to}" for name in mutant.selection.split()
                          for to in BESIDE]  # fmt: skip
                self.run("run", warehouse, (*kept, *tables))
            wrong = self.compare(warehouse)
        except DbtFailed as failure:
            # SQL that does not run proves nothing about the oracle.
            raise MutantError(f"{mutant.what}: {failure}") from failure
        finally:
            path.write_text(before)
        found = sorted({mutant.what for mutant in wrong})
        return f"{len(wrong)} values of " + ", ".join(found[:3]) if found else ""


def main(argv: list[str] | None = None) -> int:
    """Seed every mistake; returns 0 when all were caught, 1 when one survived."""
    parser = argparse.ArgumentParser(prog="python -m dev.mutants", description=__doc__)
    parser.add_argument("--only", help="only mistakes whose description or file contains this")
    options = parser.parse_args(argv)
    wanted = [
        mutant for mutant in MUTANTS if (options.only or "") in f"{mutant.what} {mutant.file}"
    ]
    console = Console()
    table = Table(box=None, pad_edge=False)
    for name in ("mistake", "caught by", "seconds"):
        table.add_column(name)
    try:
        survivors = seed_all(wanted, table, console)
    except MutantError as problem:
        console.print(f"[red]✗[/red] {problem}", highlight=False)
        return 1
    console.print(table)
    console.print(f"{len(wanted) - survivors} of {len(wanted)} mistakes were caught (seed {SEED}).")
    return 1 if survivors else 0


def seed_all(wanted: list[Mutant], table: Table, console: Console) -> int:
    """Seed the mistakes one by one and add a row for each; returns how many survived."""
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        with console.status(f"{PEOPLE:,} histories: building them without a mistake"):
            laboratory = Laboratory(Path(scratch))
        for number, mutant in enumerate(wanted, start=1):
            began = time.perf_counter()
            with console.status(f"{number} of {len(wanted)}: {mutant.what}"):
                caught = laboratory.caught_by(mutant)
            survivors += not caught
            seconds = f"{time.perf_counter() - began:.1f}"
            table.add_row(mutant.what, caught or "[red]nothing[/red]", seconds)
    return survivors


if __name__ == "__main__":
    sys.exit(main())
