"""What counts as repeating a benchmark's item, and how sure that is on real questions and real pages."""

import json
from collections import Counter

import polars as pl
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.policies.filtered import Contamination
from tier_assets.text.contamination import HITS, Item, build, find, words

DUCKS = (
    "Janet's ducks lay 16 eggs per day, of which she eats three for breakfast and sells the remainder at the market."
)
PAGE = (
    "The weather was fine all week long, and so we went to the seaside with the children. {} Then we drove home again."
)
INDEX = build(
    [Item("gsm8k", "test-0", DUCKS), Item("arc", "7", "Which part of a plant makes its food?")], Contamination()
)


def hit(text, index=INDEX):
    (row,) = find([text], index).to_dicts()
    return row


def test_an_item_within_a_page_is_found_and_named():
    assert hit(PAGE.format(DUCKS)) == {
        "item": "test-0", "benchmark": "gsm8k", "run_words": 21, "min_words": 10, "share": 1.0,
    }  # fmt: skip


def test_there_is_a_row_per_text_in_order_and_it_is_null_where_nothing_is_repeated():
    frame = find(["", PAGE, DUCKS, "one word"], INDEX)
    assert frame.schema == HITS
    assert frame["benchmark"].to_list() == [None, None, "gsm8k", None]
    assert find([], INDEX).schema == HITS


@pytest.mark.parametrize(
    "changed", [DUCKS.upper(), DUCKS.replace(" ", "  \n"), DUCKS.replace("'", "").replace(",", "")]
)
def test_case_spaces_and_punctuation_do_not_matter(changed):
    assert hit(PAGE.format(changed))["share"] == 1.0


def test_an_apostrophe_is_no_end_of_a_word():
    assert words("Don\u2019t stop, it's 7:11") == ["dont", "stop", "its", "7", "11"]


def test_an_item_with_a_word_replaced_here_and_there_is_found():
    changed = DUCKS.replace("three", "four").replace("market", "fair")
    assert hit(PAGE.format(changed))["run_words"] == 19


@pytest.mark.parametrize(
    "changed",
    [
        DUCKS.replace(" ", "&nbsp;").replace("'", "&#39;"),
        DUCKS.replace("'", "&amp;rsquo;"),
        DUCKS.replace("fi", "\ufb01"),
    ],
)
def test_what_html_and_typesetting_leave_in_a_text_does_not_matter(changed):
    item = Item("b", "1", DUCKS.replace("breakfast", "a first\u00ad breakfast"))
    assert (
        hit(PAGE.format(changed.replace("breakfast", "a \ufb01rst breakfast")), build([item], Contamination()))["share"]
        == 1
    )


def test_an_item_with_every_seventh_word_replaced_is_found():
    changed = " ".join("another" if number % 7 == 6 else word for number, word in enumerate(DUCKS.split()))
    assert hit(PAGE.format(changed))["run_words"] == 18


def test_phrases_far_apart_in_a_long_page_are_no_repetition():
    first, second = DUCKS.split()[:5], DUCKS.split()[-8:]
    near, far = (" ".join([*first, *["word"] * gap, *second]) for gap in (20, 21))
    assert hit(near)["run_words"] == 13
    assert hit(far)["item"] is None


def test_what_an_item_says_twice_and_a_text_once_counts_once():
    item = "The number of people who smoke, divided by the number of people who live here, is a rate."
    index = build([Item("b", "1", item)], Contamination())
    assert hit("Of the number of people who came we have no idea.", index)["item"] is None


def test_a_few_words_in_common_are_no_repetition():
    assert hit(PAGE.format("She eats three for breakfast and sells the rest."))["item"] is None


def test_less_than_half_of_an_item_is_no_repetition():
    half = " ".join(DUCKS.split()[:9])
    assert hit(PAGE.format(half))["item"] is None


def test_an_item_of_few_words_is_found_only_as_a_whole():
    assert hit(PAGE.format("Which part of a plant makes its food?"))["min_words"] == 8
    assert hit(PAGE.format("Which part of a plant makes its seed?"))["item"] is None


def test_an_item_too_short_to_be_evidence_is_not_searched_for():
    index = build([Item("b", "1", "What is the capital of the country?")], Contamination())
    assert hit("What is the capital of the country?", index)["item"] is None


def test_a_short_text_out_of_a_long_item_is_a_repetition():
    long = " ".join(f"word{number}" for number in range(200))
    assert hit(" ".join(long.split()[50:65]), build([Item("b", "1", long)], Contamination()))["share"] == 1.0


def test_in_scripts_without_spaces_twice_as_many_characters_are_needed():
    question = "\u4e0b\u5217\u8bf4\u6cd5\u6b63\u786e\u7684\u662f"
    assert hit(question, build([Item("b", "1", question)], Contamination()))["item"] is None
    longer = question + "\u690d\u7269\u8fdb\u884c\u5149\u5408\u4f5c\u7528\u7684\u5668\u5b98\u53f6\u7eff"
    assert hit(longer, build([Item("b", "1", longer)], Contamination()))["min_words"] == 20


def test_of_several_items_the_one_repeated_most_is_named_and_of_equals_the_first():
    index = build([Item("a", "part", DUCKS[:60]), Item("b", "1", DUCKS), Item("b", "2", DUCKS)], Contamination())
    assert hit(DUCKS, index)["item"] == "1"


def test_without_items_nothing_is_found():
    assert hit(DUCKS, build([], Contamination()))["item"] is None


# Too few for words of the text between two runs to matter.
LETTERS = st.lists(st.sampled_from("ab"), max_size=20)


@given(LETTERS, LETTERS)
def test_the_words_found_are_those_in_runs_that_both_have(text, item):
    """Against the definition, on texts of two words, in which runs overlap and repeat."""
    policy = Contamination(ngram=3, min_item_words=3, min_words=1, min_share=0.001)
    grams = [{tuple(words[at : at + 3]) for at in range(len(words) - 2)} for words in (text, item)]
    common = set.intersection(*grams)
    covered = [
        {at + step for at in range(len(words) - 2) if tuple(words[at : at + 3]) in common for step in range(3)}
        for words in (text, item)
    ]
    found = hit(" ".join(text), build([Item("b", "1", " ".join(item))], policy))
    assert (found["run_words"] or 0) == min(map(len, covered))


def rows_of(path):
    with zstandard.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def questions(test_data):
    rows = rows_of(test_data / "benchmarks" / "questions.jsonl.zst")
    return build([Item(row["benchmark"], row["id"], row["question"]) for row in rows], Contamination())


def test_inserted_questions_are_found_in_every_mode_and_clean_pages_pass(test_data, questions):
    rows = rows_of(test_data / "benchmarks" / "contaminated_docs.jsonl.zst")
    found = find([row["text"] for row in rows], questions)["item"].is_not_null()
    modes = Counter(row.get("mode", "clean") for row, bad in zip(rows, found, strict=True) if bad)
    assert modes == {
        "verbatim": 60, "verbatim+answer": 60, "first 60% of the words": 60, "changed case, spaces and punctuation": 60,
        "every 9th word replaced": 60,
    }  # fmt: skip


def test_ordinary_texts_are_not_taken_for_questions(test_data, questions):
    names = ("dclm_human_quality", "web_random_c4", "hq_by_source", "onestopenglish_levels", "page_type_wcxb")
    texts = [row["text"] for name in names for row in rows_of(test_data / "quality" / f"{name}.jsonl.zst")]
    found = find(texts, questions)
    assert found.filter(pl.col("item").is_not_null()).is_empty(), "none of 3,216 texts holds a question"
