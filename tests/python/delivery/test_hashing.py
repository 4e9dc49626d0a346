"""The normal forms and hashes that Meta and Google publish as examples, and their laws."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.delivery.destinations import hashing

NORMAL_FORMS = [
    hashing.email,
    hashing.google_email,
    hashing.phone,
    hashing.google_phone,
    hashing.name,
    hashing.given_name,
    hashing.family_name,
    hashing.country,
]
META = [
    (
        hashing.email,
        "John_Smith@gmail.com",
        "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
    ),
    (
        hashing.phone,
        "1 (650)555-1212",
        "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
    ),
    (
        hashing.name,
        "Mary",
        "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec",
    ),
    (
        hashing.name,
        "정",
        "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14",
    ),
    (
        hashing.name,
        "Valéry",
        "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c",
    ),
]


@pytest.mark.parametrize(("normalize", "value", "expected"), META)
def test_the_examples_that_meta_publishes(normalize, value, expected):
    assert hashing.hashed(value, normalize) == expected


def test_the_hash_that_google_publishes():
    # dana@example.com in "Send audience members".
    expected = "07e2f1394b0ea80e2adca010ea8318df697001a005ba7452720edda4b0ce57b3"
    assert hashing.hashed(" Dana@Example.com", hashing.google_email) == expected


@pytest.mark.parametrize(
    ("normalize", "value", "expected"),
    [
        (
            hashing.google_email,
            "cloudy.sanfrancisco+shopping@gmail.com",
            "cloudysanfrancisco@gmail.com",
        ),
        (hashing.google_email, "user.name+NYC@Example.com", "user.name+nyc@example.com"),
        (hashing.google_email, "a.b+c@googlemail.com", "ab@googlemail.com"),
        (hashing.google_email, "baklavainthebalkans@gmail.com  ", "baklavainthebalkans@gmail.com"),
        (hashing.google_email, "+tag@gmail.com", ""),
        (hashing.email, "a.b+c@gmail.com", "a.b+c@gmail.com"),
        (hashing.email, "nobody", ""),
        (hashing.email, "a@b@example.com", ""),
        (hashing.email, "a@localhost", ""),
        (hashing.google_phone, "+1 (800)555-0100", "+18005550100"),
        (hashing.google_phone, "0044 20 7031 3000", "+442070313000"),
        (hashing.google_phone, "(800)555-0100", ""),
        (hashing.phone, "+49 (30) 901820", "4930901820"),
        (hashing.phone, "٠٤٩٣٠٩٠١٨٢٠", "4930901820"),
        (hashing.phone, "12", ""),
        (hashing.name, " Mary-Ann O'Neil ", "maryannoneil"),
        (hashing.given_name, "Mrs. Ann  Marie", "ann marie"),
        (hashing.given_name, "Dr", "dr"),
        (hashing.family_name, "O'Neil, Jr.", "oneil"),
        (hashing.country, "US ", "us"),
        (hashing.country, "Germany", ""),
    ],
)
def test_normal_forms(normalize, value, expected):
    assert normalize(value) == expected


@pytest.mark.parametrize("normalize", NORMAL_FORMS)
def test_nothing_stays_nothing(normalize):
    assert hashing.hashed(None, normalize) == hashing.hashed("  ", normalize) == ""


def test_a_number_is_read_as_its_digits():
    assert hashing.hashed(16505551212, hashing.phone) == META[1][2]


@given(st.text(), st.sampled_from(NORMAL_FORMS))
def test_hashing_twice_changes_nothing(value, normalize):
    once = hashing.hashed(value, normalize)
    assert hashing.hashed(once, normalize) == once
    assert hashing.hashed(once.upper(), normalize) == once


@given(st.text(), st.sampled_from(NORMAL_FORMS))
def test_a_normal_form_is_its_own_normal_form(value, normalize):
    once = normalize(value)
    assert normalize(once) == once


WORD = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789.+_", min_size=1)


@given(WORD, WORD, st.sampled_from(["gmail.com", "example.org"]))
def test_case_and_spaces_do_not_matter(first, last, domain):
    address = f"{first}{last}@{domain}"
    spelled = f" {first.upper()} {last}@{domain.title()}\t"
    for normalize in (hashing.email, hashing.google_email):
        assert normalize(spelled) == normalize(address)
    for normalize in (hashing.name, hashing.given_name, hashing.family_name):
        assert normalize(f"\t{first.upper()}  ") == normalize(first)


@given(st.integers(min_value=10**7, max_value=10**14))
def test_spellings_of_a_phone_number_agree(number):
    digits = str(number)
    spelled = f"+{digits[:2]} ({digits[2:5]}) {digits[5:]}"
    assert hashing.phone(spelled) == hashing.phone(digits) == digits
    assert hashing.google_phone(spelled) == hashing.google_phone(f"00{digits}") == f"+{digits}"


def test_the_hash_is_that_of_the_utf_8_bytes():
    assert hashing.hashed("É", hashing.name) == hashlib.sha256("é".encode()).hexdigest()
    assert hashing.hashed("E\u0301", hashing.name) == hashing.hashed("É", hashing.name)
