"""Texts as one UTF-8 buffer with offsets, and the table of what each character is: what kernels read.

The kernels are the modules whose names end in `_kernel`, here and in L1.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

SPACE, LETTER, SYMBOL, TERMINAL, WORD, ALONE = 1, 2, 4, 8, 16, 32
"""Flags of a character: white space; alphabetic; punctuation or symbol; ends a sentence; `\\w`; a word by itself."""

CHUNK_BYTES = 32_000_000
"""Kernels take about so many bytes at once: large enough to pay for the call, small beside the 4 GB of a run."""

# Unicode 16, PropList.txt, Sentence_Terminal=Yes, basic plane; then the ellipsis, which ends sentences too, and the
# quotation marks and brackets that may follow a stop.
_SENTENCE_END = (
    "!.?\u0589\u061d\u061e\u061f\u06d4\u0700\u0701\u0702\u07f9\u0837\u0839\u083d\u083e\u0964\u0965\u104a\u104b"
    "\u1362\u1367\u1368\u166e\u1735\u1736\u17d4\u17d5\u1803\u1809\u1944\u1945\u1aa8\u1aa9\u1aaa\u1aab\u1b4e\u1b4f"
    "\u1b5a\u1b5b\u1b5e\u1b5f\u1b7d\u1b7e\u1b7f\u1c3b\u1c3c\u1c7e\u1c7f\u2024\u203c\u203d\u2047\u2048\u2049\u2cf9"
    "\u2cfa\u2cfb\u2e2e\u2e3c\u2e53\u2e54\u3002\ua4ff\ua60e\ua60f\ua6f3\ua6f7\ua876\ua877\ua8ce\ua8cf\ua92f\ua9c8"
    "\ua9c9\uaa5d\uaa5e\uaa5f\uaaf0\uaaf1\uabeb\ufe12\ufe15\ufe16\ufe52\ufe56\ufe57\uff01\uff0e\uff1f\uff61"
)
_AFTER_A_STOP = "\u2026\"'\u2019\u201d\u00bb\u203a\u300b\u300d\u300f\uff02\uff09\uff63"
TERMINAL_PUNCTUATION = frozenset(_SENTENCE_END + _AFTER_A_STOP)
"""A line that ends in one of these counts as punctuated. C4 knew only `. ! ? "`; FineWeb's recipe takes all scripts."""

# Scripts written without spaces between words: Han, kana, Thai, Lao, Tibetan, Myanmar, Khmer.
ALONE_RANGES = (
    *((0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B), (0x3041, 0x30FF), (0x31F0, 0x31FF)),
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x20000, 0x3FFFD)),
    *((0x0E00, 0x0E7F), (0x0E80, 0x0EFF), (0x0F00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF)),
)
_CODE_POINTS = 0x110000
_BEYOND_SYMBOLS = 0x20000

PADDING = 64
"""Zero bytes behind the data of kernels that look at so many at once (`vectors.py`)."""


@dataclass(frozen=True)
class Buffer:
    """Texts i = data[offsets[i]:offsets[i + 1]] in UTF-8. `data` is uint8, `offsets` int64, one longer than texts."""

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @property
    def longest(self) -> int:
        """Bytes of the longest text; 0 without texts."""
        return int(np.diff(self.offsets).max(initial=0))


def pack(texts: Sequence[str]) -> Buffer:
    """The texts as one buffer, in order. A lone surrogate becomes `?`."""
    encoded = [text.encode("utf-8", "replace") for text in texts]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(data) for data in encoded], out=offsets[1:])
    return Buffer(np.frombuffer(b"".join(encoded), np.uint8), offsets)


def padded(data: bytes) -> NDArray[np.uint8]:
    """The bytes with `PADDING` zero bytes behind them."""
    return np.frombuffer(data + bytes(PADDING), np.uint8)


def chunks(texts: Sequence[str], chunk_chars: int = CHUNK_BYTES) -> Iterator[Sequence[str]]:
    """The texts in runs of at most `chunk_chars` characters, in order; a longer text is a run of its own."""
    start, size = 0, 0
    for index, text in enumerate(texts):
        if index > start and size + len(text) > chunk_chars:
            yield texts[start:index]
            start, size = index, 0
        size += len(text)
    if start < len(texts):
        yield texts[start:]


@cache
def character_flags() -> NDArray[np.uint8]:
    """What each code point is, uint8[0x110000], a sum of the flags above; made once in a process (0.2 s)."""
    points = np.arange(_CODE_POINTS, dtype=np.uint32)
    # A view as strings drops U+0000 (it ends them) and may hold surrogates, which belong to no class anyway.
    characters: Any = points.view("U1")
    flags = np.zeros(_CODE_POINTS, np.uint8)
    flags[np.char.isspace(characters)] |= SPACE
    flags[np.char.isalpha(characters)] |= LETTER
    flags[np.char.isalnum(characters)] |= WORD
    flags[ord("_")] |= WORD
    flags[_symbols(flags)] |= SYMBOL
    flags[[ord(character) for character in TERMINAL_PUNCTUATION]] |= TERMINAL
    for first, last in ALONE_RANGES:
        alone = flags[first : last + 1]
        alone[(alone & WORD) > 0] |= ALONE
    return flags


def _symbols(flags: NDArray[np.uint8]) -> list[int]:
    # Asked of each: no letter is one, and beyond the first two planes there are ideographs, tags and private use alone.
    asked = np.flatnonzero(flags[:_BEYOND_SYMBOLS] & LETTER == 0).tolist()
    return [point for point in asked if unicodedata.category(chr(point))[0] in "PS"]
