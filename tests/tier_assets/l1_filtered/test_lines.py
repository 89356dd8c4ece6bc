import json
import os
import re
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.l1_filtered.lines import clean_lines
from tier_assets.policies.filtered import C4Quality
from tier_assets.text.normalization import normalize

POLICY = C4Quality()


def cleaned(text: str, policy: C4Quality = POLICY) -> dict:
    return clean_lines([text], policy=policy).row(0, named=True)


def removed(row: dict) -> dict:
    return {name: count for name, count in row.items() if name.endswith("_lines") and count}


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("just two", "c4_few_word_lines"),
        (f"a word of {'x' * 1001} letters", "c4_long_word_lines"),
        ("Please enable JavaScript to go on.", "c4_javascript_lines"),
        ("This site uses cookies for you.", "c4_policy_lines"),
        ("Read our Privacy Policy and more.", "c4_policy_lines"),
    ],
)
def test_a_line_goes_by_the_rule_it_breaks(line, rule):
    row = cleaned(f"A line that stays.\n{line}\nAnother line that stays.")
    assert row["text"] == "A line that stays.\nAnother line that stays."
    assert removed(row) == {rule: 1}


def test_blank_lines_go_uncounted():
    row = cleaned("one two three\n\nfour five six")
    assert (row["text"], removed(row)) == ("one two three\nfour five six", {})


def test_citations_go_and_their_words_counted_before():
    assert cleaned("Water is wet.[1] Ice[edit] is cold[citation needed] [] [x].")["text"] == (
        "Water is wet. Ice is cold  [x]."
    )
    assert cleaned("Water wet [12]")["text"] == "Water wet"


def test_terminal_punctuation_is_asked_for_only_where_the_policy_says_so():
    text = 'This one does not\nThis one does.\nThis one trails off...\nHe said "so it is"'
    assert cleaned(text)["text"] == text
    row = cleaned(text, C4Quality(require_terminal_punctuation=True))
    assert row["text"] == 'This one does.\nHe said "so it is"'
    assert removed(row) == {"c4_unpunctuated_lines": 2}


def test_lorem_ipsum_and_curly_brackets_are_counted_on_the_lines_left():
    row = cleaned("Lorem Ipsum dolor sit\nint main() { return 0; }\njavascript { more words }")
    assert (row["c4_lorem_ipsum"], row["c4_curly_bracket"], row["c4_javascript_lines"]) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        ("The sum $\\frac{1}{n}$ of all these terms.", 0.0),
        ("The sum $$\\sum_{k}^{n} k$$ of all these terms.", 0.0),
        (r"The sum \(a_{k}\) and \[b_{k}\] of all these terms.", 0.0),
        (r"The sum \begin{align}a_{k}\end{align} of all these terms.", 0.0),
        ("The sum $5 and then {more} of all these terms.", 1.0),
        ("The sum $a_{k}$ and function() { return 1; } here.", 1.0),
    ],
)
def test_the_brackets_of_formulas_do_not_count(line, counted):
    assert clean_lines([line], policy=C4Quality())["c4_curly_bracket"].item() == counted


def test_a_curly_bracket_counts_before_a_notice_takes_its_line_away():
    row = cleaned("if (use cookies) { accept }")
    assert (row["c4_curly_bracket"], row["c4_policy_lines"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One here. Two there! Three where? Four", 4),
        ("A line with no stop\nand another such line", 2),
        ("It costs 3.5 dollars at example.org today.", 1),
        ("J. R. Smith came, e.g. by train.", 1),
        ("It went on... and on.", 1),
        ('He said "Stop." Then he left.', 2),
        ("\u6211\u4eec\u53bb\u4e86\u3002\u5929\u6c14\u5f88\u597d\uff01\u5f88\u5feb\u4e50\u3002", 3),
        ("\u0939\u092e \u0918\u0930 \u0917\u090f\u0964 \u0935\u0939 \u0906\u092f\u093e\u0964", 2),
    ],
)
def test_sentences_end_at_stops_of_any_script(text, sentences):
    assert cleaned(text)["c4_sentences"] == sentences


def test_a_chinese_line_has_a_word_for_every_character():
    text = "\u6211\u4eec\u4eca\u5929\u53bb\u5317\u4eac\u3002\n\u9996\u9875"
    assert cleaned(text)["text"] == "\u6211\u4eec\u4eca\u5929\u53bb\u5317\u4eac\u3002"


CODE = "```python\ndef f(x):\n    if x > {1}:\n        return None  # JavaScript, lorem ipsum\n\n    y\n```"


@pytest.mark.parametrize("code", [CODE, "```\n    a\n```", f"````\n{CODE}\n````", f"```\n{'x' * 1001}\n````"])
def test_code_between_fences_stays_as_it_is(code):
    row = cleaned(f"  A line that stays.\n\n{code}\n\ntwo words\nAnother line that stays.")
    assert row["text"] == f"A line that stays.\n{code}\nAnother line that stays."
    assert removed(row) == {"c4_few_word_lines": 1}
    assert (row["c4_lorem_ipsum"], row["c4_curly_bracket"]) == (0.0, 0.0)
    assert row["prose"] == "A line that stays.\nAnother line that stays."


def test_sentences_count_in_a_fence_too_as_whole_messages_stand_in_one():
    assert cleaned("```\nOne that stays. Two words.\nA line of it.\n```")["c4_sentences"] == 3


def test_texts_with_and_without_code_stay_in_order():
    found = clean_lines(["plain text here", f"{CODE}\n{{ a b }}", "", CODE, "more plain text"], policy=POLICY)
    assert found["text"].to_list() == ["plain text here", f"{CODE}\n{{ a b }}", "", CODE, "more plain text"]
    assert found["c4_curly_bracket"].to_list() == [0.0, 1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("fence", ["```", "```python", "a ```", "````\nx\n```", "`` `\nx\n``", "```\nx\n``` a"])
def test_a_fence_that_nothing_closes_is_none(fence):
    row = cleaned(f"A line that stays.\n{fence}\n    two words\nAnother line that stays.")
    assert row["text"] == "A line that stays.\nAnother line that stays."
    assert row["prose"] is None


def test_fences_after_one_that_nothing_closes_hold_code():
    row = cleaned("````\n```\n  x\n```\na line of words")
    assert row["text"] == "```\n  x\n```\na line of words"


def test_many_fences_take_time_linear_in_their_number():
    opened = "".join("`" * ticks + "\n" for ticks in range(1500, 2, -1)) + "```a\n" * 200_000
    assert cleaned(opened)["text"] == ""
    assert cleaned("```\n```\n" * 200_000)["text"].count("\n") == 399_999


def test_a_text_of_code_alone_has_no_other_prose():
    row = cleaned(CODE)
    assert (row["text"], row["prose"]) == (CODE, None)


@pytest.mark.parametrize("row", ["|a|b|", "|---|---|", "| a | | b |", "|x\\|y|z|"])
def test_a_row_of_two_cells_needs_neither_words_nor_punctuation(row):
    asking = C4Quality(require_terminal_punctuation=True)
    assert cleaned(row)["text"] == cleaned(row, asking)["text"] == row


@pytest.mark.parametrize("row", ["|a|", "| |a|", "|x\\|y|", "|a|b", "a|b|", "|", "||||", "|javascript|b|"])
def test_what_is_no_row_of_two_cells_or_breaks_another_rule_goes(row):
    assert cleaned(row)["text"] == ""


def test_phrases_of_the_policy_are_lower_cased_and_no_text_gives_no_row():
    assert cleaned("Sign Up for news now", C4Quality(notices=("Sign up",)))["text"] == ""
    assert clean_lines([], policy=POLICY).shape == (0, 10)


def cleaned_plainly(text: str) -> str | None:
    """The slow and obvious form for scripts written with spaces, None where lorem ipsum or a brace is left."""
    left = []
    for whole in text.split("\n"):
        words = whole.split()
        line = re.sub(r"\[\d*\]|\[edit\]|\[citation needed\]", "", whole.strip(), flags=re.ASCII)
        folded = line.lower()
        if len(words) < 3 or max(map(len, words)) > 1000:
            continue
        if "lorem ipsum" in folded or ("{" in line and "javascript" not in folded):
            return None
        if not any(phrase in folded for phrase in ("javascript", *POLICY.notices)):
            left.append(line)
    return "\n".join(left).strip()


PIECES = [
    "one",
    "two ",
    "JavaScript",
    "use cookies",
    "[1]",
    "[edit]",
    "[x",
    "\n",
    "\n\n",
    " ",
    "{",
    "Lorem ipsum",
    "a" * 1001,
]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_the_text_is_that_of_the_obvious_python(text):
    text, row = normalize(text), cleaned(normalize(text))
    expected = cleaned_plainly(text)
    assert (row["c4_lorem_ipsum"] + row["c4_curly_bracket"] > 0) == (expected is None)
    assert expected is None or row["text"] == expected


def test_real_texts_are_cleaned_as_the_obvious_python_cleans_them():
    if "STRATA_TEST_DATA" not in os.environ:
        pytest.skip("STRATA_TEST_DATA is not set: no real texts to clean")
    path = Path(os.environ["STRATA_TEST_DATA"]) / "quality" / "web_random_c4.jsonl.zst"
    with zstandard.open(path, "rt", encoding="utf-8") as lines:
        texts = [normalize(json.loads(line)["text"]) for line in lines]
    expected = [cleaned_plainly(text) for text in texts]
    found = clean_lines(texts, policy=POLICY)["text"].to_list()
    assert sum(text is not None for text in expected) > 900
    assert [own for own, text in zip(found, expected, strict=True) if text not in (own, None)] == []
