from tier_assets.files.digests import text_digest
from tier_assets.keys import PartitionKey
from tier_assets.neighbours import Neighbours, family


def test_the_scope_says_which_earlier_versions_a_partition_is_deduplicated_with(lake, documents):
    keys = [PartitionKey.parse(name) for name in ("crawl.1", "crawl.2.a", "wiki.1", "crawl.2.b", "crawl.3")]
    for each in keys:
        lake.promote(lake.stage("filtered", each, documents(str(each)), basis=0, parts={}))
    found = {
        scope: [version.partition for version in Neighbours(lake).before("filtered", keys[3], scope)]
        for scope in ("snapshot", "source", "global")
    }
    assert found == {
        "snapshot": ["crawl.2.a"],
        "source": ["crawl.1", "crawl.2.a"],
        "global": ["crawl.1", "wiki.1", "crawl.2.a"],
    }


def test_the_chain_is_the_digest_of_all_content_before(lake, documents):
    digests = []
    for number in range(4):
        key = PartitionKey.parse(f"crawl.{number}")
        before = Neighbours(lake).before("filtered", key, "source")
        assert (before.digest, len(before)) == (text_digest(*digests), number)
        staged = lake.stage("filtered", key, documents(str(number)), basis=0, parts={})
        digests.append(lake.promote(staged).content_digest)


def test_what_is_before_is_pinned(lake, documents):
    first, second = PartitionKey.parse("crawl.1"), PartitionKey.parse("crawl.2")
    old = lake.promote(lake.stage("filtered", first, documents("old"), basis=0, parts={}))
    before = Neighbours(lake).before("filtered", second, "source")
    lake.promote(lake.stage("filtered", first, documents("new"), basis=1, parts={"code": "2"}))
    assert list(before) == [old]


def test_a_source_of_which_nothing_is_promoted_has_no_neighbours(lake, key):
    before = Neighbours(lake).before("filtered", key, "source")
    assert (before.digest, list(before)) == (text_digest(), [])


def test_partitions_of_a_snapshot_a_source_or_all_are_a_family():
    key = PartitionKey.parse("crawl.2.b")
    assert [family(key, scope) for scope in ("snapshot", "source", "global")] == [("crawl", "2"), ("crawl",), ()]
