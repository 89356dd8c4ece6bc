"""Main text of an HTML page by our own scanner: one pass over its bytes, in machine code.

The bytes become tags (`tag_kernel.py`), the tags blocks and elements (`block_kernel.py`, `columns.py`), of which some are
the main text (`choosing.py`) and are written down (`writing_kernel.py`). What replaces it where it finds next to nothing
says `extraction.py`.
"""

import html
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tier_assets.l1_filtered.html.choosing import choose
from tier_assets.l1_filtered.html.tags import MATHEMATICS, RIGHTS, tables
from tier_assets.policies.filtered import Scanner

_SHORTEST_TAG = len("<p>")


class Page(NamedTuple):
    """A page as it was read: what `main_text_of` chooses from, and what its attributes hint at.

    Of a page with more than `max_tags`, `tags` is one more, and all after them is text. `depth` is that of
    elements that are blocks; `markup` is what was read.
    """

    markup: NDArray[np.uint8]
    text: NDArray[np.uint8]
    blocks: NDArray[np.int32]
    elements: NDArray[np.int32]
    tags: int
    depth: int
    title: str | None
    has_mathematics: bool
    has_rights: bool


def read_page(data: NDArray[np.uint8], *, max_tags: int) -> Page:
    """A page in UTF-8 with its padding (`buffers.padded`), read in time linear in its length up to `max_tags`.

    The title's white space is as it stands.
    """
    # Imported here: numba takes half a second.
    from tier_assets.l1_filtered.html.block_kernel import build
    from tier_assets.l1_filtered.html.tag_kernel import find_tags

    known, most = tables(), min(len(data) // _SHORTEST_TAG, max_tags) + 1
    tokens, start, end, signs = find_tags(data, most, *known.tags, known.flags, *known.words)
    text, blocks, elements, depth = build(data, tokens, known.flags, *known.entities)
    title = html.unescape(data[start:end].tobytes().decode("utf-8", "replace")) if end > start else None
    hints = bool(signs & MATHEMATICS), bool(signs & RIGHTS)
    return Page(data, text, blocks, elements, len(tokens), depth, title, *hints)


def main_text_of(page: Page, *, policy: Scanner) -> tuple[str, int]:
    """The main text as lines, in the page's order, and its characters without what marks its structure.

    What marks structure says `writing_kernel.py`; which blocks are chosen, `choosing.py`.
    """
    from tier_assets.l1_filtered.html.choice_kernel import chars_of
    from tier_assets.l1_filtered.html.writing_kernel import write

    chosen = choose(page.blocks, page.elements, policy=policy)
    text = write(page.markup, page.text, page.blocks, page.elements, chosen).tobytes().decode("utf-8", "replace")
    return text, chars_of(page.blocks, chosen)
