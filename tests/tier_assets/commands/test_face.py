import click
import pytest

from tier_assets.commands.face import TierType, keys, table
from tier_assets.errors import PartitionKeyError
from tier_assets.keys import PartitionKey
from tier_assets.tiers import Tier


def test_a_table_aligns_words_left_and_numbers_right():
    assert table(("tier", "in"), [("raw", "1"), ("filtered", "1,000")], right=("in",)) == (
        "tier         in\nraw           1\nfiltered  1,000"
    )


def test_a_tier_is_named_in_full():
    assert TierType().convert("raw", None, None) is Tier.RAW
    with pytest.raises(click.UsageError, match="raw, filtered, selected, refined, organized"):
        TierType().convert("l0", None, None)


def test_named_partitions_are_validated_and_none_means_all():
    assert keys([]) is None
    assert keys(["crawl.1", "crawl.1"]) == [PartitionKey("crawl", "1")]
    with pytest.raises(PartitionKeyError):
        keys(["../x"])
