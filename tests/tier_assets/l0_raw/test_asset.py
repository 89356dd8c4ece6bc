from tier_assets.keys import PartitionKey
from tier_assets.l0_raw import reading
from tier_assets.l0_raw.asset import l0_raw
from tier_assets.l0_raw.formats import findings


def why(result):
    event = next(event for event in result.all_events if event.is_step_failure)
    return event.step_failure_data.user_failure_data.description


def test_what_landed_is_archived(platform):
    key = platform.land("crawl.1", "first", "second")
    assert platform.run(l0_raw, key).success
    rows = platform.lake.read("raw", key).sort("offset").collect()
    assert rows["payload"].to_list() == [b"first", b"second"]
    assert rows["uri"].to_list() == ["file:pages.jsonl#0", "file:pages.jsonl#18"]


def test_an_empty_file_holds_the_partition(platform):
    folder = platform.home.landing / "crawl" / "1"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_bytes(b"")
    (folder / "_SUCCESS").write_bytes(b"")
    result = platform.run(l0_raw, PartitionKey.parse("crawl.1"))
    assert "completeness: files_empty is 1" in why(result)
    assert "a.jsonl: empty" in why(result)


def test_a_partition_still_arriving_is_refused(platform):
    folder = platform.home.landing / "crawl" / "1"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text('{"text": "x"}\n')
    assert why(platform.run(l0_raw, PartitionKey.parse("crawl.1"))) == "raw crawl.1: nothing complete has landed"


def test_the_same_landing_twice_gives_the_same_content(platform):
    digests = []
    for partition in ("crawl.1", "crawl.1"):
        key = platform.land(partition, "first", "second")
        platform.run(l0_raw, key)
        digests.append(platform.lake.head("raw", key).content_digest)
    assert digests[0] == digests[1]


def test_a_reader_that_forgets_a_document_holds_the_partition(platform, monkeypatch):
    def forgetful(source, policy):
        return (pair for pair in findings(source, policy) if getattr(pair[1], "payload", b"") != b"second")

    monkeypatch.setattr(reading, "findings", forgetful)
    result = platform.run(l0_raw, platform.land("crawl.1", "first", "second"))
    assert "conservation: entries_unaccounted is 1, allowed = 0" in why(result)
    assert "pages.jsonl: 1 of its 2 entries are accounted for" in why(result)
