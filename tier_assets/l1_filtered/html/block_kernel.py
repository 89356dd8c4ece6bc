"""Machine code that makes of a page's bytes and tags its text as blocks, and the elements these stand in.

End tags that are missing or without their start are read as browsers do, but in linear time: only so many levels are
looked at. Which blocks are the main text is `choice_kernel.py`'s to say. Import inside functions only (see
`text/compiled.py`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tier_assets.l1_filtered.html.columns import (
    AFTER,
    AT,
    BLOCK_COLUMNS,
    CHARS,
    CLOSING,
    CONCEALED,
    ELEMENT_COLUMNS,
    END,
    FIRST,
    FLAGS,
    KIND,
    LAST,
    LINKED,
    LINKING,
    MAKE,
    NAME,
    NAMED,
    OWN,
    OWNER,
    PARENT,
    SHAPE,
    START,
    STOPS,
    TAG,
    TRAITS,
    WORDS,
)
from tier_assets.l1_filtered.html.tags import (
    ANCHOR,
    BODY,
    BREAKS,
    CELL,
    COPYRIGHT,
    ENTRY,
    HEAD,
    HIDDEN,
    INHERITED,
    LEGACY,
    LINK,
    LIST,
    MULTIPLIER,
    NEWLINE,
    NOSCRIPT,
    PRE,
    PRIME,
    RAW,
    ROW,
    SHIFT,
    TABLE,
    VOID,
    P,
)
from tier_assets.text.compiled import compiled, inlined

# Where the reader is: what its functions hand to each other.
(
    _WRITTEN,
    _BEGUN,
    _CHARS,
    _LINKED,
    _STOPS,
    _SPACE,
    _MARKED,
    _DEPTH,
    _LINK,
    _HEAD,
    _BLOCKS,
    _ELEMENTS,
    _DEEPEST,
    _STATE,
) = range(14)

_AMPERSAND, _SEMICOLON, _HASH, _BLANK, _NEWLINE, _TAB, _RETURN, _COMMA = 38, 59, 35, 32, 10, 9, 13, 44
_NO_BREAK, _COPYRIGHT_SIGN = 0xA0, 0xA9
# Numeric references in the range of C1 controls mean windows-1252: HTML standard, section 13.2.5.80.
_WINDOWS = np.array([ord(bytes([byte]).decode("cp1252", "replace")) for byte in range(0x80, 0xA0)], np.int64)
_MAX_DIGITS, _MAX_NAME = 7, 32
# Levels up to which an end tag's start, or the item that a new one ends, is looked for.
_REACH = 200
_PRIME, _MULTIPLIER, _SHIFT, _NONE = np.uint64(PRIME), np.uint64(MULTIPLIER), np.uint64(SHIFT), np.uint64(0)


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


@compiled
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


@compiled
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
        return found & ~LEGACY, at + 1
    return (found & ~LEGACY if found & LEGACY else 0), at


@inlined
def _ends_full_width(data: NDArray[np.uint8], at: int) -> bool:
    """Whether the bytes before `at` are a full-width comma or an ideographic full stop."""
    comma = data[at - 1] == 0x8C and data[at - 2] == 0xBC and data[at - 3] == 0xEF
    return bool(comma or (data[at - 1] == 0x82 and data[at - 2] == 0x80 and data[at - 3] == 0xE3))


@compiled
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
    first = chars
    while at < until:
        byte = data[at]
        if (byte > _AMPERSAND and byte < 0x80) or byte > 0xC2 or (byte > _BLANK and byte < _AMPERSAND):
            text[to] = byte
            to += 1
            at += 1
            # A character of Chinese, Japanese or Korean says as much as two or three letters.
            chars += 1 + (byte >= 0xE3 and byte < 0xEE)
            stops += byte == _COMMA
            space = 0
            continue
        if byte >= 0x80 and byte < 0xC2:
            text[to] = byte
            to += 1
            at += 1
            stops += _ends_full_width(data, at)
            continue
        point = int(byte)
        if byte == _AMPERSAND:
            point, after = _entity(data, at, keys, values)
            at = after if point else at + 1
            point = point if point else _AMPERSAND
        elif byte == 0xC2 and at + 1 < until:
            point = int(data[at + 1])
            at += 2
        else:
            at += 1
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
                state[_MARKED] = COPYRIGHT
    state[_WRITTEN], state[_CHARS], state[_STOPS], state[_SPACE] = to, chars, stops, space
    state[_LINKED] += chars - first if state[_LINK] else 0


@compiled
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
        blocks[block, START], blocks[block, END], blocks[block, CHARS] = state[_BEGUN], to, state[_CHARS]
        blocks[block, LINKED], blocks[block, STOPS] = state[_LINKED], state[_STOPS]
        blocks[block, OWNER], blocks[block, KIND] = owner, elements[owner, FLAGS] | state[_MARKED]
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
        elements[element, LAST] = state[_BLOCKS]
        tree.opened[elements[element, TAG]] -= 1
        state[_DEPTH] -= 1
    # A link that nobody closed ends with the element in which it began.
    if state[_DEPTH] < state[_LINK] - 1:
        state[_LINK] = 0


@compiled
def _implied_end(tree: _Tree, flags: int) -> int:
    """The level of what a start tag of these flags ends: a paragraph, or its predecessor in a list or a table; 0: none."""
    top = tree.state[_DEPTH]
    if flags & (ENTRY | CELL | ROW):
        wanted, wall = (ENTRY, LIST | CELL | TABLE) if flags & ENTRY else (flags & (CELL | ROW), TABLE)
        found = 0
        for level in range(top, max(0, top - _REACH), -1):
            kind = tree.elements[tree.stack[level], OWN]
            # A row ends a cell, and the row that this is in.
            if kind & wanted:
                found = level
                break
            if kind & wall:
                break
        if found:
            return found
    return top if flags & BREAKS and tree.elements[tree.stack[top], OWN] & P else 0


@compiled
def _open(tokens: NDArray[np.int32], token: int, flags: int, tree: _Tree) -> None:
    """A new element within what is open."""
    elements, stack, state = tree.elements, tree.stack, tree.state
    implied = _implied_end(tree, flags)
    if implied:
        _pop(tree, implied)
    parent, number = stack[state[_DEPTH]], state[_ELEMENTS]
    elements[number, PARENT], elements[number, TAG], elements[number, OWN] = parent, tokens[token, NAME], flags
    elements[number, FLAGS] = (elements[parent, FLAGS] | flags) & INHERITED
    elements[number, FIRST], elements[number, LAST] = state[_BLOCKS], -1
    # The classes of a whole page say nothing of its parts.
    elements[number, WORDS], elements[number, MAKE] = 0 if flags & BODY else tokens[token, NAMED], tokens[token, SHAPE]
    state[_ELEMENTS] += 1
    state[_DEPTH] += 1
    state[_DEEPEST] = max(state[_DEEPEST], state[_DEPTH])
    stack[state[_DEPTH]] = number
    tree.opened[tokens[token, NAME]] += 1


@compiled
def _close(tag: int, flags: int, tree: _Tree) -> None:
    """Ends the innermost element of this tag, and those within it; none beyond a table's start, nor one far down."""
    top = tree.state[_DEPTH]
    for level in range(top, max(0, top - _REACH), -1):
        element = tree.stack[level]
        if tree.elements[element, TAG] == tag:
            _pop(tree, level)
            return
        if tree.elements[element, OWN] & TABLE and not flags & BODY:
            return


@compiled
def _break_line(text: NDArray[np.uint8], state: NDArray[np.int64]) -> None:
    """A line break within a block."""
    if state[_CHARS] and not state[_HEAD]:
        while text[state[_WRITTEN] - 1] == _BLANK:
            state[_WRITTEN] -= 1
        text[state[_WRITTEN]] = _NEWLINE
        state[_WRITTEN] += 1
        state[_SPACE] = 1


@compiled
def build(
    data: NDArray[np.uint8],
    tokens: NDArray[np.int32],
    flags_of: NDArray[np.int64],
    entity_keys: NDArray[np.uint64],
    entity_values: NDArray[np.int64],
) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32], int]:
    """Text, int32[blocks, BLOCK_COLUMNS], int32[elements, ELEMENT_COLUMNS] and depth of a page in UTF-8 with these tags.

    Element 0 is the page. Blocks and elements are in the page's order; a parent stands before its children.
    """
    size, most = data.shape[0], tokens.shape[0] + 2
    # No text is longer than its markup; the end of a block takes a byte, its tag took three.
    text = np.empty(size + 8, np.uint8)
    blocks, elements = np.empty((most, BLOCK_COLUMNS), np.int32), np.empty((most, ELEMENT_COLUMNS), np.int32)
    stack, opened, state = np.zeros(most, np.int32), np.zeros(flags_of.shape[0], np.int32), np.zeros(_STATE, np.int64)
    tree = _Tree(elements, stack, opened, state)
    elements[0] = 0
    elements[0, PARENT] = -1
    state[_ELEMENTS], state[_SPACE] = 1, 1
    at = 0
    for number in range(tokens.shape[0] + 1):
        last = number == tokens.shape[0]
        within, until = elements[stack[state[_DEPTH]], FLAGS], size if last else tokens[number, AT]
        if at < until and not state[_HEAD] and not within & HIDDEN:
            _text(data, at, until, text, state, within & PRE != 0, entity_keys, entity_values)
        if last:
            break
        at, flags = tokens[number, AFTER], int(flags_of[tokens[number, NAME]])
        if flags & BREAKS and state[_WRITTEN] > state[_BEGUN]:
            _end_block(text, blocks, tree)
        if tokens[number, TRAITS] & CLOSING:
            if flags & LINK:
                state[_LINK] = 0
            elif flags & HEAD:
                state[_HEAD] = 0
            elif opened[tokens[number, NAME]]:
                _close(tokens[number, NAME], flags, tree)
        elif flags & HEAD:
            state[_HEAD] = 1
        elif flags & NEWLINE:
            _break_line(text, state)
        elif not flags & RAW:
            if flags & LINK and (tokens[number, TRAITS] & LINKING or not flags & ANCHOR):
                state[_LINK] = state[_DEPTH] + 1
            if flags & BREAKS and not flags & NOSCRIPT:
                state[_HEAD] = 0
            concealed = tokens[number, TRAITS] & CONCEALED and not flags & BODY
            if not flags & VOID and (flags & (BREAKS | HIDDEN) or concealed):
                _open(tokens, number, flags | HIDDEN if concealed else flags, tree)
    _end_block(text, blocks, tree)
    _pop(tree, 1)
    elements[0, LAST] = state[_BLOCKS]
    return text, blocks[: state[_BLOCKS]], elements[: state[_ELEMENTS]], int(state[_DEEPEST])
