"""Phone numbers as people write them, and the one form in which they are kept: E.164."""

import duckdb
import pytest

from scripts.dbt_runner import DbtFailed

CASES = [
    # However an American writes it: one number.
    ("US", "2025550143", "+12025550143"),
    ("US", "(202) 555-0143", "+12025550143"),
    ("US", "202.555.0143", "+12025550143"),
    ("US", "1-202-555-0143", "+12025550143"),
    ("US", "12025550143", "+12025550143"),
    ("US", "+1 (202) 555-0143", "+12025550143"),
    ("US", "tel:+1-202-555-0143", "+12025550143"),
    ("US", "\t+1 202 555 0143 ", "+12025550143"),
    ("CA", "416 555 0143", "+14165550143"),
    # The zero that a number column with gaps puts behind it, and the plus that a form doubles.
    ("US", "12025550143.0", "+12025550143"),
    ("US", "++1 202 555 0143", "+12025550143"),
    # Extensions are cut; what begins with # or follows the word fax is a number, no extension.
    ("US", "202-555-0143 x12", "+12025550143"),
    ("US", "202-555-0143x1234", "+12025550143"),
    ("US", "202-555-0143 ext. 12", "+12025550143"),
    ("US", "202-555-0143, Extension 12", "+12025550143"),
    ("US", "202-555-0143 #12", "+12025550143"),
    ("US", "tel:+1-202-555-0143;ext=12", "+12025550143"),
    ("US", "Fax 202 555 0143", "+12025550143"),
    ("US", "#2025550143", "+12025550143"),
    # Abroad, with +, with 00, and as it is dialled from America, Australia, Japan and Russia.
    ("US", "+44 20 7946 0018", "+442079460018"),
    ("US", "0044 20 7946 0018", "+442079460018"),
    ("US", "011 44 20 7946 0018", "+442079460018"),
    ("AU", "0011 44 20 7946 0018", "+442079460018"),
    ("JP", "010 44 20 7946 0018", "+442079460018"),
    ("RU", "8 10 44 20 7946 0018", "+442079460018"),
    # The trunk prefix in brackets is none; in Italy the zero is part of the number.
    ("US", "+44 (0)20 7946 0018", "+442079460018"),
    ("US", "0044(0)20 7946 0018", "+442079460018"),
    ("US", "+39 (0)6 698 82222", "+390669882222"),
    ("US", "+39 06 698 82222", "+390669882222"),
    # National numbers, with the trunk prefix, without, and with the calling code but no plus.
    ("GB", "020 7946 0018", "+442079460018"),
    ("GB", "(020) 7946 0018", "+442079460018"),
    ("GB", "2079460018", "+442079460018"),
    ("GB", "442079460018", "+442079460018"),
    ("GB", "07700 900123", "+447700900123"),
    ("DE", "030 23125 012", "+493023125012"),
    ("DE", "0151/23456789", "+4915123456789"),
    ("DE", "49 30 23125012", "+493023125012"),
    ("FR", "01 99 00 12 34", "+33199001234"),
    ("IN", "098765 43210", "+919876543210"),
    ("IN", "919876543210", "+919876543210"),
    ("BR", "(11) 99999-0123", "+5511999990123"),
    ("RU", "8 (912) 345-67-89", "+79123456789"),
    ("HU", "06 1 234 5678", "+3612345678"),
    ("AU", "0491 570 006", "+61491570006"),
    ("JP", "090-1234-5678", "+819012345678"),
    # No trunk prefix: a leading zero stays, and so does what looks like the calling code.
    ("IT", "06 698 82222", "+390669882222"),
    ("IT", "391 234 5678", "+393912345678"),
    ("IT", "39 391 234 5678", "+393912345678"),
    ("ES", "912 345 678", "+34912345678"),
    ("DK", "45 12 34 56", "+4545123456"),
    ("ES", "34 912 345 678", "+34912345678"),
    ("ES", "34 912 345 67", None),
    # A trunk prefix that somebody left in behind the region's own calling code.
    ("GB", "+44 020 7946 0018", "+442079460018"),
    ("DE", "+49 030 23125012", "+493023125012"),
    # Without the area code it would be everybody's who has these digits.
    ("US", "555-0143", None),
    ("GB", "7946 0018", None),
    # Too long for the region; too short and too long for any.
    ("US", "22025550143", None),
    ("US", "+1234567", None),
    ("US", "+1234567890123456", None),
    # Two numbers in one field, a word, a blank, zeros, nothing.
    ("US", "202-555-0143 / 202-555-0144", None),
    ("US", "+12025550143 +12025550144", None),
    ("US", "undefined", None),
    ("US", " ", None),
    ("US", "0000000000", None),
    ("US", "-1", None),
    ("US", None, None),
]


@pytest.fixture(scope="module")
def cleaned(compiled):
    """What the compiled macro makes of each case on DuckDB, in the order of CASES."""
    regions = sorted({region for region, _, _ in CASES})
    branch = """
        select place, {{ clean_phone('given', region=region) }} as phone
        from cases where region = '{{ region }}'
        {{ 'union all' if not loop.last }}
    """
    query = compiled(f"{{% for region in {regions} %}}{branch}{{% endfor %}}")
    with duckdb.connect() as connection:
        connection.execute("create table cases (place integer, region varchar, given varchar)")
        connection.executemany(
            "insert into cases values (?, ?, ?)",
            [(place, region, given) for place, (region, given, _) in enumerate(CASES)],
        )
        return dict(connection.execute(query).fetchall())


@pytest.mark.parametrize("place", range(len(CASES)), ids=lambda n: f"{CASES[n][0]} {CASES[n][1]}")
def test_a_number_is_kept_in_one_form(cleaned, place):
    assert cleaned[place] == CASES[place][2]


def test_the_region_is_the_var_unless_the_call_names_one(compiled):
    assert compiled("{{ clean_phone('phone') }}", default_phone_region="GB") == compiled(
        "{{ clean_phone('phone', region='GB') }}"
    )


def test_a_number_column_is_read_as_text(compiled):
    with duckdb.connect() as connection:
        query = compiled("{{ clean_phone('number', region='US') }}")
        for type_name in ("bigint", "double"):
            column = f"(select cast(12025550143 as {type_name}) as number)"
            assert connection.execute(f"select {query} from {column}").fetchall() == [
                ("+12025550143",)
            ]


def test_an_unknown_region_names_the_choices_and_the_file(compiled):
    with pytest.raises(DbtFailed, match=r"AE, AR, .* takes a line in macros/sql/phone_region.sql"):
        compiled("{{ clean_phone('phone', region='Atlantis') }}")
