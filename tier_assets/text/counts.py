"""How long texts are: characters and words exactly, tokens as an estimate. Signals made of them are L1's."""

import polars as pl


def text_chars(text: pl.Expr) -> pl.Expr:
    """Characters (Unicode code points) of a String expression, Int64; null stays null."""
    return text.str.len_chars().cast(pl.Int64).alias("text_chars")


def text_words(text: pl.Expr) -> pl.Expr:
    """Runs of non-space of a String expression, Int64; null stays null. White space as Unicode defines it."""
    return text.str.count_matches(r"\S+").cast(pl.Int64).alias("text_words")


def estimated_tokens(chars: pl.Expr, chars_per_token: float) -> pl.Expr:
    """Tokens where no model counted them: characters / `chars_per_token` (policy.cost), Float64; shown with `~`."""
    return (chars / chars_per_token).cast(pl.Float64).alias("estimated_tokens")
