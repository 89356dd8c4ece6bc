from tier_assets.promotion.partitions import PARTITIONS


def test_all_tiers_share_one_dynamic_definition():
    assert PARTITIONS.name == "snapshots"
