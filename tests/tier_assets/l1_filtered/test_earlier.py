import pytest

from tier_assets.keys import PartitionKey
from tier_assets.l1_filtered.earlier import PromotedDocuments
from tier_assets.policies.filtered import Deduplication

TEXT = "the quick brown fox jumps over the lazy dog near the old stone bridge"


@pytest.fixture
def promote(lake, documents):
    def promote(name, *texts):
        key = PartitionKey.parse(name)
        lake.promote(
            lake.stage("filtered", key, documents(*texts), basis=lake.basis("filtered", key), parts={"x": name})
        )

    return promote


def earlier(lake, name):
    return PromotedDocuments(lake, PartitionKey.parse(name), Deduplication())


def test_only_earlier_partitions_of_the_source_count(lake, promote):
    promote("crawl.1", TEXT)
    promote("crawl.3", TEXT + " later")
    promote("wiki.0", TEXT + " elsewhere")
    assert earlier(lake, "crawl.2").index.height == 1
    assert earlier(lake, "crawl.1").index is None


def test_texts_are_fetched_by_id(lake, promote):
    promote("crawl.1", "first", "second")
    found = earlier(lake, "crawl.2")
    wanted = found.index["doc_id"].to_list()[1:]
    assert list(found.texts(wanted).values()) == ["second"]


def test_the_index_is_derived_and_can_be_thrown_away(lake, promote):
    promote("crawl.1", TEXT)
    first = earlier(lake, "crawl.2").index
    (cached,) = (lake.root / "_cache" / "dedup_index").glob("*.parquet")
    cached.unlink()
    assert earlier(lake, "crawl.2").index.equals(first)


def test_a_new_version_of_an_earlier_partition_is_what_counts(lake, promote):
    promote("crawl.1", TEXT)
    promote("crawl.1", TEXT, "another text of its own with a few more words in it")
    assert earlier(lake, "crawl.2").index.height == 2
