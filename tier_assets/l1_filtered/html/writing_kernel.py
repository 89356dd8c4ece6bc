"""Machine code that writes the chosen blocks of a page as text that keeps its structure.

One block a line; items of lists with "- " or their number, two spaces further in for each item around them; rows of tables
as "| a | b |", unless the table only places text on the page, and "|---|---|" after a first row of <th>; <pre> between lines
of "```", with the language that its class names. Which blocks are chosen is `choice_kernel.py`'s. Import inside functions
only (see `text/compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.l1_filtered.html.columns import CHARS, END, KIND, LAST, OWN, OWNER, PARENT, START, TAG, TAG_AT
from tier_assets.l1_filtered.html.tags import CELL, ITEM, PRE, ROW, TABLE, tag_flags
from tier_assets.text.buffers import PADDING
from tier_assets.text.compiled import borrowing, compiled
from tier_assets.text.vectors import copy, count, equal

_NEWLINE, _SPACE, _BAR, _BACKSLASH, _DASH, _TICK, _DOT = 10, 32, 124, 92, 45, 96, 46
_GT, _QUOTE, _APOSTROPHE, _EQUALS, _PLUS, _HASH, _CASE = 62, 34, 39, 61, 43, 35, 32
# A cell of more blocks, or of more characters, is a part of a page and not of a table; an item of more blocks holds a post.
_MAX_CELL_BLOCKS, _MAX_CELL_CHARS, _MAX_ITEM_BLOCKS = 3, 400, 3
_FENCE = 4
_MAX_LEVEL, _MAX_DIGITS, _MAX_LANGUAGE, _MAX_TAG = 8, 6, 20, 512
# A table of tags is numbered from one.
_OL, _TH = (1 + list(tag_flags()).index(name) for name in ("ol", "th"))
_START_IS, _VALUE_IS, _LANG, _CODE = (
    np.frombuffer(name, np.uint8) for name in (b"start=", b"value=", b"lang", b"<code")
)


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
    """A line of three back quotes."""
    for at in range(to, to + _FENCE - 1):
        out[at] = _TICK
    out[to + _FENCE - 1] = _NEWLINE
    return to + _FENCE


@borrowing
def _at(page: NDArray[np.uint8], at: int, wanted: NDArray[np.uint8]) -> bool:
    """Whether letters stand here, in either case."""
    matched = 0
    while matched < wanted.shape[0] and page[at + matched] | _CASE == wanted[matched]:
        matched += 1
    return bool(matched == wanted.shape[0])


@borrowing
def _number_of(page: NDArray[np.uint8], at: int, name: NDArray[np.uint8], otherwise: int) -> int:
    """The number that an attribute of the tag at `at` has."""
    end = min(at + _MAX_TAG, page.shape[0] - PADDING)
    while at < end and page[at] != _GT:
        if page[at] <= _SPACE and _at(page, at + 1, name):
            at += 1 + name.shape[0]
            at += page[at] == _QUOTE or page[at] == _APOSTROPHE
            number, digits = 0, 0
            while 48 <= page[at + digits] <= 57 and digits < _MAX_DIGITS:
                number = 10 * number + int(page[at + digits]) - 48
                digits += 1
            return number if digits else otherwise
        at += 1
    return otherwise


@borrowing
def _language(page: NDArray[np.uint8], at: int, out: NDArray[np.uint8], to: int) -> int:
    """Writes the language that the <pre> at `at` names by a class `language-...`, or the <code> it begins with."""
    end = min(at + _MAX_TAG, page.shape[0] - PADDING)
    while at < end:
        if page[at] == _GT:
            at += 1
            while page[at] <= _SPACE and at < end:
                at += 1
            if not _at(page, at, _CODE):
                break
        if _at(page, at, _LANG) and page[at - 1] in (_SPACE, _QUOTE, _APOSTROPHE, _EQUALS):
            name = at + 4 + 4 * (page[at + 4] != _DASH)
            if page[name] == _DASH:
                for step in range(1, _MAX_LANGUAGE + 1):
                    byte = page[name + step]
                    if not (97 <= byte | _CASE <= 122 or 48 <= byte <= 57 or byte in (_PLUS, _HASH, _DASH)):
                        break
                    to = _put(out, to, byte)
                break
        at += 1
    return to


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


@borrowing
def _header(elements: NDArray[np.int32], row: int, rows: NDArray[np.int32], out: NDArray[np.uint8], to: int) -> int:
    """Writes the line after a row of <th> alone."""
    start = to
    to = _put(out, to, _BAR)
    element = row + 1
    while element < elements.shape[0] and rows[element] == row:
        if elements[element, OWN] & CELL and elements[element, PARENT] == row:
            if elements[element, TAG] != _TH:
                return start
            for _ in range(3):
                to = _put(out, to, _DASH)
            to = _put(out, to, _BAR)
        element += 1
    return _put(out, to, _NEWLINE)


@compiled
def _levels(
    page: NDArray[np.uint8], elements: NDArray[np.int32], of_item: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """How many items that are written as such an element is in or is; and numbers, for items of ordered lists."""
    levels, numbers = np.zeros(elements.shape[0], np.int32), np.zeros(elements.shape[0], np.int32)
    for number in range(1, elements.shape[0]):
        parent = elements[number, PARENT]
        levels[number] = levels[parent]
        if elements[number, TAG] == _OL:
            # The number of the last item of a list stands at the list itself.
            numbers[number] = _number_of(page, elements[number, TAG_AT], _START_IS, 1) - 1
        elif elements[number, OWN] & ITEM:
            levels[number] += 0 < of_item[number] <= _MAX_ITEM_BLOCKS
            if elements[parent, TAG] == _OL:
                numbers[parent] = _number_of(page, elements[number, TAG_AT], _VALUE_IS, numbers[parent] + 1)
                numbers[number] = numbers[parent]
    return levels, numbers


@borrowing
def _mark(out: NDArray[np.uint8], to: int, level: int, ordered: bool, number: int) -> int:
    """Writes what an item begins with: `- `, or `3. `."""
    for _ in range(2 * (min(level, _MAX_LEVEL) - 1)):
        to = _put(out, to, _SPACE)
    if not ordered:
        return _put(out, _put(out, to, _DASH), _SPACE)
    power = 1
    while power <= number // 10:
        power *= 10
    while power:
        to = _put(out, to, 48 + number // power % 10)
        power //= 10
    return _put(out, _put(out, to, _DOT), _SPACE)


@compiled
def write(
    page: NDArray[np.uint8],
    text: NDArray[np.uint8],
    blocks: NDArray[np.int32],
    elements: NDArray[np.int32],
    chosen: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """The chosen blocks as UTF-8. `text` has room for `PADDING` bytes behind the last of them, `page` those that are zero."""
    size = 0
    for number in range(blocks.shape[0]):
        if chosen[number]:
            size += (
                blocks[number, END] - blocks[number, START] + _bars(text, blocks[number, START], blocks[number, END])
            )
            size += 2 * _FENCE + _MAX_LANGUAGE + 2 * _MAX_LEVEL + _MAX_DIGITS + 4
    out = np.empty(size + 8 * elements.shape[0] + _FENCE + PADDING, np.uint8)
    rows, items, fences = _nearest(elements, ROW, False), _nearest(elements, ITEM, False), _nearest(elements, PRE, True)
    tables = _nearest(elements, TABLE, False)
    data_rows = _data_rows(blocks, elements, chosen, rows)
    of_item = np.zeros(elements.shape[0], np.int32)
    for number in range(blocks.shape[0]):
        of_item[items[blocks[number, OWNER]]] += chosen[number]
    levels, numbers = _levels(page, elements, of_item)
    to, block, fence, table = 0, 0, 0, 0
    while block < blocks.shape[0]:
        if not chosen[block]:
            block += 1
            continue
        owner = blocks[block, OWNER]
        if fences[owner] != fence:
            to = _fence(out, to) if fence else to
            fence = fences[owner]
            if fence:
                to = _language(page, elements[fence, TAG_AT], out, _fence(out, to) - 1)
                to = _put(out, to, _NEWLINE)
        if data_rows[rows[owner]]:
            row, above = rows[owner], table
            table = tables[row]
            to, block = _row(text, blocks, elements, chosen, rows, block, out, to)
            to = _header(elements, row, rows, out, to) if table != above else to
            continue
        item = items[owner]
        if item and 0 < of_item[item] <= _MAX_ITEM_BLOCKS and not fence:
            ordered = elements[elements[item, PARENT], TAG] == _OL
            to = _mark(out, to, levels[item], ordered, numbers[item])
            of_item[item] = 0
        for at in range(blocks[block, START], blocks[block, END], PADDING):
            copy(text, at, out, to + at - blocks[block, START])
        to = _put(out, to + blocks[block, END] - blocks[block, START], _NEWLINE)
        block += 1
    if fence:
        to = _fence(out, to)
    return out[:to]
