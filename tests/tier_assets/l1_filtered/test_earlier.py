import numpy as np
import pytest

from tier_assets.keys import PartitionKey
from tier_assets.l1_filtered.dedup import index, keys_of
from tier_assets.l1_filtered.earlier import PromotedDocuments
from tier_assets.neighbours import Neighbours
from tier_assets.policies.filtered import Deduplication

TEXT = "the quick brown fox jumps over the lazy dog near the old stone bridge"


@pytest.fixture
def promote(lake, documents):
    def promote(name, *texts, turned=False):
        key = PartitionKey.parse(name)
        outcome = documents(*texts)
        if turned:
            outcome = type(outcome)(outcome.rows.reverse(), outcome.decisions)
        lake.promote(lake.stage("filtered", key, outcome, basis=lake.basis("filtered", key), parts={"x": name}))

    return promote


def earlier(lake, name, **policy):
    chosen = Deduplication(**policy)
    versions = Neighbours(lake).before("filtered", PartitionKey.parse(name), chosen.scope)
    return list(PromotedDocuments(lake, versions, chosen))


def related(partition, documents, *texts):
    keys, valid = keys_of(index(documents(*texts).rows, policy=Deduplication()))
    return partition.related(np.unique(keys[valid]))


def test_the_scope_says_which_earlier_partitions_count(lake, promote):
    for name in ("crawl.1.a", "crawl.2.a", "crawl.2.c", "crawl.3.a", "wiki.0"):
        promote(name, TEXT)
    assert len(earlier(lake, "crawl.2.b", scope="snapshot")) == 1
    assert len(earlier(lake, "crawl.2.b")) == 2
    assert len(earlier(lake, "crawl.2.b", scope="global")) == 3
    assert earlier(lake, "crawl.1.a") == []


def test_related_documents_are_found_and_their_texts_read_by_id(lake, promote, documents):
    promote("crawl.1", TEXT, "Second", "third")
    (partition,) = earlier(lake, "crawl.2")
    found = related(partition, documents, TEXT.upper(), "second")
    assert found["doc_id"].to_list() == [f"{0:032x}", f"{1:032x}"]
    assert partition.texts(found["doc_id"].to_list()[1:]) == {f"{1:032x}": "Second"}


def test_documents_come_in_the_total_order_however_they_are_stored(lake, promote, documents):
    promote("crawl.1", "first", "second", "third", turned=True)
    (partition,) = earlier(lake, "crawl.2")
    found = related(partition, documents, "third", "first")
    assert found["doc_id"].to_list() == [f"{0:032x}", f"{2:032x}"]
    assert partition.texts(found["doc_id"].to_list()) == {f"{0:032x}": "first", f"{2:032x}": "third"}


def test_texts_are_found_after_the_same_content_was_promoted_in_another_order(lake, promote, documents):
    promote("crawl.1", "first", "second", "third")
    earlier(lake, "crawl.2")
    promote("crawl.1", "first", "second", "third", turned=True)
    (partition,) = earlier(lake, "crawl.2")
    found = related(partition, documents, "first")
    assert partition.texts(found["doc_id"].to_list()) == {f"{0:032x}": "first"}


@pytest.mark.parametrize("harm", ["remove", "cut", "change"])
def test_the_run_is_derived_and_made_again_where_it_is_gone_or_damaged(lake, promote, documents, harm):
    promote("crawl.1", TEXT)
    earlier(lake, "crawl.2")
    (path,) = (lake.root / "_cache" / "dedup_runs").glob("*.run")
    whole = path.read_bytes()
    if harm == "remove":
        path.unlink()
    else:
        path.write_bytes(whole[:100] if harm == "cut" else whole[:200] + b"?" + whole[201:])
    (partition,) = earlier(lake, "crawl.2")
    assert related(partition, documents, TEXT).height == 1
    assert path.read_bytes() == whole


def test_a_new_version_of_an_earlier_partition_is_what_counts(lake, promote, documents):
    promote("crawl.1", TEXT)
    promote("crawl.1", "another text of its own", TEXT)
    (partition,) = earlier(lake, "crawl.2")
    assert related(partition, documents, "another text of its own", TEXT).height == 2


def test_a_partition_that_kept_nothing_has_no_related_documents(lake, promote, documents):
    promote("crawl.1")
    (partition,) = earlier(lake, "crawl.2")
    assert related(partition, documents, TEXT).is_empty()
