from tier_assets.keys import PartitionKey


def promote(lake, key, outcome):
    return lake.promote(lake.stage("filtered", key, outcome, basis=lake.basis("filtered", key), parts={}))


def test_a_snapshot_is_the_lake_at_a_moment_until_it_is_refreshed(lake, key, documents):
    promote(lake, key, documents("a"))
    snapshot = lake.snapshot()
    assert snapshot.head("filtered", key).number == 1
    promote(lake, key, documents("b"))
    assert snapshot.head("filtered", key).number == 1
    assert snapshot.refresh().head("filtered", key).number == 2


def test_it_knows_who_is_at_work(lake, key, documents):
    other = PartitionKey.parse("crawl.2026-34")
    promote(lake, key, documents("a"))
    lake.attempts("filtered", key).begin("run-1")
    snapshot = lake.snapshot()
    assert snapshot.attempts("filtered", key).read().run_id == "run-1"
    assert snapshot.attempts("filtered", other) is None


def test_pins_are_heads_in_a_few_words(lake, key, documents):
    version = promote(lake, key, documents("a"))
    (pin,) = lake.snapshot().pins("filtered", "crawl")
    assert (pin.partition, pin.number, pin.content_digest) == (str(key), 1, version.content_digest)
    assert lake.snapshot().since("filtered", "crawl", version.delta_version) == []


def test_a_file_that_is_no_source_is_none(lake, key, documents):
    promote(lake, key, documents("a"))
    (lake.root / "filtered" / "notes.txt").touch()
    assert lake.snapshot().sources("filtered") == ["crawl"]
