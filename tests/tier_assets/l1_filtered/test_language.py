import pytest

from resources.text_classifier import language_identifier
from tier_assets.inference import Label
from tier_assets.l1_filtered.language import identify
from tier_assets.policies.filtered import FilteredPolicy

POLICY = FilteredPolicy()


class Prefixed:
    """A classifier that names labels as fastText's files do."""

    digest = "0" * 64

    def predict(self, texts, k=1, min_score=0.0):
        return [[Label("__label__en", 0.5)] if text.strip() else [] for text in texts]


@pytest.fixture(scope="module")
def identifier():
    return language_identifier()


def test_languages_are_named_by_their_codes(identifier):
    texts = [
        "The quick brown fox jumps over the lazy dog, and then it sleeps.",
        "Der schnelle braune Fuchs springt \u00fcber den faulen Hund und schl\u00e4ft dann.",
        "\u6211\u4eec\u4eca\u5929\u53bb\u5317\u4eac\u7684\u535a\u7269\u9986\u770b\u4e86\u5f88\u591a\u4e1c\u897f\uff0c\u5927\u5bb6\u90fd\u5f88\u9ad8\u5174\u3002",
    ]
    frame = identify(texts, identifier, policy=POLICY)
    assert frame["language"].to_list() == ["en", "de", "zh"]
    assert frame["language_score"].min() > 0.65


def test_a_blank_text_has_no_language(identifier):
    assert identify([" \n "], identifier, policy=POLICY).rows() == [(None, None, None)]


def test_more_than_the_first_line_is_read(identifier):
    text = "OK\n" + "Le chat dort sur le canap\u00e9 pendant que la pluie tombe dehors.\n" * 30
    assert identify([text], identifier, policy=POLICY)["language"].to_list() == ["fr"]


def test_no_more_is_read_than_the_policy_says(identifier):
    text = "Le chat dort sur le canap\u00e9. " * 10 + "The dog sleeps in the garden. " * 100
    for chars, language in ((100, "fr"), (10_000, "en")):
        policy = FilteredPolicy(language_chars=chars)
        assert identify([text], identifier, policy=policy)["language"].to_list() == [language]


def test_every_label_of_some_probability_is_stored_the_likeliest_first(identifier):
    policy = FilteredPolicy(min_label_score=0.001)
    (labels,) = identify(["ok la"], identifier, policy=policy)["languages"].to_list()
    scores = [label["score"] for label in labels]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) > 10
    assert min(scores) >= 0.001
    assert 0.9 < sum(scores) < 1.001


def test_a_prefix_of_the_label_is_no_part_of_the_language():
    assert identify(["x"], Prefixed(), policy=POLICY).rows() == [("en", 0.5, [{"language": "en", "score": 0.5}])]


def test_many_texts_keep_their_order():
    texts = ["x", ""] * 300
    assert identify(texts, Prefixed(), policy=POLICY)["language"].to_list() == ["en", None] * 300
