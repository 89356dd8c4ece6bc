"""Machine code that makes of a page's bytes and tags its text as blocks, and the elements these stand in.

End tags that are missing or without their start are read as browsers do, but in linear time: only so many levels are
looked at. Which blocks are the main text is `choice_kernel.py`'s to say. Import inside functions only (see
`text/compiled.py`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tier_assets.l1_filtered.html import columns, tags
from tier_assets.text.buffers import PADDING
from tier_assets.text.compiled import borrowing, compiled, inlined
from tier_assets.text.vectors import below, copy, count, equal, first

# Where the reader is: what its functions hand to each other.
_WRITTEN, _BEGUN, _CHARS, _LINKED, _STOPS, _SPACE, _MARKED = range(7)
_DEPTH, _LINK, _HEAD, _BLOCKS, _ELEMENTS, _DEEPEST, _STATE = range(7, 14)

_AMPERSAND, _SEMICOLON, _HASH, _BLANK, _NEWLINE, _TAB, _RETURN, _COMMA = 38, 59, 35, 32, 10, 9, 13, 44
_NO_BREAK, _COPYRIGHT_SIGN = 0xA0, 0xA9
# Numeric references in the range of C1 controls mean windows-1252: HTML standard, section 13.2.5.80.
_WINDOWS = np.array([ord(bytes([byte]).decode("cp1252", "replace")) for byte in range(0x80, 0xA0)], np.int64)
_MAX_DIGITS, _MAX_NAME = 7, 32
# Levels up to which an end tag's start, or the item that a new one ends, is looked for.
_REACH = 200
_PRIME, _MULTIPLIER, _SHIFT, _NONE = (np.uint64(value) for value in (tags.PRIME, tags.MULTIPLIER, tags.SHIFT, 0))
_ALL, _ONE = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(1)


class _Tree(NamedTuple):
    """Elements, the numbers of those that are open, how many are of each tag, and where the reader is."""

    elements: NDArray[np.int32]
    stack: NDArray[np.int32]
    opened: NDArray[np.int32]
    state: NDArray[np.int64]


@inlined
def _is_word(byte: np.uint8) -> bool:
    return bool(97 <= byte | 32 <= 122 or 48 <= byte <= 57)


@inlined
def _put(text: NDArray[np.uint8], at: int, point: int) -> int:
    """Writes a code point in UTF-8; returns where it ends."""
    if point < 0x80:
        text[at] = point
        return at + 1
    if point < 0x800:
        text[at] = 0xC0 | point >> 6
        text[at + 1] = 0x80 | point & 63
        return at + 2
    if point < 0x10000:
        text[at] = 0xE0 | point >> 12
        text[at + 1] = 0x80 | point >> 6 & 63
        text[at + 2] = 0x80 | point & 63
        return at + 3
    text[at] = 0xF0 | point >> 18
    text[at + 1] = 0x80 | point >> 12 & 63
    text[at + 2] = 0x80 | point >> 6 & 63
    text[at + 3] = 0x80 | point & 63
    return at + 4


@borrowing
def _numeric(data: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """Code point of the numeric reference whose '#' is at `at`, and where it ends; 0 for none."""
    at += 1
    hexadecimal = at < data.shape[0] and data[at] | 32 == 120
    at += hexadecimal
    point, digits = 0, 0
    while at < data.shape[0] and digits <= _MAX_DIGITS:
        byte = int(data[at])
        if 48 <= byte <= 57:
            point = point * (16 if hexadecimal else 10) + byte - 48
        elif hexadecimal and 97 <= byte | 32 <= 102:
            point = point * 16 + (byte | 32) - 87
        else:
            break
        at += 1
        digits += 1
    if not 0 < point < 0x110000 or 0xD800 <= point < 0xE000:
        point = 0xFFFD if digits else 0
    if 0x80 <= point < 0xA0:
        point = _WINDOWS[point - 0x80]
    return point, at + (at < data.shape[0] and data[at] == _SEMICOLON)


@borrowing
def _entity(data: NDArray[np.uint8], at: int, keys: NDArray[np.uint64], values: NDArray[np.int64]) -> tuple[int, int]:
    """Code point of the character reference whose '&' is at `at`, and where it ends; 0 if it is just an ampersand."""
    at += 1
    if at < data.shape[0] and data[at] == _HASH:
        return _numeric(data, at)
    digest, start = _NONE, at
    while at < data.shape[0] and at - start < _MAX_NAME and _is_word(data[at]):
        digest = digest * _PRIME ^ np.uint64(data[at])
        at += 1
    slot = np.int64((digest * _MULTIPLIER) >> _SHIFT) & (keys.shape[0] - 1)
    while keys[slot] != digest and keys[slot] != _NONE:
        slot = slot + 1 & (keys.shape[0] - 1)
    found = int(values[slot])
    if at < data.shape[0] and data[at] == _SEMICOLON:
        return found & ~tags.LEGACY, at + 1
    return (found & ~tags.LEGACY if found & tags.LEGACY else 0), at


@inlined
def _full_width_stops(data: NDArray[np.uint8], at: int) -> np.uint64:
    """A bit for each of 64 bytes at which a full-width comma or an ideographic full stop begins."""
    comma = equal(data, at, 0xEF) & equal(data, at + 1, 0xBC) & equal(data, at + 2, 0x8C)
    return np.uint64(comma | equal(data, at, 0xE3) & equal(data, at + 1, 0x80) & equal(data, at + 2, 0x82))


@inlined
def _adds_nothing(data: NDArray[np.uint8], at: int, until: int, state: NDArray[np.int64], within: int) -> bool:
    """Whether text is hidden, or white space after white space, as most is between tags."""
    if within & (tags.HIDDEN | tags.PRE) or not state[_SPACE]:
        return bool(within & tags.HIDDEN)
    return bool(first(~below(data, at, _BLANK + 1)) >= until - at)


@inlined
def _text(
    data: NDArray[np.uint8],
    at: int,
    until: int,
    text: NDArray[np.uint8],
    state: NDArray[np.int64],
    kept: bool,
    keys: NDArray[np.uint64],
    values: NDArray[np.int64],
) -> None:
    """Copies text from `at` to `until`, with one space for each run of white space unless it is `kept`."""
    to, chars, stops, space = state[_WRITTEN], state[_CHARS], state[_STOPS], state[_SPACE]
    before = chars
    while at < until:
        # What needs no look at each byte is copied at once: up to a character reference, a control character, a second
        # space, or U+0080 to U+00BF, of which one is a space and one the copyright sign.
        blanks, white = equal(data, at, _BLANK), below(data, at, _BLANK + 1)
        odd = white & ~blanks | equal(data, at, _AMPERSAND) | equal(data, at, 0xC2)
        if kept:
            blanks |= equal(data, at, _NEWLINE) | equal(data, at, _TAB)
            odd &= ~blanks
        else:
            odd |= blanks & (blanks << _ONE | np.uint64(space))
        left = min(until - at, PADDING)
        plain = min(first(odd), left)
        if plain:
            copy(data, at, text, to)
            done = _ALL >> (PADDING - plain)
            shown = done & ~blanks
            stops += count(equal(data, at, _COMMA) & done)
            high = ~below(data, at, 0x80) & done
            if high:
                # A character of Chinese, Japanese or Korean says as much as two or three letters.
                chars += count(done & below(data, at, 0xEE) & ~below(data, at, 0xE3))
                stops += count(_full_width_stops(data, at) & done)
                shown &= ~(high & below(data, at, 0xC2))
            chars += count(shown)
            if not kept:
                space = int(blanks >> (plain - 1) & _ONE)
            elif shown:
                space = 0
            at += plain
            to += plain
            if plain == left:
                continue
        byte = data[at]
        point = int(byte)
        if byte == _AMPERSAND:
            point, after = _entity(data, at, keys, values)
            at = after if point else at + 1
            point = point if point else _AMPERSAND
        elif byte == 0xC2 and at + 1 < until:
            point = int(data[at + 1])
            at += 2
        elif kept or byte == 0xC2:
            at += 1
        else:
            at += min(first(~white >> plain), PADDING - plain, until - at)
        if point <= _BLANK or point == _NO_BREAK:
            if kept:
                text[to] = point if point in (_NEWLINE, _TAB) else _BLANK
                to += point != _RETURN
            elif not space:
                text[to] = _BLANK
                to += 1
                space = 1
        else:
            to = _put(text, to, point)
            chars += 1
            space = 0
            if point == _COPYRIGHT_SIGN:
                state[_MARKED] = tags.COPYRIGHT
    state[_WRITTEN], state[_CHARS], state[_STOPS], state[_SPACE] = to, chars, stops, space
    state[_LINKED] += chars - before if state[_LINK] else 0


@borrowing
def _end_block(text: NDArray[np.uint8], blocks: NDArray[np.int32], tree: _Tree) -> None:
    """What has been written since the last block becomes one, if it is more than white space."""
    elements, state = tree.elements, tree.state
    to = state[_WRITTEN]
    if state[_CHARS]:
        while text[to - 1] == _BLANK or text[to - 1] == _NEWLINE:
            to -= 1
        # The first line break of a <pre> is none of its text.
        while text[state[_BEGUN]] == _NEWLINE:
            state[_BEGUN] += 1
        block = state[_BLOCKS]
        owner = tree.stack[state[_DEPTH]]
        blocks[block, columns.START], blocks[block, columns.END] = state[_BEGUN], to
        blocks[block, columns.CHARS], blocks[block, columns.LINKED] = state[_CHARS], state[_LINKED]
        blocks[block, columns.STOPS], blocks[block, columns.OWNER] = state[_STOPS], owner
        blocks[block, columns.KIND] = elements[owner, columns.FLAGS] | state[_MARKED]
        state[_BLOCKS] += 1
        text[to] = _NEWLINE
        state[_BEGUN] = to + 1
    state[_WRITTEN] = state[_BEGUN]
    state[_CHARS] = state[_LINKED] = state[_STOPS] = state[_MARKED] = 0
    state[_SPACE] = 1


@inlined
def _pop(tree: _Tree, to: int) -> None:
    """Ends the elements of the stack from the top down to level `to`."""
    elements, state = tree.elements, tree.state
    while state[_DEPTH] >= to:
        element = tree.stack[state[_DEPTH]]
        elements[element, columns.LAST] = state[_BLOCKS]
        tree.opened[elements[element, columns.TAG]] -= 1
        state[_DEPTH] -= 1
    # A link that nobody closed ends with the element in which it began.
    if state[_DEPTH] < state[_LINK] - 1:
        state[_LINK] = 0


@borrowing
def _implied_end(tree: _Tree, flags: int) -> int:
    """The level of what a start tag of these flags ends: a paragraph, or its predecessor in a list or a table; 0: none."""
    top = tree.state[_DEPTH]
    if flags & (tags.ENTRY | tags.CELL | tags.ROW):
        wanted = tags.ENTRY if flags & tags.ENTRY else flags & (tags.CELL | tags.ROW)
        wall = tags.LIST | tags.CELL | tags.TABLE if flags & tags.ENTRY else tags.TABLE
        found = 0
        for level in range(top, max(0, top - _REACH), -1):
            kind = tree.elements[tree.stack[level], columns.OWN]
            # A row ends a cell, and the row that this is in.
            if kind & wanted:
                found = level
                break
            if kind & wall:
                break
        if found:
            return found
    return top if flags & tags.BREAKS and tree.elements[tree.stack[top], columns.OWN] & tags.P else 0


@inlined
def _open(tokens: NDArray[np.int32], token: int, flags: int, tree: _Tree) -> None:
    """A new element within what is open."""
    elements, stack, state = tree.elements, tree.stack, tree.state
    implied = _implied_end(tree, flags)
    if implied:
        _pop(tree, implied)
    parent, number = stack[state[_DEPTH]], state[_ELEMENTS]
    elements[number, columns.PARENT], elements[number, columns.OWN] = parent, flags
    elements[number, columns.TAG], elements[number, columns.MAKE] = (
        tokens[token, columns.NAME],
        tokens[token, columns.SHAPE],
    )
    elements[number, columns.FLAGS] = (elements[parent, columns.FLAGS] | flags) & tags.INHERITED
    elements[number, columns.FIRST], elements[number, columns.LAST] = state[_BLOCKS], -1
    elements[number, columns.TAG_AT] = tokens[token, columns.AT]
    # The classes of a whole page say nothing of its parts.
    elements[number, columns.WORDS] = 0 if flags & tags.BODY else tokens[token, columns.NAMED]
    state[_ELEMENTS] += 1
    state[_DEPTH] += 1
    state[_DEEPEST] = max(state[_DEEPEST], state[_DEPTH])
    stack[state[_DEPTH]] = number
    tree.opened[tokens[token, columns.NAME]] += 1


@inlined
def _close(tag: int, flags: int, tree: _Tree) -> None:
    """Ends the innermost element of this tag, and those within it; none beyond a table's start, nor one far down."""
    top = tree.state[_DEPTH]
    for level in range(top, max(0, top - _REACH), -1):
        element = tree.stack[level]
        if tree.elements[element, columns.TAG] == tag:
            _pop(tree, level)
            return
        if tree.elements[element, columns.OWN] & tags.TABLE and not flags & tags.BODY:
            return


@inlined
def _break_line(text: NDArray[np.uint8], state: NDArray[np.int64]) -> None:
    """A line break within a block."""
    if state[_CHARS] and not state[_HEAD]:
        while text[state[_WRITTEN] - 1] == _BLANK:
            state[_WRITTEN] -= 1
        text[state[_WRITTEN]] = _NEWLINE
        state[_WRITTEN] += 1
        state[_SPACE] = 1


@borrowing
def _read(
    data: NDArray[np.uint8],
    tokens: NDArray[np.int32],
    flags_of: NDArray[np.int64],
    keys: NDArray[np.uint64],
    values: NDArray[np.int64],
    text: NDArray[np.uint8],
    blocks: NDArray[np.int32],
    tree: _Tree,
) -> None:
    """Fills the text, the blocks and the tree."""
    elements, state = tree.elements, tree.state
    elements[0] = 0
    elements[0, columns.PARENT] = -1
    state[_ELEMENTS], state[_SPACE] = 1, 1
    at = 0
    for number in range(tokens.shape[0] + 1):
        last = number == tokens.shape[0]
        within = elements[tree.stack[state[_DEPTH]], columns.FLAGS]
        until = data.shape[0] - PADDING if last else tokens[number, columns.AT]
        if at < until and not state[_HEAD] and not _adds_nothing(data, at, until, state, within):
            _text(data, at, until, text, state, within & tags.PRE != 0, keys, values)
        if last:
            break
        at, flags = tokens[number, columns.AFTER], int(flags_of[tokens[number, columns.NAME]])
        if flags & tags.BREAKS and state[_WRITTEN] > state[_BEGUN]:
            _end_block(text, blocks, tree)
        if tokens[number, columns.TRAITS] & columns.CLOSING:
            if flags & tags.LINK:
                state[_LINK] = 0
            elif flags & tags.HEAD:
                state[_HEAD] = 0
            elif tree.opened[tokens[number, columns.NAME]]:
                _close(tokens[number, columns.NAME], flags, tree)
        elif flags & tags.HEAD:
            state[_HEAD] = 1
        elif flags & tags.NEWLINE:
            _break_line(text, state)
        elif not flags & tags.RAW:
            if flags & tags.LINK and (tokens[number, columns.TRAITS] & columns.LINKING or not flags & tags.ANCHOR):
                state[_LINK] = state[_DEPTH] + 1
            if flags & tags.BREAKS and not flags & tags.NOSCRIPT:
                state[_HEAD] = 0
            concealed = tokens[number, columns.TRAITS] & columns.CONCEALED and not flags & tags.BODY
            if not flags & tags.VOID and (flags & (tags.BREAKS | tags.HIDDEN) or concealed):
                _open(tokens, number, flags | tags.HIDDEN if concealed else flags, tree)
    _end_block(text, blocks, tree)
    _pop(tree, 1)
    elements[0, columns.LAST] = state[_BLOCKS]


@compiled
def build(
    data: NDArray[np.uint8],
    tokens: NDArray[np.int32],
    flags_of: NDArray[np.int64],
    entity_keys: NDArray[np.uint64],
    entity_values: NDArray[np.int64],
) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32], int]:
    """Text, int32[blocks, BLOCK_COLUMNS], int32[elements, ELEMENT_COLUMNS] and depth of a page with these tags.

    `data` is the page in UTF-8 with `PADDING` zero bytes behind it. Element 0 is the page. Blocks and elements are in the
    page's order; a parent stands before its children.
    """
    most = tokens.shape[0] + 2
    # No text is longer than its markup; the end of a block takes a byte, its tag took three.
    text = np.empty(data.shape[0] + 8, np.uint8)
    blocks = np.empty((most, columns.BLOCK_COLUMNS), np.int32)
    elements = np.empty((most, columns.ELEMENT_COLUMNS), np.int32)
    stack, opened, state = np.zeros(most, np.int32), np.zeros(flags_of.shape[0], np.int32), np.zeros(_STATE, np.int64)
    _read(data, tokens, flags_of, entity_keys, entity_values, text, blocks, _Tree(elements, stack, opened, state))
    return text, blocks[: state[_BLOCKS]], elements[: state[_ELEMENTS]], int(state[_DEEPEST])
