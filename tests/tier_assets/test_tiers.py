from tier_assets.tiers import Tier


def test_each_tier_is_derived_from_the_one_below():
    assert [tier.parent for tier in Tier] == [None, Tier.RAW, Tier.FILTERED, Tier.SELECTED, Tier.REFINED]


def test_asset_names_carry_the_level():
    assert [tier.asset_name for tier in Tier] == [
        "l0_raw",
        "l1_filtered",
        "l2_selected",
        "l3_refined",
        "l4_organized",
    ]


def test_what_is_above_comes_nearest_first():
    assert Tier.SELECTED.above == (Tier.REFINED, Tier.ORGANIZED)
    assert Tier.ORGANIZED.above == ()
