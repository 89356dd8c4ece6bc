import hashlib
import io
import json
import os
from pathlib import Path

import polars as pl
import pytest
import zstandard
from hypothesis import assume, given
from hypothesis import strategies as st

from resources.text_classifier import FastTextTrainer
from tier_assets.l2_selected.examples import anchor_examples, gather, parse_labels
from tier_assets.l2_selected.scoring import score
from tier_assets.l2_selected.training import (
    area_under_curve,
    frozen_cut,
    outcome,
    reference_documents,
    train_scorer,
)
from tier_assets.policy import ScorerPolicy, SelectedPolicy
from tier_assets.schemas import SCORERS, TABLES

POLICY = SelectedPolicy(
    keep_char_share=0.5,
    scorer=ScorerPolicy(anchors=("manual",), dimensions=4, buckets=100, updates=1000, min_examples=10),
)
SEEN = [("manual.1", "c0"), ("crawl.1", "c1")]


def documents(count: int = 30) -> pl.DataFrame:
    rows = [
        row
        for n in range(count)
        for row in (
            (f"g{n:02}", "manual", f"the tide rises {n} times because the moon pulls"),
            (f"b{n:02}", "crawl", f"buy {n} cheap pills now, click here"),
        )
    ]
    return pl.DataFrame(rows, schema=["doc_id", "source", "text"], orient="row").with_columns(uri=pl.lit("u"))


def examples(count: int = 30) -> pl.DataFrame:
    return gather([anchor_examples(documents(count), POLICY.scorer)], POLICY.scorer)


def reference() -> pl.DataFrame:
    return pl.DataFrame({"text": [f"unseen words {n} about pills and the moon" for n in range(10)]})


def test_a_scorer_is_named_after_its_bytes_and_measured_on_what_it_did_not_see(tmp_path: Path):
    trained = train_scorer(examples(), reference(), FastTextTrainer(), tmp_path, POLICY, seen=SEEN)
    scorer = trained.scorer
    assert scorer is not None
    assert scorer.path == tmp_path / f"{hashlib.sha256(scorer.path.read_bytes()).hexdigest()}.bin"
    assert (scorer.good, scorer.bad, scorer.holdout, scorer.auc) == (30, 30, 12, 1.0)
    assert scorer.origins == {"good/anchor": 30, "bad/anchor": 30}
    assert scorer.reference == (("crawl.1", "c1"), ("manual.1", "c0"))
    assert trained.notes == ()
    assert list(tmp_path.iterdir()) == [scorer.path]


def test_training_twice_gives_the_same_scorer(tmp_path: Path):
    first = train_scorer(examples(), reference(), FastTextTrainer(), tmp_path / "a", POLICY, seen=SEEN).scorer
    second = train_scorer(examples(), reference(), FastTextTrainer(), tmp_path / "b", POLICY, seen=SEEN).scorer
    assert first is not None
    assert second is not None
    assert (first.sha256, first.cut, first.auc) == (second.sha256, second.cut, second.auc)


def test_the_cut_keeps_the_share_of_characters_of_the_reference(tmp_path: Path):
    scorer = train_scorer(examples(), reference(), FastTextTrainer(), tmp_path, POLICY, seen=SEEN).scorer
    assert scorer is not None
    scores = score(reference(), FastTextTrainer().load(str(scorer.path)))
    chars = reference()["text"].str.len_chars()
    assert chars.filter(scores >= scorer.cut).sum() >= 0.5 * chars.sum() > chars.filter(scores > scorer.cut).sum()


def test_too_few_examples_of_a_class_train_nothing_and_say_so(tmp_path: Path):
    trained = train_scorer(examples(9), reference(), FastTextTrainer(), tmp_path, POLICY, seen=SEEN)
    assert trained.scorer is None
    assert trained.notes == ("no scorer was trained: only 9 good and 9 bad examples, 10 of each are needed",)
    assert list(tmp_path.iterdir()) == []


def test_without_a_reference_there_is_no_cut_and_no_scorer(tmp_path: Path):
    trained = train_scorer(examples(), reference().clear(), FastTextTrainer(), tmp_path, POLICY, seen=SEEN)
    assert trained.scorer is None
    assert "no document on which to compute its cut" in trained.notes[0]


def test_the_cut_is_not_computed_on_documents_that_were_learnt(tmp_path: Path):
    learnt = examples().filter(~pl.col("held_out")).select("text")
    both = train_scorer(examples(), pl.concat([learnt, reference()]), FastTextTrainer(), tmp_path, POLICY, seen=SEEN)
    alone = train_scorer(examples(), reference(), FastTextTrainer(), tmp_path, POLICY, seen=SEEN)
    assert both.scorer is not None
    assert both == alone


def test_a_cut_on_documents_that_were_learnt_is_admitted(tmp_path: Path):
    learnt = examples().filter(~pl.col("held_out")).select("text")
    trained = train_scorer(examples(), learnt, FastTextTrainer(), tmp_path, POLICY, seen=SEEN)
    assert trained.scorer is not None
    assert "most of them trained on" in trained.notes[0]


def test_the_reference_leaves_anchors_out_where_there_are_others():
    assert set(reference_documents(documents(2), POLICY.scorer)["source"]) == {"crawl"}
    only = documents(2).filter(pl.col("source") == "manual")
    assert reference_documents(only, POLICY.scorer).height == 2
    assert reference_documents(documents(2), ScorerPolicy(max_reference_documents=3))["doc_id"].to_list() == [
        "b00",
        "b01",
        "g00",
    ]


def test_a_curve_that_separates_has_area_one_and_ties_count_half():
    assert area_under_curve(pl.Series([0.1, 0.2, 0.9]), pl.Series([0, 0, 1])) == 1.0
    assert area_under_curve(pl.Series([0.9, 0.1]), pl.Series([0, 1])) == 0.0
    assert area_under_curve(pl.Series([0.5, 0.5, 0.5]), pl.Series([1, 0, 1])) == 0.5


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.integers(0, 1)), min_size=2, max_size=30))
def test_the_area_is_the_share_of_pairs_in_order(rows: list[tuple[float, int]]):
    goods = [value for value, label in rows if label]
    bads = [value for value, label in rows if not label]
    assume(goods and bads)
    pairs = [1.0 if good > bad else 0.5 if good == bad else 0.0 for good in goods for bad in bads]
    found = area_under_curve(pl.Series([value for value, _ in rows]), pl.Series([label for _, label in rows]))
    assert found == pytest.approx(sum(pairs) / len(pairs))


def test_the_cut_counts_characters_and_not_documents():
    scores = pl.Series([0.9, 0.5, 0.1], dtype=pl.Float32)
    assert frozen_cut(scores, pl.Series([10, 10, 80]), 0.2) == 0.5
    assert frozen_cut(scores, pl.Series([80, 10, 10]), 0.2) == float(scores[0])
    assert frozen_cut(scores, pl.Series([10, 10, 80]), 1.0) == float(scores[2])


@given(
    st.lists(st.tuples(st.floats(0, 1, width=32), st.integers(1, 1000)), min_size=1, max_size=30),
    st.floats(0.01, 1),
)
def test_at_least_the_share_is_kept_and_a_higher_cut_would_keep_less(rows: list[tuple[float, int]], share: float):
    scores = pl.Series([value for value, _ in rows], dtype=pl.Float32)
    chars = pl.Series([count for _, count in rows])
    cut = frozen_cut(scores, chars, share)
    assert chars.filter(scores >= cut).sum() >= share * chars.sum() > chars.filter(scores > cut).sum()


def test_a_promoted_scorer_has_one_row_and_a_decision_for_each_example(tmp_path: Path):
    repeated = documents().with_columns(doc_id=pl.concat_str("doc_id", pl.lit("x")))
    found = gather([anchor_examples(pl.concat([documents(), repeated]), POLICY.scorer)], POLICY.scorer)
    trained = train_scorer(found, reference(), FastTextTrainer(), tmp_path, POLICY, seen=SEEN)
    staged = outcome(trained, found)
    assert trained.scorer is not None
    assert staged.rows.select("doc_id", "sha256", "good", "reference").rows() == [
        (trained.scorer.sha256[:32], trained.scorer.sha256, 30, '[["crawl.1", "c1"], ["manual.1", "c0"]]')
    ]
    assert staged.decisions["doc_id"].n_unique() == staged.decisions.height == 120
    dropped = staged.decisions.filter(~pl.col("kept"))
    assert set(dropped.select("drop_reason", "rule").rows()) == {("duplicate", "repeated_text")}
    assert dropped["duplicate_of"].is_in(staged.decisions.filter("kept")["doc_id"].to_list()).all()
    assert staged.rows.schema == TABLES[SCORERS].rows.polars
    assert staged.decisions.schema == TABLES[SCORERS].decisions.polars


def test_a_contradicted_label_is_its_own_rule():
    found = gather([parse_labels(['{"text": "a", "label": 1}', '{"text": "a", "label": 0}'], "l.jsonl")], POLICY.scorer)
    trained = train_scorer(found, reference(), FastTextTrainer(), Path(), POLICY, seen=[])
    staged = outcome(trained, found)
    assert staged.rows.is_empty()
    assert staged.decisions.select("rule", "duplicate_of").unique().rows() == [("contradicted_label", None)]
    assert staged.notes == trained.notes


def real(name: str) -> list[dict]:
    if "STRATA_TEST_DATA" not in os.environ:
        pytest.skip("STRATA_TEST_DATA is not set: no real texts to learn from")
    path = Path(os.environ["STRATA_TEST_DATA"]) / "quality" / f"{name}.jsonl.zst"
    rows = [json.loads(line) for line in io.TextIOWrapper(zstandard.open(path, "rb"), "utf-8")]
    return sorted(rows, key=lambda row: hashlib.sha256(row["text"].encode()).digest())


def test_anchors_learnt_on_half_of_real_texts_are_known_in_the_other_half(tmp_path: Path):
    texts = [(row["text"], source) for source in ("hq_by_source", "web_random_c4") for row in real(source)]
    rows = [(hashlib.sha256(text.encode()).hexdigest(), source, text, "u") for text, source in texts]
    both = pl.DataFrame(rows, schema=["doc_id", "source", "text", "uri"], orient="row")
    learnt, other = both.gather_every(2), both.gather_every(2, offset=1)
    policy = SelectedPolicy(scorer=ScorerPolicy(anchors=("hq_by_source",)))
    found = gather([anchor_examples(learnt, policy.scorer)], policy.scorer)
    scorer = train_scorer(
        found, reference_documents(learnt, policy.scorer), FastTextTrainer(), tmp_path, policy, seen=[]
    ).scorer
    assert scorer is not None
    scores = score(other, FastTextTrainer().load(str(scorer.path)))
    good = other["source"] == "hq_by_source"
    assert area_under_curve(scores, good.cast(pl.Int8)) > 0.97
    chars = other["text"].str.len_chars()
    assert 0.05 < chars.filter(~good & (scores >= scorer.cut)).sum() / chars.filter(~good).sum() < 0.2


def test_peoples_labels_on_half_of_real_texts_tell_the_other_half_better_than_chance(tmp_path: Path):
    lines = [json.dumps({"text": row["text"], "label": row["label"]}) for row in real("dclm_human_quality")]
    learnt, other = parse_labels(lines[::2], "a.jsonl"), parse_labels(lines[1::2], "b.jsonl")
    policy = SelectedPolicy()
    scorer = train_scorer(gather([learnt], policy.scorer), other, FastTextTrainer(), tmp_path, policy, seen=[]).scorer
    assert scorer is not None
    assert area_under_curve(score(other, FastTextTrainer().load(str(scorer.path))), other["label"]) > 0.7
