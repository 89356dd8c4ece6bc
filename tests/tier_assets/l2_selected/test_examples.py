from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.files.digests import text_digest
from tier_assets.files.frames import FrameWriter, RowGroup, row_groups
from tier_assets.l2_selected.examples import (
    EXAMPLE,
    LabelError,
    anchor_examples,
    chosen_documents,
    gather,
    of_documents,
    parse_labels,
)
from tier_assets.l2_selected.training import reference_documents
from tier_assets.policy import ScorerPolicy

POLICY = ScorerPolicy(anchors=("manual",))


def documents(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """doc_id, source, text; the uri is made of the doc_id."""
    return pl.DataFrame(rows, schema=["doc_id", "source", "text"], orient="row").with_columns(
        uri=pl.concat_str(pl.lit("https://example.org/"), "doc_id")
    )


def labelled(*rows: tuple[str, int], file: str = "labels.jsonl") -> pl.DataFrame:
    return parse_labels([f'{{"text": "{text}", "label": {label}}}' for text, label in rows], file)


def test_documents_of_anchor_sources_are_good_and_as_many_others_are_bad():
    found = anchor_examples(
        documents(("d1", "manual", "a guide"), ("d2", "crawl", "an offer"), ("d3", "crawl", "a list")), POLICY
    )
    assert found.select("text", "label", "origin").rows() == [("a guide", 1, "anchor"), ("an offer", 0, "anchor")]
    assert found.schema == EXAMPLE


def test_an_example_names_the_document_it_is():
    found = anchor_examples(documents(("d1", "manual", "a guide"), ("d2", "crawl", "an offer")), POLICY)
    assert found["parent_ids"].to_list() == [["d1"], ["d2"]]
    assert found["uri"].to_list() == ["https://example.org/d1", "https://example.org/d2"]


def test_the_choice_does_not_depend_on_the_order_of_documents():
    rows = [(f"d{n:02}", "manual" if n % 5 == 0 else "crawl", f"text {n}") for n in range(20)]
    assert anchor_examples(documents(*rows), POLICY).equals(anchor_examples(documents(*reversed(rows)), POLICY))


def test_no_more_anchor_examples_than_the_policy_allows():
    rows = [(f"d{n}", source, "text") for n, source in enumerate(["manual", "crawl"] * 5)]
    few = ScorerPolicy(anchors=("manual",), min_examples=2, max_examples=2)
    assert anchor_examples(documents(*rows), few)["label"].to_list() == [1, 1, 0, 0]


def test_without_anchors_or_without_others_there_are_no_anchor_examples():
    rows = documents(("d1", "manual", "a guide"))
    assert anchor_examples(rows, POLICY).is_empty()
    assert anchor_examples(rows, ScorerPolicy()).is_empty()


def test_a_label_file_gives_examples_that_name_their_line():
    found = parse_labels(
        ['{"text": "a guide", "label": 1, "by": "me"}\n', "\n", '{"text": "spam", "label": 0}'], "l.jsonl"
    )
    assert found.select("uri", "text", "label", "origin").rows() == [
        ("file:l.jsonl#1", "a guide", 1, "labels"),
        ("file:l.jsonl#3", "spam", 0, "labels"),
    ]
    assert found.schema == EXAMPLE


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        '{"label": 1}',
        '{"text": "a"}',
        '{"text": " ", "label": 1}',
        '{"text": 3, "label": 1}',
        '{"text": "a", "label": 2}',
        '{"text": "a", "label": "1"}',
        '{"text": "a", "label": true}',
        '{"text": "a", "label": 1.0}',
    ],
)
def test_a_bad_line_is_named_with_what_to_write(line: str):
    with pytest.raises(LabelError, match=r'labels/mine\.jsonl, line 2: write \{"text": "\.\.\.", "label": 1\}'):
        parse_labels(['{"text": "a guide", "label": 1}', line], "labels/mine.jsonl")


def test_a_label_with_a_lone_surrogate_is_read():
    assert parse_labels(['{"text": "a \\ud800 b", "label": 1}'], "l.jsonl")["text"].to_list() == ["a ? b"]


def test_a_repeated_text_is_used_once_whatever_its_white_space():
    found = gather([labelled(("a guide", 1), ("a  guide ", 1), ("spam", 0))], ScorerPolicy())
    assert sorted(found.filter("used")["label"].to_list()) == [0, 1]
    assert found.height == 3


def test_people_outweigh_anchors_and_anchors_outweigh_the_model():
    document = documents(("d1", "manual", "a guide"))
    anchor, model = of_documents(document, [1], "anchor"), of_documents(document, [0], "model")
    people = labelled(("a guide", 0))
    assert gather([model, anchor, people], POLICY).filter("used")["origin"].to_list() == ["labels"]
    assert gather([model, anchor], POLICY).filter("used")["origin"].to_list() == ["anchor"]


def test_a_text_that_people_label_both_ways_is_not_used():
    found = gather([labelled(("a guide", 1), ("a guide", 0), ("spam", 0))], ScorerPolicy())
    assert found.filter("used")["text"].to_list() == ["spam"]


def test_the_same_file_given_twice_counts_once():
    assert gather([labelled(("a guide", 1)), labelled(("a guide", 1))], ScorerPolicy()).height == 1


def test_files_of_one_name_do_not_hide_each_others_lines():
    assert gather([labelled(("a guide", 1)), labelled(("spam", 0))], ScorerPolicy()).height == 2


def test_no_examples_at_all_are_no_error():
    assert gather([], ScorerPolicy()).is_empty()


def test_a_fifth_of_each_class_is_held_out():
    texts = [(f"guide {n}", 1) for n in range(30)] + [(f"spam {n}", 0) for n in range(10)]
    held_out = gather([labelled(*texts)], ScorerPolicy(holdout_share=0.2)).filter("held_out")
    assert sorted(held_out["label"].to_list()) == [0] * 2 + [1] * 6


def test_a_single_example_of_a_class_is_not_held_out():
    assert gather([labelled(("a guide", 1), ("spam", 0))], ScorerPolicy())["held_out"].to_list() == [False, False]


@given(
    st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from([0, 1])), max_size=30),
    st.randoms(use_true_random=False),
)
def test_examples_given_in_any_order_are_used_and_held_out_alike(rows: list[tuple[str, int]], random):
    examples = labelled(*rows)
    shuffled = examples.sample(fraction=1, shuffle=True, seed=random.randint(0, 1000))
    found, again = gather([examples], ScorerPolicy()), gather([shuffled], ScorerPolicy())
    assert found.equals(again)
    used = found.filter("used")
    assert used["text_key"].n_unique() == used.height
    assert not found.filter(pl.col("held_out") & ~pl.col("used")).height


def staged(folder: Path, *pieces: pl.DataFrame) -> list[RowGroup]:
    """The pieces as row groups of a file."""
    with FrameWriter(folder / "rows.parquet", pieces[0].schema) as file:
        for piece in pieces:
            file.write(piece)
    return list(row_groups(folder / "rows.parquet", "crawl.1"))


MANY = [(text_digest(str(n))[:32], "manual" if n % 7 == 0 else "crawl", f"text {n}") for n in range(300)]


@pytest.mark.parametrize("rows", [MANY, [row for row in MANY if row[1] == "manual"], MANY[1:6], []])
@pytest.mark.parametrize("most", [(2, 5, 9), (9, 2, 5), (5, 9, 2), (1000, 1000, 1000)])
def test_what_is_chosen_piece_by_piece_is_all_that_anything_would_take_of_the_whole(tmp_path, rows, most):
    policy = ScorerPolicy(
        anchors=("manual",),
        min_examples=2,
        max_examples=most[0],
        max_reference_documents=most[1],
        rated_documents=most[2],
    )
    whole = documents(*rows) if rows else documents(("", "", "")).clear()
    chosen = chosen_documents(staged(tmp_path, *(whole[at : at + 40] for at in range(0, 300, 40))), policy)
    assert chosen.height <= 2 * max(most)
    assert anchor_examples(chosen, policy).equals(anchor_examples(whole, policy))
    names = ["doc_id", "uri", "source", "text"]
    assert reference_documents(chosen, policy).select(names).equals(reference_documents(whole, policy).select(names))
    rated = [frame.select(names).sort("doc_id").head(policy.rated_documents) for frame in (chosen, whole)]
    assert rated[0].equals(rated[1])


def test_texts_are_read_of_no_more_than_a_piece_at_once_and_only_the_chosen_are_held(tmp_path):
    texts = [(text_digest(str(n))[:32], "crawl", "long " * 20_000) for n in range(200)]
    groups = staged(tmp_path, *(documents(*texts[at : at + 10]) for at in range(0, 200, 10)))
    few = ScorerPolicy(min_examples=2, max_examples=2, max_reference_documents=2, rated_documents=2)
    assert sum(column.estimated_size() for column in chosen_documents(groups, few)) < 5 * 100_000
