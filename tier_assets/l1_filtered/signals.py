r"""Every signal of a text that words and lines give: numbers that rules judge. Thresholds are in `rules.py`.

The counting is in `word_kernel.py`, `ngram_kernel.py` and `line_kernel.py`; C4's signals are in `lines.py`, those of
source code in `code.py`, bad words in `bad_words.py`. Definitions follow the FineWeb recipe as datatrove publishes it
(arXiv 2406.17557, and Gopher, arXiv 2112.11446); docs/agreement.md says how far. Texts are normalised ones
(`text/normalization.py`), whose only line break is `\n`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tier_assets.policies.filtered import Tokenizer
from tier_assets.text.buffers import character_flags, chunks, pack

TOKENIZERS: Mapping[Tokenizer, str] = MappingProxyType({"whitespace": "whitespace-1", "spacy-like": "spacy-like-1"})
"""Name and version of each tokenizer: a run of non-space; or that, with punctuation marks and n't, 's, ... split off."""

SIGNALS = "gopher-fineweb-c4-code-2"
"""Name and version of all signals: cached ones of another version are not used."""

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
"""Gopher's, compared as written, lower case."""

Kind = Literal["words", "word_count", "lines", "ngrams"]

_CHUNK_CHARS = 4_000_000
_NO_STOP_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def _ratio(numerator: str, denominator: str) -> pl.Expr:
    return pl.when(pl.col(denominator) > 0).then(pl.col(numerator) / pl.col(denominator))


_GOPHER: dict[str, pl.Expr] = {
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
}
_FINEWEB: dict[str, pl.Expr] = {
    "punctuated_line_ratio": _ratio("punctuated_lines", "content_lines"),
    "short_line_ratio": _ratio("short_lines", "content_lines"),
    "duplicated_line_chars_ratio": _ratio("duplicate_line_chars", "line_chars"),
    "newline_word_ratio": _ratio("line_breaks", "words"),
}


def gopher_signals(
    texts: Sequence[str],
    *,
    tokenizer: Tokenizer,
    languages: Sequence[str | None] | None = None,
    stop_words: Mapping[str, tuple[str, ...]] = _NO_STOP_WORDS,
) -> pl.DataFrame:
    """One row per text, in order: lengths and Gopher's signals of quality and repetition, all Float64.

    A text whose language (of `languages`, one per text) has an entry in `stop_words` is searched for those; any other
    for `STOP_WORDS`. A ratio whose denominator is 0 is null: an empty text has no words and no lines.
    """
    known = dict.fromkeys(stop_words)
    lists = [STOP_WORDS, *stop_words.values()]
    numbers = {language: number for number, language in enumerate(known, 1)}
    which = np.array([numbers.get(language or "", 0) for language in languages or [None] * len(texts)], np.int64)
    return counters(texts, tokenizer=tokenizer, stop_words=lists, which=which).select(_as_floats(_GOPHER))


def fineweb_signals(texts: Sequence[str], *, short_line_chars: int, tokenizer: Tokenizer) -> pl.DataFrame:
    """One row per text, in order: FineWeb's own signals, Float64. `short_line_chars`: what `short_line_ratio` calls short."""
    counted = counters(texts, tokenizer=tokenizer, short_line_chars=short_line_chars, kinds=("word_count", "lines"))
    return counted.select(_as_floats(_FINEWEB))


def _as_floats(definitions: dict[str, pl.Expr]) -> list[pl.Expr]:
    return [expression.cast(pl.Float64).alias(name) for name, expression in definitions.items()]


def counters(
    texts: Sequence[str],
    *,
    tokenizer: Tokenizer,
    short_line_chars: int = 0,
    kinds: Sequence[Kind] = ("words", "lines", "ngrams"),
    stop_words: Sequence[tuple[str, ...]] = (STOP_WORDS,),
    which: NDArray[np.int64] | None = None,
) -> pl.DataFrame:
    """One row per text, in order: the counters of the kernels of some `kinds`, Int64.

    N-grams need words; where words are only to be counted, `word_count` takes a fifth of the time. `which` says for each
    text which list of `stop_words` is meant; without it, the first.
    """
    from tier_assets.l1_filtered.line_kernel import LINE_COUNTERS, count_lines, count_runs
    from tier_assets.l1_filtered.ngram_kernel import NGRAM_COUNTERS, count_ngrams
    from tier_assets.l1_filtered.punctuation_kernel import find_cuts
    from tier_assets.l1_filtered.word_kernel import WORD_COUNTERS, find_words

    of_kind: dict[Kind, Sequence[str]] = {
        "words": tuple(WORD_COUNTERS),
        "word_count": ("words",),
        "lines": tuple(LINE_COUNTERS),
        "ngrams": tuple(NGRAM_COUNTERS),
    }
    names = [name for kind, some in of_kind.items() if kind in kinds for name in some]
    chosen = np.zeros(len(texts), np.int64) if which is None else which
    flat = pack([word for words in stop_words for word in words])
    stops = flat.data, flat.offsets, np.cumsum([0, *map(len, stop_words)], dtype=np.int64)
    flags = character_flags()
    parts = [np.empty((0, len(names)), np.int64)]
    done = 0
    for chunk in chunks(texts, _CHUNK_CHARS):
        buffer = pack(chunk)
        data, offsets = buffer.data, buffer.offsets
        counted = []
        cuts, found = np.array([data.size + 1]), np.empty(0, np.int64)
        if tokenizer == "spacy-like":
            cuts, found = find_cuts(data, offsets, flags)
        elif "word_count" in kinds:
            found = count_runs(data, offsets, flags)
        if "words" in kinds:
            lists = chosen[done : done + len(chunk)]
            hashes, lengths, starts, words = find_words(data, offsets, flags, cuts, stops, lists)
            counted.append(words)
        if "word_count" in kinds:
            counted.append(found[:, None])
        if "lines" in kinds:
            counted.append(count_lines(data, offsets, flags, short_line_chars))
        if "ngrams" in kinds:
            counted.append(count_ngrams(hashes, lengths, starts))
        parts.append(np.hstack(counted))
        done += len(chunk)
    return pl.DataFrame(np.concatenate(parts), schema=dict.fromkeys(names, pl.Int64))
