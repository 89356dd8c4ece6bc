import re
import unicodedata
from collections import Counter

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tier_assets.l1_filtered.bad_words import BadWords, bad_word_ratio
from tier_assets.l1_filtered.code import code_signals
from tier_assets.l1_filtered.lines import clean_lines
from tier_assets.l1_filtered.signals import STOP_WORDS, counters, fineweb_signals, gopher_signals
from tier_assets.policies.filtered import C4Quality
from tier_assets.schemas import FILTER_SIGNALS
from tier_assets.text.buffers import TERMINAL_PUNCTUATION
from tier_assets.text.counts import text_chars, text_words
from tier_assets.text.normalization import normalize

FEW_WORDS = st.lists(
    st.sampled_from(
        [
            "the",
            "to",
            "a",
            "b",
            "..",
            "...",
            "#",
            "\u2026",
            "-",
            "\u2022",
            "\n",
            "\n\n",
            "\u4e2d\u6587",
            "x.",
            "\u00e9t\u00e9",
            "12",
            "The",
        ]
    ),
    max_size=60,
).map(" ".join)
ANY_TEXT = st.text(max_size=200)


def measured(text: str, short: int = 30) -> dict[str, float]:
    gopher = gopher_signals([text], tokenizer="whitespace").row(0, named=True)
    return gopher | fineweb_signals([text], short_line_chars=short, tokenizer="whitespace").row(0, named=True)


def counted(texts: list[str], short: int = 30) -> pl.DataFrame:
    return counters(texts, tokenizer="whitespace", short_line_chars=short)


def is_symbol(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def seen_before(entries: list[str]) -> list[str]:
    return [entry for index, entry in enumerate(entries) if entry in entries[:index]]


def top_chars(words: list[str], n: int) -> int:
    grams = [" ".join(words[at : at + n]) for at in range(len(words) - n + 1)]
    if not grams:
        return 0
    gram, times = Counter(grams).most_common(1)[0]
    return len(gram) * times if times > 1 else 0


def repeated_chars(words: list[str], n: int) -> int:
    seen, chars, at = set(), 0, 0
    while at + n <= len(words):
        gram = tuple(words[at : at + n])
        if gram in seen:
            chars += sum(map(len, gram))
            at += n
        else:
            seen.add(gram)
            at += 1
    return chars


def expected(text: str, short: int) -> dict[str, int]:
    """The slow and obvious form of every counter."""
    words = text.split()
    plain = [word for word in words if not all(map(is_symbol, word))]
    lines = text.split("\n")
    content = [line for line in lines if line.strip()]
    paragraphs = [part for part in re.split("\n{2,}", text) if part]
    return {
        "chars": len(text),
        "line_chars": len(text.replace("\n", "")),
        "line_breaks": text.count("\n"),
        "hashes": text.count("#"),
        "ellipses": text.count("...") + text.count("\u2026"),
        "words": len(words),
        "nonsymbol_words": len(plain),
        "nonsymbol_chars": sum(map(len, plain)),
        "alpha_words": sum(any(map(str.isalpha, word)) for word in words),
        "stop_words": len(set(words) & set(STOP_WORDS)),
        "lines": len(lines),
        "bullet_lines": sum(line.lstrip().startswith(("\u2022", "-")) for line in lines),
        "ellipsis_lines": sum(line.rstrip().endswith(("...", "\u2026")) for line in lines),
        "content_lines": len(content),
        "punctuated_lines": sum(line.rstrip()[-1] in TERMINAL_PUNCTUATION for line in content),
        "short_lines": sum(len(line) <= short for line in content),
        "duplicate_lines": len(seen_before(content)),
        "duplicate_line_chars": sum(map(len, seen_before(content))),
        "paragraphs": len(paragraphs),
        "duplicate_paragraphs": len(seen_before(paragraphs)),
        "duplicate_paragraph_chars": sum(map(len, seen_before(paragraphs))),
        **{f"top_{n}gram_chars": top_chars(words, n) for n in (2, 3, 4)},
        **{f"duplicate_{n}gram_chars": repeated_chars(words, n) for n in range(5, 11)},
    }


@settings(deadline=None)  # the first call compiles
@given(st.one_of(FEW_WORDS, ANY_TEXT), st.integers(0, 12))
@example("a b a b a b a b a b a b a b a b a b a b a b a b a b", 30)
@example("", 30)
@example("x\n\nx\nx\n\nx", 1)
def test_counters_are_those_of_the_obvious_python(text, short):
    text = normalize(text)
    assert counted([text], short).row(0, named=True) == expected(text, short)


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.one_of(FEW_WORDS, ANY_TEXT), max_size=6))
def test_a_text_measures_the_same_alone_and_among_others(texts):
    texts = [normalize(text) for text in texts]
    together = counted(texts)
    alone = [counted([text]) for text in texts]
    assert together.rows() == [row for frame in alone for row in frame.rows()]


@settings(deadline=None)  # the first call compiles
@given(ANY_TEXT)
def test_length_in_characters_and_words_is_what_polars_counts(text):
    text = normalize(text)
    exact = pl.DataFrame({"text": [text]}).select(text_chars(pl.col("text")), text_words(pl.col("text")))
    row = counted([text]).row(0, named=True)
    assert exact.row(0) == (row["chars"], row["words"])


def test_fineweb_signals_may_be_of_another_text_than_gophers():
    gopher = gopher_signals(["one two\n\nthree"], tokenizer="whitespace")
    fineweb = fineweb_signals(["one two"], short_line_chars=30, tokenizer="whitespace")
    assert set(gopher.columns).isdisjoint(fineweb.columns)
    assert fineweb["newline_word_ratio"].to_list() == [0.0]


def test_no_texts_give_all_columns_and_no_row():
    assert gopher_signals([], tokenizer="whitespace").shape == (0, 23)
    assert fineweb_signals([], short_line_chars=30, tokenizer="spacy-like").shape == (0, 4)


def test_the_other_tokenizer_counts_punctuation_marks_as_words():
    texts = ["Well, it is (almost) done."]
    assert gopher_signals(texts, tokenizer="whitespace")["text_words"].to_list() == [5.0]
    assert gopher_signals(texts, tokenizer="spacy-like")["text_words"].to_list() == [9.0]


def test_a_language_may_have_stop_words_of_its_own():
    texts = ["der Hund und die Katze", "the dog and the cat", "der Hund", "the dog"]
    languages = ["de", "de", None, "fr"]
    own = {"de": ("der", "die", "und")}
    frame = gopher_signals(texts, tokenizer="whitespace", languages=languages, stop_words=own)
    assert frame["stop_words"].to_list() == [3.0, 0.0, 0.0, 1.0]


def test_mean_word_length_leaves_out_words_of_symbols_alone():
    assert measured("abc --- abcde ***")["mean_word_length"] == 4.0


def test_an_ellipsis_counts_in_both_spellings():
    assert measured("so ... and \u2026 on")["ellipsis_word_ratio"] == pytest.approx(2 / 5)


def test_a_chinese_full_stop_ends_a_line():
    assert measured("\u4f60\u597d\u3002\n\u518d\u89c1")["punctuated_line_ratio"] == 0.5


def test_a_line_is_short_up_to_the_limit_the_policy_gives():
    text = "four\nfives"
    assert measured(text, short=4)["short_line_ratio"] == 0.5
    assert measured(text, short=5)["short_line_ratio"] == 1.0


def test_repeated_lines_are_measured_against_all_characters_and_against_those_that_are_no_line_breaks():
    row = measured("abcd\nabcd")
    assert row["duplicate_line_char_ratio"] == pytest.approx(4 / 9)
    assert row["duplicated_line_chars_ratio"] == pytest.approx(4 / 8)
    assert row["duplicate_line_ratio"] == 0.5


def test_a_repeated_paragraph_counts_once_for_each_repetition():
    row = measured("one\ntwo\n\nthree\n\none\ntwo")
    assert row["duplicate_paragraph_ratio"] == pytest.approx(1 / 3)
    assert row["duplicate_paragraph_char_ratio"] == pytest.approx(7 / 23)


def test_the_first_of_equally_common_bigrams_counts():
    assert measured("aaa b aaa b c d c d")["top_2gram_char_ratio"] == pytest.approx(10 / 19)


def test_an_ngram_that_occurs_once_is_no_repetition():
    assert measured("never the same")["top_2gram_char_ratio"] == 0.0


def test_repeated_ngrams_do_not_count_a_character_twice():
    row = measured(" ".join(["a b c d e"] * 4))
    assert row["duplicate_5gram_char_ratio"] == pytest.approx(15 / 39)


def test_an_empty_text_has_lengths_but_no_ratio_of_words():
    row = measured("")
    assert (row["text_chars"], row["text_words"], row["alpha_word_ratio"]) == (0.0, 0.0, None)


def test_every_signal_has_a_column_of_its_own_in_the_schema():
    made = [
        *gopher_signals([], tokenizer="whitespace").columns,
        *clean_lines([], policy=C4Quality()).columns[2:],
        *fineweb_signals([], short_line_chars=30, tokenizer="whitespace").columns,
        *code_signals([]).columns,
        bad_word_ratio([], [], lists=BadWords()).name,
    ]
    assert len(set(made)) == len(made)
    assert set(made) <= {column.name for column in FILTER_SIGNALS}
