import dagster as dg
import pytest

from tier_assets.promotion.blocked import blocked_tiers


def blocked(lake, table, key):
    return [(event.asset_key.to_user_string(), event.description) for event in blocked_tiers(lake, table, key, "held")]


def test_every_tier_above_a_held_first_version_is_told_of(lake, key):
    assert blocked(lake, "filtered", key) == [
        ("l2_selected", "blocked: held"),
        ("l3_refined", "blocked: held"),
        ("l4_organized", "blocked: held"),
    ]


def test_where_a_version_is_promoted_nothing_is_blocked(lake, key, documents):
    lake.promote(lake.stage("filtered", key, documents("a"), basis=0, parts={"code": "1"}))
    assert blocked(lake, "filtered", key) == []
    assert [name for name, _ in blocked(lake, "raw", key)] == ["l2_selected", "l3_refined", "l4_organized"]


@pytest.mark.parametrize("table", ["organized", "scorers"])
def test_nothing_is_above_the_highest_tier_nor_above_a_scorer(lake, key, table):
    assert blocked(lake, table, key) == []


def test_an_event_is_of_the_partition_and_names_what_blocks_it(lake, key):
    event = next(blocked_tiers(lake, "raw", key, "raw is held: it is empty"))
    assert (event.partition, event.metadata["strata/blocked_by"].value) == (str(key), dg.AssetKey("l0_raw"))
