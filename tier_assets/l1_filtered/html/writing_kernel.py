"""Machine code that writes the chosen blocks of a page as text that keeps its structure.

One block a line; items of lists with "- "; rows of tables as "| a | b |", unless the table only places text on the page;
<pre> between lines of "```". Which blocks are chosen is `choice_kernel.py`'s. Import inside functions only (see
`text/compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.l1_filtered.html.columns import CHARS, END, KIND, LAST, OWN, OWNER, PARENT, START
from tier_assets.l1_filtered.html.tags import CELL, ITEM, PRE, ROW
from tier_assets.text.buffers import PADDING
from tier_assets.text.compiled import borrowing, compiled
from tier_assets.text.vectors import copy, count, equal

_NEWLINE, _SPACE, _BAR, _BACKSLASH, _DASH, _TICK = 10, 32, 124, 92, 45, 96
# A cell of more blocks, or of more characters, is a part of a page and not of a table; an item of more blocks holds a post.
_MAX_CELL_BLOCKS, _MAX_CELL_CHARS, _MAX_ITEM_BLOCKS = 3, 400, 3
_FENCE = 4


@borrowing
def _put(out: NDArray[np.uint8], to: int, byte: int) -> int:
    out[to] = byte
    return to + 1


@borrowing
def _bars(text: NDArray[np.uint8], start: int, end: int) -> int:
    """How many vertical bars stand from `start` to `end`, or so many more that do just behind."""
    found = 0
    for at in range(start, end, PADDING):
        found += count(equal(text, at, _BAR))
    return found


@borrowing
def _fence(out: NDArray[np.uint8], to: int) -> int:
    for at in range(to, to + _FENCE - 1):
        out[at] = _TICK
    out[to + _FENCE - 1] = _NEWLINE
    return to + _FENCE


@compiled
def _nearest(elements: NDArray[np.int32], flag: int, outermost: bool) -> NDArray[np.int32]:
    """For each element, the nearest of a flag that it is or is in (or the outermost); 0 for none."""
    found = np.zeros(elements.shape[0], np.int32)
    for number in range(1, elements.shape[0]):
        above = found[elements[number, PARENT]]
        found[number] = number if elements[number, OWN] & flag and not (outermost and above) else above
    return found


@compiled
def _data_rows(
    blocks: NDArray[np.int32], elements: NDArray[np.int32], chosen: NDArray[np.bool_], rows: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Which elements are rows of data: two or more cells with text, none of them long, none with a row or code in it."""
    cells = _nearest(elements, CELL, False)
    filled, spoilt = np.zeros(elements.shape[0], np.int32), np.zeros(elements.shape[0], np.bool_)
    held, chars = np.zeros(elements.shape[0], np.int32), np.zeros(elements.shape[0], np.int32)
    for number in range(1, elements.shape[0]):
        if elements[number, OWN] & ROW:
            spoilt[rows[elements[number, PARENT]]] = True
    for number in range(blocks.shape[0]):
        owner = blocks[number, OWNER]
        row, cell = rows[owner], cells[owner]
        if not chosen[number] or not row:
            continue
        filled[row] += held[cell] == 0
        held[cell] += 1
        chars[cell] += blocks[number, CHARS]
        long = held[cell] > _MAX_CELL_BLOCKS or chars[cell] > _MAX_CELL_CHARS
        # A block of the row itself, or of a cell around the row's table, has no place in it.
        spoilt[row] |= long or blocks[number, KIND] & PRE != 0 or elements[cell, PARENT] != row
    return (filled >= 2) & ~spoilt


@borrowing
def _row(
    text: NDArray[np.uint8],
    blocks: NDArray[np.int32],
    elements: NDArray[np.int32],
    chosen: NDArray[np.bool_],
    rows: NDArray[np.int32],
    block: int,
    out: NDArray[np.uint8],
    to: int,
) -> tuple[int, int]:
    """Writes the row whose first chosen block is `block`; returns where it ends, and the block after it."""
    row = rows[blocks[block, OWNER]]
    element = row + 1
    to = _put(out, to, _BAR)
    while element < elements.shape[0] and rows[element] == row:
        if elements[element, OWN] & CELL and elements[element, PARENT] == row:
            to = _put(out, to, _SPACE)
            while block < elements[element, LAST]:
                if chosen[block]:
                    for at in range(blocks[block, START], blocks[block, END]):
                        if text[at] == _BAR:
                            to = _put(out, to, _BACKSLASH)
                        to = _put(out, to, _SPACE if text[at] == _NEWLINE else text[at])
                    to = _put(out, to, _SPACE)
                block += 1
            to = _put(out, to, _BAR)
        element += 1
    while block < blocks.shape[0] and rows[blocks[block, OWNER]] == row:
        block += 1
    return _put(out, to, _NEWLINE), block


@compiled
def write(
    text: NDArray[np.uint8], blocks: NDArray[np.int32], elements: NDArray[np.int32], chosen: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """The chosen blocks as UTF-8. `text` has room for `PADDING` bytes behind the last of them."""
    size = 0
    for number in range(blocks.shape[0]):
        if chosen[number]:
            size += (
                blocks[number, END] - blocks[number, START] + _bars(text, blocks[number, START], blocks[number, END])
            )
            size += 2 * _FENCE + 4
    out = np.empty(size + 4 * elements.shape[0] + _FENCE + PADDING, np.uint8)
    rows, items, fences = _nearest(elements, ROW, False), _nearest(elements, ITEM, False), _nearest(elements, PRE, True)
    data_rows = _data_rows(blocks, elements, chosen, rows)
    of_item = np.zeros(elements.shape[0], np.int32)
    for number in range(blocks.shape[0]):
        of_item[items[blocks[number, OWNER]]] += chosen[number]
    to, block, fence = 0, 0, 0
    while block < blocks.shape[0]:
        if not chosen[block]:
            block += 1
            continue
        owner = blocks[block, OWNER]
        if fences[owner] != fence:
            to = _fence(out, to) if fence else to
            fence = fences[owner]
            to = _fence(out, to) if fence else to
        if data_rows[rows[owner]]:
            to, block = _row(text, blocks, elements, chosen, rows, block, out, to)
            continue
        item = items[owner]
        if item and 0 < of_item[item] <= _MAX_ITEM_BLOCKS and not fence:
            to = _put(out, _put(out, to, _DASH), _SPACE)
            of_item[item] = 0
        for at in range(blocks[block, START], blocks[block, END], PADDING):
            copy(text, at, out, to + at - blocks[block, START])
        to = _put(out, to + blocks[block, END] - blocks[block, START], _NEWLINE)
        block += 1
    if fence:
        to = _fence(out, to)
    return out[:to]
