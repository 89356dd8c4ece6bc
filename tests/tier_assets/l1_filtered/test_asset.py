import importlib.util
import json

import pytest

from resources.text_classifier import language_identifier
from tests.flips import flipped
from tier_assets.keys import PartitionKey
from tier_assets.l0_raw.asset import l0_raw
from tier_assets.l1_filtered.asset import l1_filtered

LIGHTHOUSE = (
    "The lighthouse of the northern cape was built in 1857 by the engineer Anna Lindqvist, who had studied the currents "
    "of the bay for eleven years. Its lamp burned rapeseed oil at first and was later fed with gas from the town. "
    "Fishermen of the coast paid for a third of the tower, and their names are carved into the lowest ring of granite. "
    "Today the tower is a museum, and the old lens, which weighs four tonnes, stands on the ground floor behind glass. "
    "Visitors come from May to October."
)


def measured(platform):
    """The files of what was measured, and when they were written."""
    return {path.name: path.stat().st_mtime_ns for path in (platform.lake.root / "_cache" / "measured").iterdir()}


@pytest.fixture
def identifier():
    return language_identifier()


def test_captures_become_documents(platform, identifier):
    key = platform.land("crawl.1", LIGHTHOUSE, "short")
    platform.run(l0_raw, key)
    assert platform.run(l1_filtered, key, language_identifier=identifier).success
    rows = platform.lake.read("filtered", key).collect()
    assert rows["text"].to_list() == [LIGHTHOUSE]
    assert rows["language"].to_list() == ["en"]
    assert platform.lake.decisions("filtered", key).collect().height == 2


def test_a_new_threshold_measures_nothing_again(platform, identifier):
    key = platform.land("crawl.1", LIGHTHOUSE, "this is one of the short texts and it is English all the same")
    platform.run(l0_raw, key)
    platform.run(l1_filtered, key, language_identifier=identifier)
    before = measured(platform)
    loose = {
        "filtered": {
            "quality": {"min_words": 5},
            "c4": {"min_sentences": 1},
            "fineweb": {"min_punctuated_line_ratio": 0},
        }
    }
    assert platform.run(l1_filtered, key, policy=loose, language_identifier=identifier).success
    assert measured(platform) == before
    assert platform.lake.head("filtered", key).summary["rows_kept"] == 2


def test_the_cache_can_be_thrown_away(platform, identifier):
    key = platform.land("crawl.1", LIGHTHOUSE)
    platform.run(l0_raw, key)
    platform.run(l1_filtered, key, language_identifier=identifier)
    first = platform.lake.head("filtered", key).content_digest
    for path in (platform.lake.root / "_cache").rglob("*.parquet"):
        path.write_bytes(b"damaged")
    platform.run(l1_filtered, key, policy={"filtered": {"languages": ["en"]}}, language_identifier=identifier)
    assert platform.lake.head("filtered", key).content_digest == first
    assert platform.lake.head("filtered", key).number == 2


def test_a_bit_flipped_in_what_was_measured_is_never_promoted_by_an_edited_threshold(platform, identifier):
    key = platform.land("crawl.1", LIGHTHOUSE)
    platform.run(l0_raw, key)
    platform.run(l1_filtered, key, language_identifier=identifier)
    first = platform.lake.head("filtered", key).content_digest
    (path,) = (platform.lake.root / "_cache" / "measured").iterdir()
    data = path.read_bytes()
    for number, harmed in enumerate([*flipped(data, 5)][1:3]):
        path.write_bytes(harmed)
        policy = {"filtered": {"quality": {"min_words": 10 + number}}}
        assert platform.run(l1_filtered, key, policy=policy, language_identifier=identifier).success
        assert platform.lake.head("filtered", key).content_digest == first
    assert platform.lake.head("filtered", key).number == 3


def test_the_users_lists_and_benchmarks_have_their_say(platform, identifier):
    (platform.home.root / "domains").write_text("example.org\n")
    folder = platform.home.root / "benchmarks"
    folder.mkdir()
    (folder / "quiz.jsonl").write_text(json.dumps({"id": "3", "question": LIGHTHOUSE[:110]}) + "\n")
    path = platform.home.root / "pages.jsonl"
    rows = [{"text": LIGHTHOUSE, "url": "https://example.org/a"}, {"text": LIGHTHOUSE}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    key = PartitionKey.parse("crawl.1")
    platform.landing.land(key, [path])
    platform.run(l0_raw, key)
    lists = {"urls": {"lists": ["domains"]}, "contamination": {"benchmarks": ["benchmarks"]}}
    policy = {"filtered": lists, "audit": {"allow_empty": True}}
    assert platform.run(l1_filtered, key, policy=policy, language_identifier=identifier).success
    decisions = platform.lake.decisions("filtered", key).select("rule", "detail", "benchmark_item").collect()
    expected = [("blocked_domain", "example.org: home/domains", None), ("benchmark_overlap", None, "quiz/3")]
    assert decisions.rows() == expected
    before = platform.lake.head("filtered", key).parts
    (folder / "quiz.jsonl").write_text(
        json.dumps({"id": "3", "question": "What else is there to be asked here?"}) + "\n"
    )
    assert platform.run(l1_filtered, key, policy=policy, language_identifier=identifier).success
    changed = platform.lake.head("filtered", key)
    assert (changed.number, changed.summary["rows_kept"]) == (2, 1)
    assert {name for name, value in changed.parts.items() if before[name] != value} == {"policy's files"}


def test_of_the_users_lists_only_the_categories_asked_for_block(platform, identifier):
    for category, domain in (("adult", "bad.example"), ("press", "paper.example")):
        (platform.home.root / "lists" / category).mkdir(parents=True)
        (platform.home.root / "lists" / category / "domains").write_text(domain + "\n")
    path = platform.home.root / "pages.jsonl"
    rows = [{"text": LIGHTHOUSE, "url": f"https://{domain}/a"} for domain in ("bad.example", "paper.example")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    key = PartitionKey.parse("crawl.1")
    platform.landing.land(key, [path])
    platform.run(l0_raw, key)
    policy = {"filtered": {"urls": {"lists": ["lists"], "categories": ["adult"]}}}
    assert platform.run(l1_filtered, key, policy=policy, language_identifier=identifier).success
    decisions = platform.lake.decisions("filtered", key).select("rule").collect()
    assert decisions["rule"].to_list() == ["blocked_domain", None]


def test_an_analyzer_that_is_not_installed_is_missed_before_anything_is_computed(platform, identifier):
    if importlib.util.find_spec("presidio_analyzer"):
        pytest.skip("the extra `pii` is installed")
    key = platform.land("crawl.1", LIGHTHOUSE)
    platform.run(l0_raw, key)
    policy = {"filtered": {"private_data": {"analyzer": "presidio"}}}
    result = platform.run(l1_filtered, key, policy=policy, language_identifier=identifier)
    assert not result.success
    assert "presidio-analyzer is not installed" in platform.lake.attempts("filtered", key).read().message
