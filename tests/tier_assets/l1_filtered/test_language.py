import pytest

from resources.text_classifier import language_identifier
from tier_assets.inference import Label
from tier_assets.l1_filtered.language import identify


class Prefixed:
    """A classifier that names labels as fastText's files do."""

    digest = "0" * 64

    def predict(self, texts, k=1):
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
    frame = identify(texts, identifier, report=lambda *_: None)
    assert frame["language"].to_list() == ["en", "de", "zh"]
    assert frame["language_score"].min() > 0.65


def test_a_blank_text_has_no_language(identifier):
    assert identify([" \n "], identifier, report=lambda *_: None).rows() == [(None, None)]


def test_the_whole_text_is_read_and_not_its_first_line(identifier):
    text = "OK\n" + "Le chat dort sur le canap\u00e9 pendant que la pluie tombe dehors.\n" * 30
    assert identify([text], identifier, report=lambda *_: None)["language"].to_list() == ["fr"]


def test_a_prefix_of_the_label_is_no_part_of_the_language():
    assert identify(["x"], Prefixed(), report=lambda *_: None).rows() == [("en", 0.5)]


def test_many_texts_keep_their_order_and_progress_is_told():
    told = []
    texts = ["x", ""] * 300
    frame = identify(texts, Prefixed(), report=lambda done, total, _: told.append((done, total)))
    assert frame["language"].to_list() == ["en", None] * 300
    assert told == [(256, 600), (512, 600), (600, 600)]
