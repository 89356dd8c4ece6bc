r"""Every signal of a text: numbers that rules judge. Thresholds are in `rules.py`, the counting in `counters.py`.

Definitions follow the FineWeb recipe as datatrove publishes it (arXiv 2406.17557, and Gopher, arXiv 2112.11446), with
white space as the only thing that separates words: datatrove's default, spaCy, also counts punctuation marks as words.
Texts are normalised ones (`text/normalization.py`), whose only line break is `\n`.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from tier_assets.text.buffers import character_flags, chunks, pack
from tier_assets.text.shingles import word_hash

TOKENIZER = "whitespace-1"
"""Name and version of what a word is here: a run of non-space."""

SIGNALS = "gopher-fineweb-1"
"""Name and version of the definitions below: cached signals of another version are not used."""

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
"""Gopher's, compared as written, lower case."""


def _ratio(numerator: str, denominator: str | pl.Expr) -> pl.Expr:
    below = pl.col(denominator) if isinstance(denominator, str) else denominator
    return pl.when(below > 0).then(pl.col(numerator) / below)


_DEFINITIONS: dict[str, pl.Expr] = {
    "text_chars": pl.col("chars"),
    "text_words": pl.col("words"),
    # Gopher quality: Rae et al., table A1.
    "nonsymbol_words": pl.col("nonsymbol_words"),
    "mean_word_length": _ratio("nonsymbol_chars", "nonsymbol_words"),
    "hash_word_ratio": _ratio("hashes", "words"),
    "ellipsis_word_ratio": _ratio("ellipses", "words"),
    "bullet_line_ratio": _ratio("bullet_lines", "lines"),
    "ellipsis_line_ratio": _ratio("ellipsis_lines", "lines"),
    "alpha_word_ratio": _ratio("alpha_words", "words"),
    "stop_words": pl.col("stop_words"),
    # Gopher repetition: of n-grams of one length the commonest counts, the first of equals, if it occurs twice: in
    # datatrove once is enough, which calls a text repetitive for being short. A 5..10-gram seen before
    # counts and is stepped over, so that no character counts twice.
    "duplicate_line_ratio": _ratio("duplicate_lines", "content_lines"),
    "duplicate_line_char_ratio": _ratio("duplicate_line_chars", "chars"),
    "duplicate_paragraph_ratio": _ratio("duplicate_paragraphs", "paragraphs"),
    "duplicate_paragraph_char_ratio": _ratio("duplicate_paragraph_chars", "chars"),
    **{f"top_{n}gram_char_ratio": _ratio(f"top_{n}gram_chars", "chars") for n in (2, 3, 4)},
    **{f"duplicate_{n}gram_char_ratio": _ratio(f"duplicate_{n}gram_chars", "chars") for n in range(5, 11)},
    # FineWeb's own.
    "punctuated_line_ratio": _ratio("punctuated_lines", "content_lines"),
    "short_line_ratio": _ratio("short_lines", "content_lines"),
    "duplicated_line_chars_ratio": _ratio("duplicate_line_chars", pl.col("chars") - pl.col("line_breaks")),
    "newline_word_ratio": _ratio("line_breaks", "words"),
}


def signals(texts: Sequence[str], *, short_line_chars: int) -> pl.DataFrame:
    """One row per text, in order: `schemas.FILTER_SIGNALS` but `language_score`, all Float64.

    `short_line_chars` is what `short_line_ratio` calls short. A ratio whose denominator is 0 is null: an empty text
    has no words and no lines.
    """
    return counters(texts, short_line_chars=short_line_chars).select(
        expression.cast(pl.Float64).alias(name) for name, expression in _DEFINITIONS.items()
    )


def counters(texts: Sequence[str], *, short_line_chars: int) -> pl.DataFrame:
    """One row per text, in order: the columns of `counters.COUNTERS`, Int64."""
    from tier_assets.l1_filtered.counters import COUNTERS, count

    stops = np.array([word_hash(word.encode()) for word in STOP_WORDS], np.uint64)
    parts = [np.empty((0, len(COUNTERS)), np.int64)]
    for chunk in chunks(texts):
        buffer = pack(chunk)
        parts.append(count(buffer.data, buffer.offsets, character_flags(), stops, short_line_chars, buffer.longest))
    return pl.DataFrame(np.concatenate(parts), schema=dict.fromkeys(COUNTERS, pl.Int64))
