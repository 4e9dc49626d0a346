"""What trigger and clock macros compile to, and what they say to a bad argument."""

import pytest

from scripts.dbt_runner import DbtFailed

T = "cast('2026-06-30 00:00:00.000000' as timestamp)"


@pytest.mark.parametrize(
    ("inline", "sql"),
    [
        (
            "{{ did('pricing_page_viewed', at_least=3, within_days=30) }}",
            "(pricing_page_viewed_count_30d >= 3)",
        ),
        (
            "{{ did('case_study_downloaded', within_days=30) }}",
            "(case_study_downloaded_count_30d >= 1)",
        ),
        (
            "{{ quiet_for(60, 90) }}",
            f"( last_engaged_at is not null and last_engaged_at <= {T} - interval '60' day "
            f"and last_engaged_at > {T} - interval '90' day )",
        ),
        (
            "{{ quiet_for(180) }}",
            f"( last_engaged_at is not null and last_engaged_at <= {T} - interval '180' day )",
        ),
        (
            "{{ within_days('seen_at', 7) }}",
            f"(seen_at > {T} - interval '7' day and seen_at <= {T})",
        ),
    ],
)
def test_a_trigger_compiles_to(compiled, inline, sql):
    assert compiled(inline) == sql


@pytest.mark.parametrize(
    ("inline", "message"),
    [
        ("{{ did('pricing_seen', within_days=7) }}", "Counted are: case_study_downloaded, pricing"),
        ("{{ did('pricing_page_viewed', within_days=8) }}", "Choose from 7, 30 days"),
        ("{{ did('pricing_page_viewed') }}", "Choose from 7, 30 days"),
        ("{{ did('pricing_page_viewed', 0, 7) }}", "a number from 1 up"),
        ("{{ quiet_for(90, 60) }}", "the second, if any, above the first"),
        ("{{ quiet_for('long') }}", "give days as numbers"),
    ],
)
def test_a_bad_argument_names_the_choices(compiled, inline, message):
    with pytest.raises(DbtFailed, match=message):
        compiled(inline)


@pytest.mark.parametrize(
    ("as_of", "instant"),
    [
        ("2026-06-30 12:30:00.5z", "2026-06-30 12:30:00.500000"),
        ("2026-06-29T20:00-0400", "2026-06-30 00:00:00.000000"),
    ],
)
def test_as_of_is_read_as_utc(compiled, as_of, instant):
    assert compiled("{{ as_of() }}", as_of=as_of) == f"cast('{instant}' as timestamp)"


@pytest.mark.parametrize("as_of", ["yesterday", "2026-6-1"])
def test_an_unreadable_as_of_says_what_to_write(compiled, as_of):
    with pytest.raises(DbtFailed, match="ISO 8601"):
        compiled("{{ as_of() }}", as_of=as_of)
