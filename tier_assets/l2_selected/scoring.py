"""Scoring: the probability that a document is of the scorer's good class. What follows from a score is in `selection.py`."""

import polars as pl

from tier_assets.inference import TextClassifier

GOOD, BAD = "good", "bad"
"""The labels of a quality scorer."""


def score(documents: pl.DataFrame, classifier: TextClassifier) -> pl.Series:
    """The probability of `good` for each document, 0 to 1, as Float32 and named quality_score, in the given order.

    `documents`: one row per document with `text`. The whole text is read: fastText averages over its words, so a long
    text costs time but no memory, and cutting it would let its beginning decide. Line breaks count as spaces. A text
    without words scores 0.
    """
    predicted = classifier.predict(documents["text"].to_list(), k=2)
    scores = (next((label.score for label in labels if label.name == GOOD), 0.0) for labels in predicted)
    return pl.Series("quality_score", list(scores), dtype=pl.Float32)
