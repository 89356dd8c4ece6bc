"""Machine code for pages of which no one element holds the main text: their lists, or all of their text that is no menu.

When they are asked says `choosing.py`. Import inside functions only (see `text/compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.l1_filtered.html.columns import CHARS, FIRST, KIND, LAST, LINKED, OWN, OWNER, PARENT, TAG
from tier_assets.l1_filtered.html.tags import CELL, COPYRIGHT, HEADING
from tier_assets.text.compiled import compiled

# An item of fewer characters is none; a tag that is not that of three items yet may give way to another.
_MIN_ITEM, _SETTLED = 10, 3


@compiled
def choose_list(
    blocks: NDArray[np.int32],
    elements: NDArray[np.int32],
    pruned: NDArray[np.bool_],
    menu_item_chars: int,
    min_items: int,
) -> tuple[NDArray[np.bool_], int]:
    """Blocks of the element with most text in children of one tag, links and all, and the characters of that text.

    Of each child `menu_item_chars` do not count, so that menus have none: what sets lists apart from them.
    """
    count = elements.shape[0]
    every = np.zeros(blocks.shape[0] + 1, np.int64)
    for number in range(blocks.shape[0]):
        every[number + 1] = every[number] + (0 if pruned[blocks[number, OWNER]] else blocks[number, CHARS])
    tags, items, chars = np.zeros(count, np.int32), np.zeros(count, np.int32), np.zeros(count, np.int64)
    for number in range(1, count):
        element, parent = elements[number], elements[number, PARENT]
        held = every[element[LAST]] - every[element[FIRST]]
        if pruned[number] or element[OWN] & CELL or held < _MIN_ITEM:
            continue
        if tags[parent] != element[TAG]:
            if items[parent] >= _SETTLED:
                continue
            tags[parent], items[parent], chars[parent] = element[TAG], 0, 0
        items[parent] += 1
        chars[parent] += max(0, held - menu_item_chars)
    best, most = 0, 0
    for number in range(1, count):
        if items[number] >= min_items and chars[number] > most:
            best, most = number, chars[number]
    chosen = np.zeros(blocks.shape[0], np.bool_)
    for number in range(elements[best, FIRST], elements[best, LAST]):
        chosen[number] = most > 0 and not pruned[blocks[number, OWNER]]
    return chosen, most


@compiled
def choose_all(blocks: NDArray[np.int32], pruned: NDArray[np.bool_], max_link_density: float) -> NDArray[np.bool_]:
    """All blocks that are not pruned and hardly links, and all headings."""
    chosen = np.zeros(blocks.shape[0], np.bool_)
    for number in range(blocks.shape[0]):
        block = blocks[number]
        good = block[LINKED] <= max_link_density * block[CHARS] or block[KIND] & HEADING != 0
        chosen[number] = good and not pruned[block[OWNER]] and not block[KIND] & COPYRIGHT
    return chosen
