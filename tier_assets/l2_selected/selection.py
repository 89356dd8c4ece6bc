"""Selection: which documents are kept, by a frozen cut on a stored score. Where the cut comes from is in `training.py`.

Documents of the anchor sources are scored and selected like all others. A tier has one rule, so that every decision is
explained by the score beside it; and an anchor vouches for a source as a whole, not for its every page.
"""

from collections.abc import Iterable, Iterator

import polars as pl

from tier_assets.inference import TextClassifier
from tier_assets.l2_selected.scoring import score
from tier_assets.outcome import Outcome
from tier_assets.schemas import DECISIONS, ROWS, DropReason
from tier_assets.tiers import Tier

RULE = "quality_score"
NO_LABELS = "no_labels: there is no quality scorer, every document is kept without a score"


def select(
    documents: pl.DataFrame, scores: pl.Series | None = None, *, cut: float | None = None, scorer: str | None = None
) -> Outcome:
    """Keep the documents that score at least `cut`; the others are dropped as `low_score`.

    `documents`: one row per document, with the columns of L1. `scores`: Float32 in the same order, none null; `cut`: the
    scorer's frozen cut; `scorer`: sha256 of its file. The three are given together, or, where there is no scorer, not at
    all: then every document is kept with a null score and the measure `no_labels` is 1.
    """
    if (scores is None) != (cut is None) or (cut is None) != (scorer is None):
        raise ValueError("scores, cut and scorer are given together or not at all")
    if scores is not None and (len(scores) != documents.height or scores.null_count()):
        raise ValueError(f"{len(scores)} scores, {scores.null_count()} of them null, for {documents.height} documents")
    scored = documents.with_columns(
        pl.Series("quality_score", scores, dtype=pl.Float32)
        if scores is not None
        else pl.lit(None).alias("quality_score"),
        scorer=pl.lit(scorer, pl.String),
    )
    # In Float64: the cut is a Float32 score written out in full, and would not survive rounding the other way.
    value = pl.col("quality_score").cast(pl.Float64)
    judged = scored.with_columns(kept=pl.lit(True) if cut is None else value >= cut)
    dropped = ~pl.col("kept")
    decisions = judged.with_columns(
        drop_reason=pl.when(dropped).then(pl.lit(DropReason.LOW_SCORE.value)),
        rule=pl.when(dropped).then(pl.lit(RULE)),
        value=pl.when(dropped).then(value),
        threshold=pl.when(dropped).then(pl.lit(cut, pl.Float64)),
    )
    return Outcome(
        rows=ROWS[Tier.SELECTED].conform(judged.filter("kept")),
        decisions=DECISIONS[Tier.SELECTED].conform(decisions),
        measures={"no_labels": float(scorer is None)},
        notes=(NO_LABELS,) if scorer is None else (),
    )


def select_pieces(
    pieces: Iterable[pl.DataFrame],
    classifier: TextClassifier | None = None,
    *,
    cut: float | None = None,
    scorer: str | None = None,
) -> Iterator[Outcome]:
    """`select` for piece after piece of L1's documents, scored by the classifier where there is one.

    An outcome for each piece after an empty one, which alone has the measures and notes: these are the whole's.
    """
    nothing = ROWS[Tier.FILTERED].polars.to_frame()
    yield select(nothing, score(nothing, classifier) if classifier else None, cut=cut, scorer=scorer)
    for documents in pieces:
        selected = select(documents, score(documents, classifier) if classifier else None, cut=cut, scorer=scorer)
        yield Outcome(selected.rows, selected.decisions)
