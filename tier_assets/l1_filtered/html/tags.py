"""What the scanner knows of tags, entities and the words of class attributes, as tables for machine code.

Reading a page with them is `tag_kernel.py`'s and `block_kernel.py`'s.
"""

import html.entities
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BREAKS, VOID, RAW, HIDDEN, LINK, NEWLINE = 1, 2, 4, 8, 16, 32
"""Ends the block before it; has no end tag; holds no markup; shows no text; text in it is a link's; is a line break."""
PARAGRAPH, HEADING, ITEM, CELL, ROW, TABLE, LIST, PRE = 64, 128, 256, 512, 1024, 2048, 4096, 8192
"""Running text; and what the structure of a text rests on."""
ASIDE, MAIN, NOSCRIPT, COPYRIGHT = 1 << 14, 1 << 15, 1 << 16, 1 << 17
"""Beside the main text, the main text, or for want of scripts, by its tag; and of a block, that it has a copyright sign."""
HEAD, TITLE, BODY, P, ENTRY, ANCHOR, H1 = 1 << 18, 1 << 19, 1 << 20, 1 << 21, 1 << 22, 1 << 23, 1 << 24
MATH, DESCRIBES, IMAGE = 1 << 25, 1 << 26, 1 << 27
"""Tags with rules of their own; ENTRY is what its like ends, as the items of a list do; DESCRIBES the page, or a script."""
INHERITED = HIDDEN | PRE | ASIDE | NOSCRIPT | CELL | HEADING
"""What an element hands down to those within it."""
FOOT, NOTICE, NAVIGATION, SIDE, META, COMMENT, CONTENT, FORUM = 1, 2, 4, 8, 16, 32, 64, 128
"""What a word of a class says: all up to COMMENT stand beside the main text."""
MATHEMATICS, RIGHTS = 256, 512
"""What a word of an attribute hints at: formulas that `mathematics.py` reads, rights that `rights.py` does."""

_BY_FLAG = {
    BREAKS: "html head body p pre td th blockquote li dt dd h1 h2 h3 h4 h5 h6 figcaption caption nav footer aside dialog menu"
    " div section article main ul ol dl tr table tbody thead tfoot form fieldset header figure center address details summary"
    " hgroup legend optgroup hr noscript listing xmp",
    VOID: "br img input hr meta link area base col embed source track wbr param",
    RAW: "script style textarea title iframe noembed noframes xmp",
    HIDDEN: "svg template canvas object video audio select math datalist map applet rp",
    LINK: "a button label",
    NEWLINE: "br",
    PARAGRAPH: "p pre td th blockquote li dt dd h1 h2 h3 h4 h5 h6 figcaption caption summary address",
    HEADING: "h1 h2 h3 h4 h5 h6",
    ITEM: "li",
    CELL: "td th",
    ROW: "tr",
    TABLE: "table",
    LIST: "ul ol dl",
    PRE: "pre listing",
    ASIDE: "nav footer aside dialog menu figcaption",
    MAIN: "main article",
    NOSCRIPT: "noscript",
    HEAD: "head",
    TITLE: "title",
    BODY: "html body",
    P: "p",
    ENTRY: "li dt dd",
    ANCHOR: "a",
    H1: "h1",
    MATH: "math",
    IMAGE: "img",
    DESCRIBES: "meta script",
}
# Each group by what it is worth, measured as in `choosing.py` (mean F1 of .905 without it): FOOT .901, NOTICE .901,
# NAVIGATION .903, SIDE .903, META .903, none of the five .889, COMMENT .901. Words that lost on both halves of the pages are
# left out: banner, overlay, tag, extra, side.
_WORDS = {
    FOOT: "footer foot ftr copyright colophon credits legal disclaimer",
    NOTICE: "cookie cookies consent gdpr privacy popup modal dialog tooltip",
    NAVIGATION: "nav navigation navbar menu submenu megamenu mega breadcrumb breadcrumbs topbar toolbar header masthead"
    " pagination pager subnav",
    SIDE: "sidebar aside rail widget widgets related popular trending latest recommended recommend promo sponsored"
    " sponsor advert ads ad newsletter subscribe signup login social share sharing sharedaddy rss poll headlines",
    META: "byline author bio date timestamp meta metadata caption credit vcard",
    COMMENT: "comment comments respond reply replies disqus",
    CONTENT: "article body content entry post story text prose richtext wysiwyg rte main description",
    FORUM: "topic topics thread threads forum forums",
    MATHEMATICS: "math katex mathjax latex tex mwe asciimath mathml mathtex mimetex codecogs",
    RIGHTS: "noai noimageai tdm license licence rights",
}
PRIME, MULTIPLIER, SHIFT = 0x100000001B3, 0x9E3779B97F4A7C15, 40
LEGACY = 1 << 24
"""Marks the code point of an entity that needs no semicolon."""
LONGEST = 16
"""Bytes of the longest names that tags and words of attributes have."""
_SLOTS, _ENTITY_SLOTS, _64_BITS = 512, 8192, (1 << 64) - 1


class Table(NamedTuple):
    """An open hash table: numbers that stand for names, 0 where a slot is free, and their values."""

    keys: NDArray[np.uint64]
    values: NDArray[np.int64]


class Tables(NamedTuple):
    """What reading a page looks up: a tag's number, flags by that number, an entity's code point, flags of a class's word."""

    tags: Table
    flags: NDArray[np.int64]
    entities: Table
    words: Table


def digest(name: str) -> int:
    """FNV-1 of a name, from zero."""
    found = 0
    for byte in name.encode():
        found = found * PRIME & _64_BITS ^ byte
    return found


def packed(name: str) -> int:
    """A name of at most `LONGEST` bytes as a number: for one of up to eight its bytes themselves, the first as the lowest."""
    data = name.encode()
    assert len(data) <= LONGEST
    return int.from_bytes(data[:8], "little") ^ int.from_bytes(data[8:], "little") * MULTIPLIER & _64_BITS


def table(values: dict[str, int], slots: int, *, key_of: Callable[[str], int]) -> Table:
    """The hash table of some names; `slots` is a power of two beyond their number."""
    keys, found = np.zeros(slots, np.uint64), np.zeros(slots, np.int64)
    for name, value in values.items():
        key = key_of(name)
        slot = (key * MULTIPLIER & _64_BITS) >> SHIFT & slots - 1
        while keys[slot]:
            slot = slot + 1 & slots - 1
        keys[slot], found[slot] = key, value
    return Table(keys, found)


def tag_flags() -> dict[str, int]:
    """Flags by tag, of all tags that the scanner knows."""
    flags: dict[str, int] = {}
    for flag, names in _BY_FLAG.items():
        for name in names.split():
            flags[name] = flags.get(name, 0) | flag
    return flags


def word_flags() -> dict[str, int]:
    """Flags by word."""
    return {word: flag for flag, words in _WORDS.items() for word in words.split()}


@cache
def tables() -> Tables:
    """The tables, made once, in some milliseconds."""
    flags = tag_flags()
    references = {name.rstrip(";"): value for name, value in html.entities.html5.items() if len(value) == 1}
    legacy = {name for name in html.entities.html5 if not name.endswith(";")}
    return Tables(
        table({name: number for number, name in enumerate(flags, 1)}, _SLOTS, key_of=packed),
        np.array([0, *flags.values()], np.int64),
        table(
            {name: ord(value) | (LEGACY if name in legacy else 0) for name, value in references.items()},
            _ENTITY_SLOTS,
            key_of=digest,
        ),
        table(word_flags(), _SLOTS, key_of=packed),
    )
