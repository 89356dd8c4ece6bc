import polars as pl

from tier_assets.text.counts import estimated_tokens, text_chars, text_words

TEXTS = pl.DataFrame({"text": ["Two words", "\u4f60\u597d\u3002\n\U0001f600", "", None]})


def test_characters_are_code_points():
    assert TEXTS.select(text_chars(pl.col("text")))["text_chars"].to_list() == [9, 5, 0, None]


def test_words_are_runs_of_non_space():
    assert TEXTS.select(text_words(pl.col("text")))["text_words"].to_list() == [2, 2, 0, None]


def test_tokens_are_estimated_from_characters():
    tokens = TEXTS.select(estimated_tokens(text_chars(pl.col("text")), chars_per_token=4.0))
    assert tokens["estimated_tokens"].to_list() == [2.25, 1.25, 0.0, None]
