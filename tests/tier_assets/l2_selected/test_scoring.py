from collections.abc import Sequence

import polars as pl
import pytest

from resources.text_classifier import FastTextTrainer
from tier_assets.inference import Label, TextClassifier
from tier_assets.l2_selected.scoring import score


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> TextClassifier:
    pairs = [("good", f"water boils at {n} degrees") for n in range(20)] + [
        ("bad", f"click here {n}") for n in range(20)
    ]
    path = str(tmp_path_factory.mktemp("models") / "scorer.bin")
    FastTextTrainer().train(pairs, path, learning_rate=0.1, dimensions=8, epochs=100, word_ngrams=1, buckets=1, seed=1)
    return FastTextTrainer().load(path)


def test_documents_are_scored_in_the_given_order(scorer: TextClassifier):
    scores = score(pl.DataFrame({"text": ["click here", "water boils", "click here"]}), scorer)
    assert scores.dtype == pl.Float32
    assert scores.name == "quality_score"
    assert scores[0] == scores[2] < 0.5 < scores[1]


def test_line_breaks_count_as_spaces(scorer: TextClassifier):
    scores = score(pl.DataFrame({"text": ["water boils at", "water\nboils\r\nat\n"]}), scorer)
    assert scores[0] == scores[1]


def test_the_whole_text_is_read(scorer: TextClassifier):
    scores = score(
        pl.DataFrame({"text": ["water boils at " * 1000, "water boils at " * 1000 + "click here " * 2000]}), scorer
    )
    assert scores[1] < 0.5 < scores[0]


def test_a_text_without_words_scores_zero(scorer: TextClassifier):
    assert score(pl.DataFrame({"text": [" \n"]}), scorer).to_list() == [0.0]


def test_no_documents_give_no_scores(scorer: TextClassifier):
    assert score(pl.DataFrame(schema={"text": pl.String}), scorer).to_list() == []


class Certain:
    """A classifier that gives its best label only."""

    digest = "0" * 64

    def predict(self, texts: Sequence[str], k: int = 1, min_score: float = 0.0) -> list[list[Label]]:
        return [[Label("bad", 1.0)] for _ in texts]


def test_a_text_without_the_label_good_scores_zero():
    assert score(pl.DataFrame({"text": ["click here"]}), Certain()).to_list() == [0.0]
