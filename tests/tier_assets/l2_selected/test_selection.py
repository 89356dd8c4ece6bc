import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.inference import Label
from tier_assets.l2_selected.selection import select, select_pieces
from tier_assets.outcome import joined
from tier_assets.schemas import DECISIONS, ROWS
from tier_assets.tiers import Tier

SCORER = "ab" * 32


def documents(*ids: str) -> pl.DataFrame:
    """L1 rows, as read from the lake: `partition` stands last."""
    frame = pl.DataFrame(
        {"doc_id": ids, "uri": [f"https://example.org/{each}" for each in ids]},
        schema_overrides={"doc_id": pl.String, "uri": pl.String},
    )
    filled = frame.with_columns(
        source=pl.lit("crawl"),
        generation=0,
        file=pl.lit("a.warc"),
        offset=0,
        text=pl.lit("some text"),
        text_chars=9,
        text_words=2,
        extractor=pl.lit("plain"),
        cluster_id="doc_id",
        cluster_size=1,
    )
    return ROWS[Tier.FILTERED].conform(filled).with_columns(partition=pl.lit("crawl.2026-34"))


def scores(*values: float) -> pl.Series:
    return pl.Series("quality_score", values, dtype=pl.Float32)


def test_a_document_at_the_cut_is_kept_and_one_below_is_dropped_with_its_score():
    found = select(documents("d1", "d2"), scores(0.5, 0.25), cut=0.5, scorer=SCORER)
    assert found.rows.select("doc_id", "quality_score", "scorer").rows() == [("d1", 0.5, SCORER)]
    shown = found.decisions.select("doc_id", "kept", "drop_reason", "rule", "value", "threshold", "quality_score")
    assert shown.rows() == [
        ("d1", True, None, None, None, None, 0.5),
        ("d2", False, "low_score", "quality_score", 0.25, 0.5, 0.25),
    ]


def test_a_score_that_is_the_cut_is_kept_though_it_is_no_short_decimal():
    cut = float(scores(0.1)[0])
    assert select(documents("d1"), scores(0.1), cut=cut, scorer=SCORER).rows.height == 1


def test_without_a_scorer_all_are_kept_without_a_score_and_it_is_said():
    found = select(documents("d1", "d2"))
    assert found.rows.select("doc_id", "quality_score", "scorer").rows() == [("d1", None, None), ("d2", None, None)]
    assert found.decisions["kept"].to_list() == [True, True]
    assert found.measures == {"no_labels": 1.0}
    assert found.notes[0].startswith("no_labels:")


def test_with_a_scorer_there_is_nothing_to_warn_of():
    found = select(documents("d1"), scores(0.5), cut=0.5, scorer=SCORER)
    assert found.measures == {"no_labels": 0.0}
    assert found.notes == ()


def test_rows_and_decisions_have_the_columns_of_the_tier():
    for found in (
        select(documents("d1")),
        select(documents("d1", "d2"), scores(1, 0), cut=0.5, scorer=SCORER),
        select(documents()),
    ):
        assert found.rows.schema == ROWS[Tier.SELECTED].polars
        assert found.decisions.schema == DECISIONS[Tier.SELECTED].polars


@pytest.mark.parametrize(
    "given_", [{"scores": scores(0.5)}, {"cut": 0.5}, {"scorer": SCORER}, {"scores": scores(0.5), "cut": 0.5}]
)
def test_a_score_without_its_cut_and_scorer_is_refused(given_: dict):
    with pytest.raises(ValueError, match="together or not at all"):
        select(documents("d1"), **given_)


@pytest.mark.parametrize("wrong", [scores(0.5, 0.5), pl.Series([None], dtype=pl.Float32)])
def test_scores_that_do_not_fit_the_documents_are_refused(wrong: pl.Series):
    with pytest.raises(ValueError, match="for 1 documents"):
        select(documents("d1"), wrong, cut=0.5, scorer=SCORER)


@given(st.lists(st.floats(0, 1, width=32), max_size=20), st.floats(0, 1, width=32))
def test_every_document_is_kept_or_dropped_with_a_reason(values: list[float], cut: float):
    ids = [f"d{n:02}" for n in range(len(values))]
    found = select(documents(*ids), scores(*values), cut=cut, scorer=SCORER)
    kept = found.decisions.filter("kept")
    assert found.decisions["doc_id"].to_list() == ids
    assert kept["doc_id"].to_list() == found.rows["doc_id"].to_list()
    assert kept["drop_reason"].null_count() == kept.height
    assert found.decisions.filter(~pl.col("kept"))["drop_reason"].to_list() == ["low_score"] * (len(ids) - kept.height)


class Lengths:
    """A classifier that finds a text good by its number of words, tenths of it."""

    digest = "lengths"

    def predict(self, texts, k=1, min_score=0.0):
        return [[Label("good", len(text.split()) / 10)] for text in texts]


PIECES = [documents("d1", "d2"), documents("d3")]


def test_pieces_are_selected_as_the_whole_is():
    whole = documents("d1", "d2", "d3")
    selected = joined(select_pieces(iter(PIECES)))
    assert (selected.rows.equals(select(whole).rows), selected.notes) == (True, select(whole).notes)
    assert selected.measures == {"no_labels": 1.0}
    scored = select(whole, scores(0.2, 0.2, 0.2), cut=0.25, scorer=SCORER)
    again = joined(select_pieces(iter(PIECES), Lengths(), cut=0.25, scorer=SCORER))
    assert (again.rows.height, again.decisions.equals(scored.decisions)) == (0, True)
    assert (again.measures, again.notes) == ({"no_labels": 0.0}, ())


def test_without_a_piece_there_is_still_an_outcome():
    (found,) = select_pieces([], Lengths(), cut=0.5, scorer=SCORER)
    assert (found.rows.schema, found.decisions.schema) == (ROWS[Tier.SELECTED].polars, DECISIONS[Tier.SELECTED].polars)


def test_one_piece_is_read_after_the_other():
    read = []
    outcomes = select_pieces(read.append(name) or piece for name, piece in zip("ab", PIECES, strict=True))
    seen = [(outcome.decisions.height, list(read)) for outcome in outcomes]
    assert seen == [(0, []), (2, ["a"]), (1, ["a", "b"])]
