"""Training: a quality scorer from examples, its measure on held-out ones, and the cut that is frozen with it.

Where the examples come from is in `examples.py`; using a promoted scorer, in `scoring.py` and `selection.py`. fastText
itself is behind `ClassifierTrainer`. A scorer is promoted through the same gate as a tier: `outcome` is what it stages.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from tier_assets.files.digests import file_digest
from tier_assets.files.durable import sync_file, sync_folder
from tier_assets.inference import ClassifierTrainer
from tier_assets.l2_selected.examples import text_key
from tier_assets.l2_selected.scoring import BAD, GOOD, score
from tier_assets.outcome import Outcome
from tier_assets.policy import ScorerPolicy, SelectedPolicy
from tier_assets.schemas import SCORERS, TABLES, DropReason


@dataclass(frozen=True)
class TrainedScorer:
    """A scorer's file and what belongs to it for good.

    `path` is named after the file's sha256. `auc` is measured on `holdout` examples that were not trained on. `cut` is
    the score from which a document is kept. `good` and `bad` count the examples used, `origins` those by label and
    origin, e.g. {"good/anchor": 40}. `reference` is the frozen list of (partition, content digest) it saw.
    """

    path: Path
    sha256: str
    cut: float
    auc: float
    holdout: int
    good: int
    bad: int
    origins: dict[str, int]
    reference: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Training:
    """What came of training: a scorer, or none and a note that says why."""

    scorer: TrainedScorer | None
    notes: tuple[str, ...]


def reference_documents(documents: pl.DataFrame, policy: ScorerPolicy) -> pl.DataFrame:
    """The documents on which the cut is computed: those of the sources to be selected from.

    `documents`: one row per document with doc_id, source, text. Anchor sources are left out where others exist: their
    documents score high by construction and would fill the share to be kept. At most
    `policy.max_reference_documents`, in the order of doc_id, which is a hash.
    """
    others = documents.filter(~pl.col("source").is_in(policy.anchors))
    return (others if others.height else documents).sort("doc_id").head(policy.max_reference_documents)


def train_scorer(
    examples: pl.DataFrame,
    reference: pl.DataFrame,
    trainer: ClassifierTrainer,
    target_dir: Path,
    policy: SelectedPolicy,
    *,
    seen: Sequence[tuple[str, str]],
) -> Training:
    """Train, measure and cut; the model is written to `target_dir`/<sha256>.bin.

    `examples`: as `examples.gather` gives them. `reference`: documents with `text`, as `reference_documents` gives them.
    `seen`: (partition, content digest) of all they came from. No scorer, and a note, for fewer than
    `policy.scorer.min_examples` examples of a class or without reference documents.
    """
    used = examples.filter("used")
    counts = {label: used.filter(pl.col("label") == label).height for label in (1, 0)}
    fewest = policy.scorer.min_examples
    if min(counts.values()) < fewest:
        found = f"{counts[1]} {GOOD} and {counts[0]} {BAD} examples"
        return Training(None, (f"no scorer was trained: only {found}, {fewest} of each are needed",))
    if reference.is_empty():
        return Training(None, ("no scorer was trained: there is no document on which to compute its cut",))

    learnt, held_out = used.filter(~pl.col("held_out")), used.filter("held_out")
    path = _train(learnt, trainer, target_dir, policy.scorer)
    classifier = trainer.load(str(path))
    unseen, notes = _unseen(reference, learnt, policy.scorer)
    cut = frozen_cut(score(unseen, classifier), unseen["text"].str.len_chars(), policy.keep_char_share)
    origins = used.group_by("label", "origin").len().sort("label", "origin", descending=True)
    scorer = TrainedScorer(
        path=path,
        sha256=path.stem,
        cut=cut,
        auc=area_under_curve(score(held_out, classifier), held_out["label"]),
        holdout=held_out.height,
        good=counts[1],
        bad=counts[0],
        origins={f"{GOOD if label else BAD}/{origin}": count for label, origin, count in origins.iter_rows()},
        reference=tuple(sorted(seen)),
    )
    return Training(scorer, notes)


def _train(learnt: pl.DataFrame, trainer: ClassifierTrainer, target_dir: Path, policy: ScorerPolicy) -> Path:
    names = ((GOOD if label else BAD, text) for label, text in learnt.select("label", "text").iter_rows())
    target_dir.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target_dir, prefix=".scorer-") as folder:
        written = Path(folder) / "scorer.bin"
        trainer.train(
            names,
            str(written),
            learning_rate=policy.learning_rate,
            dimensions=policy.dimensions,
            epochs=max(policy.epochs, math.ceil(policy.updates / learnt.height)),
            word_ngrams=policy.word_ngrams,
            buckets=policy.buckets,
            seed=policy.seed,
        )
        sync_file(written)
        path = written.replace(target_dir / f"{file_digest(written)}.bin")
    sync_folder(target_dir)
    return path


def _unseen(
    reference: pl.DataFrame, learnt: pl.DataFrame, policy: ScorerPolicy
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The reference without what was trained on: a scorer knows those by heart, and their scores say little of others'."""
    keys = pl.Series("text_key", [text_key(text) for text in reference["text"]], dtype=pl.String)
    unseen = reference.filter(~keys.is_in(learnt["text_key"].to_list()))
    if unseen.height >= policy.min_examples:
        return unseen, ()
    note = f"the cut rests on {reference.height} documents, most of them trained on: land more of the sources to select from"
    return reference, (note,)


def area_under_curve(scores: pl.Series, labels: pl.Series) -> float:
    """Probability that a good example scores higher than a bad one, ties counting half: the rank statistic, exact.

    `scores` and `labels` (1 good, 0 bad) in the same order; both labels occur. (Mann and Whitney, 1947.)
    """
    good = labels == 1
    goods, bads = int(good.sum()), int((~good).sum())
    ranks = float(scores.rank("average").filter(good).sum())
    return (ranks - goods * (goods + 1) / 2) / (goods * bads)


def frozen_cut(scores: pl.Series, text_chars: pl.Series, keep_char_share: float) -> float:
    """The highest score such that documents from it upward hold at least `keep_char_share` of all characters.

    `scores` (Float32) and `text_chars` in the same order, one per document of the reference, at least one with text.
    By characters, not documents, since characters are what is trained on (PreSelect, arXiv 2503.00808).
    """
    by_score = (
        pl.DataFrame({"score": scores, "chars": text_chars})
        .group_by("score")
        .agg(pl.col("chars").sum())
        .sort("score", descending=True)
    )
    enough = by_score["chars"].cum_sum() >= keep_char_share * float(text_chars.sum())
    return float(by_score["score"].filter(enough)[0])


def outcome(training: Training, examples: pl.DataFrame) -> Outcome:
    """What the gate stages in the table of scorers: a row per scorer, a decision per example given.

    `examples` as `examples.gather` gives them; those not used are dropped as duplicates, by the rule `repeated_text` or
    `contradicted_label`. Without a scorer there is no row.
    """
    scorer, table = training.scorer, TABLES[SCORERS]
    scorers = [] if scorer is None else [scorer]
    rows = pl.DataFrame(
        [
            {
                **{name: getattr(each, name) for name in ("sha256", "cut", "auc", "holdout", "good", "bad")},
                "doc_id": each.sha256[:32],
                "reference": json.dumps(each.reference),
            }
            for each in scorers
        ],
        schema=table.rows.polars,
    )
    text_is_used = pl.col("used").any().over("text_key")
    survivor = pl.col("doc_id").filter("used").first().over("text_key")
    dropped = ~pl.col("used")
    decisions = examples.with_columns(
        kept=pl.col("used"),
        drop_reason=pl.when(dropped).then(pl.lit(DropReason.DUPLICATE.value)),
        rule=pl.when(dropped & text_is_used)
        .then(pl.lit("repeated_text"))
        .when(dropped)
        .then(pl.lit("contradicted_label")),
        duplicate_of=pl.when(dropped).then(survivor),
    )
    return Outcome(rows=rows, decisions=table.decisions.conform(decisions), notes=training.notes)
