"""Decontamination: which texts repeat a benchmark's item, so that a model trained on them would have seen the answer.

Where items come from is `benchmark_items.py`'s; the machine code is `contamination_kernel.py`. What becomes of a text that
is found is the tiers'.

A text and an item have a run in common where at least `ngram` consecutive words are the same; runs count together where
the text has few words between them. An item counts as repeated when the words in such runs are many (`min_words`) and a
large share of the shorter of the two (`min_share`); one of fewer words than `min_words` only when it is there as a whole. In
scripts written without spaces a character is a word, and says half as much: the two numbers of words are doubled. Covered
words, as Llama 3 counts them (arXiv 2407.21783, section 5.1.4), find what the longest run alone does not, and runs of 5
words what runs of 7 do not: decisions/0007 has the figures.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import unescape

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tier_assets.policies.filtered import Contamination
from tier_assets.text import shingles
from tier_assets.text.buffers import ALONE, SPACE, WORD, Buffer, character_flags, chunks, pack
from tier_assets.text.normalization import normalize

RULE = "benchmark_overlap"
"""The rule that drops a contaminated text: its value is `run_words`, its threshold `min_words`."""

HITS = pl.Schema(
    {"item": pl.String, "benchmark": pl.String, "run_words": pl.Int64, "min_words": pl.Int64, "share": pl.Float64}
)
"""Columns of `find`."""

_APOSTROPHES = "'\u2019"
# The filter in front of the sorted keys lets one word in so many through that is none of them.
_BITS_PER_KEY = 32
_MIN_FILTER_BITS, _MAX_FILTER_BITS = 10, 30
_MAX_WORDS = 2**31
# Words of a text between two runs of one item. Runs far apart are phrases of a long page, not a question.
_MAX_GAP = 20
# A character as HTML writes it, left over where a page was escaped twice, or is quoted as it was written.
_REFERENCE = re.compile(r"&(?:amp;)?(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")
# As texts out of PDF files have them. Form KC of every text would take as long as all the rest.
_LIGATURES = "\ufb00\ufb01\ufb02\ufb03\ufb04"


@dataclass(frozen=True)
class Item:
    """One question of a benchmark. `name` is its id within the benchmark."""

    benchmark: str
    name: str
    text: str


@dataclass(frozen=True, eq=False)
class Index:
    """Every n-gram of the items' words: sorted distinct `keys`, of key i the postings first[i] to first[i + 1].

    A posting is an item and the place of its word among `words`, which holds the words' hashes, item after item.
    `min_words`: how many of an item's words a text must repeat.
    """

    items: tuple[Item, ...]
    policy: Contamination
    words: NDArray[np.uint64]
    starts: NDArray[np.int64]
    min_words: NDArray[np.int64]
    keys: NDArray[np.uint64]
    first: NDArray[np.int64]
    posting_items: NDArray[np.int32]
    posting_places: NDArray[np.int32]
    filter_bits: int
    bitmap: NDArray[np.uint8]


def words(text: str) -> list[str]:
    """Words as they are compared: those of `shingles.words`, after the apostrophes are gone, so that "don't" is "dont".

    Ligatures are letters, and characters that HTML writes by name are read.
    """
    return shingles.words(_read(text).translate(dict.fromkeys(map(ord, _APOSTROPHES))))


def build(items: Sequence[Item], policy: Contamination) -> Index:
    """The index of the items. An item of fewer words than `policy.min_item_words` cannot be found: it is ordinary speech.

    Memory: about 30 bytes per word of the items.
    """
    from tier_assets.text.contamination_kernel import all_grams, all_words, bitmap

    buffer = _packed([normalize(item.text) for item in items])
    hashes, starts = all_words(buffer.data, buffer.offsets, _kinds())
    if len(hashes) >= _MAX_WORDS:
        raise ValueError(f"an index holds at most {_MAX_WORDS:,} words")
    found, of_items, places = all_grams(hashes, starts, policy.ngram)
    lengths, weight = np.diff(starts), 1 + _unspaced_shares(items)
    searched = (lengths >= policy.min_item_words * weight)[of_items]
    found, of_items, places = found[searched], of_items[searched], places[searched]
    order = np.argsort(found, kind="stable")
    keys, first = np.unique(found[order], return_index=True)
    filter_bits = min(max(int(_BITS_PER_KEY * len(keys)).bit_length(), _MIN_FILTER_BITS), _MAX_FILTER_BITS)
    return Index(
        items=tuple(items),
        policy=policy,
        words=hashes,
        starts=starts,
        min_words=np.minimum(lengths, np.ceil(policy.min_words * weight).astype(np.int64)),
        keys=keys,
        first=np.append(first, len(found)).astype(np.int64),
        posting_items=of_items[order],
        posting_places=places[order],
        filter_bits=filter_bits,
        bitmap=bitmap(keys, filter_bits),
    )


def find(texts: Sequence[str], index: Index) -> pl.DataFrame:
    """One row per text, normalised, in order (`HITS`): the item it repeats most of, null where it repeats none.

    `run_words`: the item's words that lie in common runs, at least `min_words` of them; `share` (0..1): of the words of
    the shorter of the two. Of equals the item with more words in runs counts, then the first of the index. Exact up to
    collisions of 64-bit hashes.
    """
    parts, first = [], 0
    for chunk in chunks(texts):
        parts.append(_best(_overlaps(chunk, index), index).with_columns(pl.col("text") + first))
        first += len(chunk)
    rows = pl.DataFrame({"text": pl.int_range(len(texts), dtype=pl.Int64, eager=True)})
    found = pl.concat(parts) if parts else pl.DataFrame(schema={"text": pl.Int64, **HITS})
    return rows.join(found, on="text", how="left", maintain_order="left").select(HITS.names())


def _overlaps(texts: Sequence[str], index: Index) -> NDArray[np.int64]:
    from tier_assets.text.contamination_kernel import overlaps

    buffer = _packed(texts)
    return overlaps(
        buffer.data,
        buffer.offsets,
        _kinds(),
        buffer.longest,
        index.policy.ngram,
        index.filter_bits,
        index.bitmap,
        index.keys,
        index.first,
        index.posting_items,
        index.posting_places,
        index.words,
        index.starts,
        _MAX_GAP,
    )


def _best(pairs: NDArray[np.int64], index: Index) -> pl.DataFrame:
    """Of each text the item it repeats most of, if any: `text` and the columns of `HITS`."""
    frame = pl.DataFrame(pairs, schema=dict.fromkeys(("text", "number", "text_words", "run_words"), pl.Int64))
    numbers = pairs[:, 1]
    frame = frame.with_columns(
        item_words=pl.Series(np.diff(index.starts)[numbers], dtype=pl.Int64),
        min_words=pl.Series(index.min_words[numbers], dtype=pl.Int64),
    ).with_columns(share=(pl.col("run_words") / pl.min_horizontal("text_words", "item_words")).clip(upper_bound=1.0))
    enough = pl.col("run_words") >= pl.col("min_words")
    best = (
        frame.filter(enough & (pl.col("share") >= index.policy.min_share))
        .sort("text", "share", "run_words", "number", descending=[False, True, True, False])
        .unique("text", keep="first", maintain_order=True)
    )
    items = [index.items[number] for number in best["number"]]
    return best.select(
        "text",
        pl.Series("item", [item.name for item in items], pl.String),
        pl.Series("benchmark", [item.benchmark for item in items], pl.String),
        "run_words",
        "min_words",
        "share",
    )


def _unspaced_shares(items: Sequence[Item]) -> NDArray[np.float64]:
    """Share (0..1) of each item's characters of words that are words alone."""
    shares = np.zeros(len(items))
    for number, item in enumerate(items):
        if not item.text.isascii():
            kinds = character_flags()[np.frombuffer(item.text.encode("utf-32-le", "replace"), np.uint32)]
            shares[number] = np.count_nonzero(kinds & ALONE) / max(int(np.count_nonzero(kinds & WORD)), 1)
    return shares


def _packed(texts: Sequence[str]) -> Buffer:
    # The kernel reads capitals of ASCII as small letters: most texts need no copy.
    return pack([text if text.isascii() else text.lower() for text in map(_read, texts)])


def _read(text: str) -> str:
    if "&" in text:
        text = _REFERENCE.sub(lambda found: unescape(f"&{found[1]};"), text)
    if not text.isascii() and any(ligature in text for ligature in _LIGATURES):
        text = unicodedata.normalize("NFKC", text)
    return text


@cache
def _kinds() -> NDArray[np.uint8]:
    """`character_flags`, but SPACE is on whatever parts words: all but words' characters and apostrophes."""
    kinds = character_flags().copy()
    kinds[(kinds & WORD) == 0] |= SPACE
    kinds[[ord(mark) for mark in _APOSTROPHES]] = 0
    return kinds
