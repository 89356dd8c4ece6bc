"""C4's rules on lines: what is taken out of a text before FineWeb's signals are measured and it is stored.

The rules on documents (lorem ipsum, curly brackets, too few sentences) are thresholds in `rules.py`, on signals from
here; the work on bytes is in `clean_kernel.py`. Method: Raffel et al., arXiv 1910.10683, section 2.2, in the form of the
FineWeb recipe.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tier_assets.policies.filtered import C4Quality
from tier_assets.text.buffers import character_flags, chunks, pack

CLEANING = "c4-lines-3"
"""Name and version of the rules below: texts cleaned by another version are not used."""

_LOREM_IPSUM, _JAVASCRIPT = "lorem ipsum", "javascript"
_MATHEMATICS = re.compile(
    r"\$\$.{1,2000}?\$\$|\$[^$\n]{1,400}\$|\\\(.{1,400}?\\\)|\\\[.{1,2000}?\\\]|\\begin\{\w+\*?\}.{1,4000}?\\end\{\w+\*?\}",
    re.DOTALL,
)
_CHUNK_CHARS = 4_000_000
_CURLY, _SENTENCES = 6, 7
# A line that opens code, or closes it if nothing follows the ticks.
_FENCE = re.compile(r"^(`{3,})([^`\n]*)$", re.MULTILINE)


def clean_lines(texts: Sequence[str], *, policy: C4Quality) -> pl.DataFrame:
    r"""One row per text, in order: `text`, cleaned, `prose`, and Float64 counts of lines removed and signals left.

    Of each line the white space at its ends goes, then citations: `[1]`, `[]`, `[edit]`, `[citation needed]`. A line
    goes that has a word of more than `max_word_chars` characters, does not end in `. ! ? " '` (if
    `require_terminal_punctuation`), has fewer than `min_line_words` words, javascript or one of `notices` in it, upper or
    lower case; the first of these counts (`c4_long_word_lines`, `c4_unpunctuated_lines`, `c4_few_word_lines`,
    `c4_javascript_lines`, `c4_policy_lines`). Blank lines go, uncounted. `c4_lorem_ipsum` and `c4_curly_bracket` are lines
    left with these in them, `c4_sentences` is how many sentences they have.

    Curly brackets between the marks of LaTeX do not count: C4 drops programs by them, and extraction wrote the formulas.

    A line of two or more cells, `| a | b |`, needs neither words nor punctuation. Code stays as it is, byte for byte: what
    stands from a line of three or more backticks, which may name a language, to one of as many or more. Of its lines
    the sentences count as ever, and nothing else: extraction writes `<pre>` so, and prose may stand there too. `prose`
    is what is left beside code; null without code, and where nothing is.

    Phrases are looked for in every language: a French page's notice in English is no more worth keeping, and a match
    costs one line. In scripts written without spaces each character is a word, or three words to a line would mean
    three clauses, and no line of a Chinese page would stay.
    """
    from tier_assets.l1_filtered.clean_kernel import CLEAN_COUNTERS

    cleaned, counters, ticked = _cleaned(texts, policy)
    rest: list[str | None] = [None] * len(texts)
    # Few texts have code: it is cheaper to clean these again than to look for it in all.
    for number in np.flatnonzero(ticked).tolist():
        pieces = _pieces(texts[number])
        if len(pieces) > 1:
            parts, counted, _ = _cleaned(pieces, policy)
            counted[1::2, :_SENTENCES] = 0
            counters[number] = counted.sum(axis=0)
            rest[number] = "\n".join(filter(None, parts[::2])) or None
            parts[1::2] = pieces[1::2]
            cleaned[number] = "\n".join(filter(None, parts))
    frame = pl.DataFrame(counters, schema=dict.fromkeys(CLEAN_COUNTERS, pl.Float64))
    return frame.insert_column(0, pl.Series("text", cleaned, pl.String)).insert_column(
        1, pl.Series("prose", rest, pl.String)
    )


def _cleaned(texts: Sequence[str], policy: C4Quality) -> tuple[list[str], NDArray[np.float64], NDArray[np.int64]]:
    """The texts and their counters as if there were no code, and how many lines of each start with a backtick."""
    from tier_assets.l1_filtered.clean_kernel import CLEAN_COUNTERS, Limits, clean

    phrases = pack([_LOREM_IPSUM, _JAVASCRIPT, *(phrase.lower() for phrase in policy.notices)])
    limits = Limits(policy.max_word_chars, policy.min_line_words, policy.require_terminal_punctuation)
    cleaned: list[str] = []
    counts = [np.empty((0, len(CLEAN_COUNTERS) + 1), np.int64)]
    for chunk in chunks(texts, _CHUNK_CHARS):
        buffer = pack(chunk)
        data, offsets, counted = clean(
            buffer.data, buffer.offsets, character_flags(), phrases.data, phrases.offsets, limits
        )
        # What has lost nothing is what it was: half of all texts need not be decoded.
        changed = np.diff(offsets) != np.diff(buffer.offsets)
        kept = data.data
        for text, (start, end), other in zip(chunk, pairwise(offsets.tolist()), changed.tolist(), strict=True):
            cleaned.append(str(kept[start:end], "utf-8") if other else text)
        counts.append(counted)
    counted = np.concatenate(counts)
    counters = counted[:, :-1].astype(np.float64)
    for number in np.flatnonzero(counters[:, _CURLY]).tolist():
        counters[number, _CURLY] = _code_brackets(cleaned[number], counters[number, _CURLY])
    return cleaned, counters, counted[:, -1]


def _pieces(text: str) -> list[str]:
    """The text as prose, code with its fences, prose, and so on; prose, perhaps empty, at both ends."""
    fences = [(fence.start(), fence.end(), len(fence[1]), not fence[2].strip()) for fence in _FENCE.finditer(text)]
    pieces, done, opening, unclosed = [], 0, 0, len(text)
    while opening < len(fences):
        start, _, ticks, _ = fences[opening]
        opening += 1
        # Where nothing closes so many ticks, nothing closes more: few searches go to the end.
        if ticks >= unclosed:
            continue
        for closing in range(opening, len(fences)):
            _, end, others, bare = fences[closing]
            if bare and others >= ticks:
                pieces += [text[done:start], text[start:end]]
                done, opening = end, closing + 1
                break
        else:
            unclosed = ticks
    return [*pieces, text[done:]]


def _code_brackets(text: str, count: float) -> float:
    """Lines with a curly bracket that is none of LaTeX's, of a text with `count` lines with any."""
    if not count or not _MATHEMATICS.search(text):
        return count
    return float(sum("{" in line for line in _MATHEMATICS.sub("", text).split("\n")))
