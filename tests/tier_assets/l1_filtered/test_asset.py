import pytest

from resources.text_classifier import language_identifier
from tier_assets.l0_raw.asset import l0_raw
from tier_assets.l1_filtered.asset import l1_filtered

LIGHTHOUSE = (
    "The lighthouse of the northern cape was built in 1857 by the engineer Anna Lindqvist, who had studied the currents "
    "of the bay for eleven years. Its lamp burned rapeseed oil at first and was later fed with gas from the town. "
    "Fishermen of the coast paid for a third of the tower, and their names are carved into the lowest ring of granite. "
    "Today the tower is a museum, and the old lens, which weighs four tonnes, stands on the ground floor behind glass."
)


class Counting:
    """The real identifier, counting what it is asked."""

    def __init__(self):
        self.identifier, self.asked = language_identifier(), 0
        self.digest = self.identifier.digest

    def predict(self, texts, k=1):
        self.asked += len(texts)
        return self.identifier.predict(texts, k)


@pytest.fixture
def identifier():
    return Counting()


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
    asked = identifier.asked
    loose = {"filtered": {"quality": {"min_words": 5}, "fineweb": {"min_punctuated_line_ratio": 0}}}
    assert platform.run(l1_filtered, key, policy=loose, language_identifier=identifier).success
    assert identifier.asked == asked
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
