"""Machine code that finds the tags of a page in its bytes, and in their attributes what counts.

No error of markup stops it: what HTML's standard calls a parse error has a reading here that costs no more time. What the
tags make of the text is `block_kernel.py`'s. Import inside functions only (see `text/compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.l1_filtered.html.columns import (
    AFTER,
    AT,
    CLOSING,
    CONCEALED,
    LINKING,
    NAME,
    NAMED,
    SHAPE,
    TOKEN_COLUMNS,
    TRAITS,
)
from tier_assets.l1_filtered.html.tags import (
    BREAKS,
    DESCRIBES,
    HIDDEN,
    MATH,
    MATHEMATICS,
    MULTIPLIER,
    PRIME,
    RAW,
    RIGHTS,
    SHIFT,
    TITLE,
)
from tier_assets.text.compiled import compiled, inlined

_LT, _GT, _SLASH, _BANG, _QUESTION, _DASH, _EQUALS, _QUOTE, _APOSTROPHE, _SPACE = 60, 62, 47, 33, 63, 45, 61, 34, 39, 32
_PRIME, _MULTIPLIER, _SHIFT, _NONE = np.uint64(PRIME), np.uint64(MULTIPLIER), np.uint64(SHIFT), np.uint64(0)
_ONES, _HIGH_BITS, _MAKE_BITS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080), np.uint64(0x7FFFFFFF)
# Attributes that count: those whose words tell what an element is for, those that tell of a page, and the rest.
_NAMES = (
    *("class", "id", "role", "itemprop", "rel"),
    *("name", "content", "property", "type", "src"),
    *("href", "style", "hidden"),
)
_CODES = np.array([int.from_bytes(name.encode(), "big") for name in _NAMES], np.uint64)
_NAME, _TYPE, _HREF, _STYLE, _HIDDEN_NAME = 5, 8, 10, 11, 12
_LONGEST_NAME, _BYTE = 8, np.uint64(8)
_DISPLAY = np.frombuffer(b"display:none", np.uint8)


@inlined
def _lower(byte: np.uint8) -> int:
    return int(byte) + (32 if 0x41 <= byte <= 0x5A else 0)


@inlined
def _letter(byte: np.uint8) -> bool:
    return bool(97 <= byte | 32 <= 122)


@inlined
def _word(byte: np.uint8) -> bool:
    return bool(97 <= byte | 32 <= 122 or 48 <= byte <= 57)


@inlined
def _hashed(digest: np.uint64, byte: int) -> np.uint64:
    return digest * _PRIME ^ np.uint64(byte)


@inlined
def _value(keys: NDArray[np.uint64], values: NDArray[np.int64], key: np.uint64) -> int:
    """What a table holds for a key; 0 for none."""
    slot = np.int64((key * _MULTIPLIER) >> _SHIFT) & (keys.shape[0] - 1)
    while keys[slot] != key and keys[slot] != _NONE:
        slot = slot + 1 & (keys.shape[0] - 1)
    return int(values[slot])


@inlined
def _next(data: NDArray[np.uint8], eights: NDArray[np.uint64], at: int, byte: int) -> int:
    """Where a byte stands next, the size if nowhere; eight bytes at a time: `eights` are the same bytes."""
    size, wanted = data.shape[0], np.uint64(byte) * _ONES
    while at < size and at & 7 and data[at] != byte:
        at += 1
    if at < size and at & 7 == 0:
        word = at >> 3
        while word < eights.shape[0]:
            differing = eights[word] ^ wanted
            # Nonzero if and only if a byte of it is zero.
            if (differing - _ONES) & ~differing & _HIGH_BITS:
                break
            word += 1
        at = word << 3
        while at < size and data[at] != byte:
            at += 1
    return at


@compiled
def _attributes(data: NDArray[np.uint8], at: int, spans: NDArray[np.int64]) -> tuple[int, bool]:
    """Where a start tag ends whose name ends at `at`, and whether by '/>'. `spans` gets the values of `_NAMES`."""
    spans[:] = -1
    size, empty = data.shape[0], False
    while at < size:
        byte = data[at]
        if byte == _GT:
            return at + 1, empty
        if byte <= _SPACE or byte == _SLASH:
            empty = byte == _SLASH
            at += 1
            continue
        begun = at
        name = np.uint64(_lower(byte))
        at += 1
        while at < size and data[at] > _SPACE and data[at] != _EQUALS and data[at] != _GT and data[at] != _SLASH:
            name = (name << _BYTE) | np.uint64(_lower(data[at]))
            at += 1
        known = at - begun <= _LONGEST_NAME
        while at < size and data[at] <= _SPACE:
            at += 1
        start, end, at = _attribute_value(data, at)
        empty = False
        if known:
            for which in range(_CODES.shape[0]):
                if _CODES[which] == name and spans[2 * which] < 0:
                    spans[2 * which], spans[2 * which + 1] = start, end
    return size, empty


@compiled
def _attribute_value(data: NDArray[np.uint8], at: int) -> tuple[int, int, int]:
    """Where a value begins and ends whose '=' would stand at `at`, and where the scan goes on."""
    size = data.shape[0]
    if at >= size or data[at] != _EQUALS:
        return at, at, at
    at += 1
    while at < size and data[at] <= _SPACE:
        at += 1
    if at >= size:
        return size, size, size
    quote = data[at]
    if quote not in (_QUOTE, _APOSTROPHE):
        start = at
        while at < size and data[at] > _SPACE and data[at] != _GT:
            at += 1
        return start, at, at
    start = at = at + 1
    while at < size and data[at] != quote:
        at += 1
    return start, at, min(at + 1, size)


@compiled
def _is_hidden(data: NDArray[np.uint8], spans: NDArray[np.int64]) -> bool:
    """Whether a start tag has the attribute hidden, or a style of display:none."""
    if spans[2 * _HIDDEN_NAME] >= 0:
        return True
    matched = 0
    for at in range(spans[2 * _STYLE], spans[2 * _STYLE + 1]):
        if data[at] <= _SPACE:
            continue
        matched = matched + 1 if _lower(data[at]) == _DISPLAY[matched] else int(_lower(data[at]) == _DISPLAY[0])
        if matched == _DISPLAY.shape[0]:
            return True
    return False


@compiled
def _words(
    data: NDArray[np.uint8],
    spans: NDArray[np.int64],
    first: int,
    last: int,
    keys: NDArray[np.uint64],
    values: NDArray[np.int64],
) -> np.int64:
    """Flags of the words that the values of the attributes [first, last) are made of.

    A word ends where its letters do, and before an upper-case letter that follows a lower-case one.
    """
    found = np.int64(0)
    for which in range(first, last):
        if spans[2 * which] < 0:
            continue
        word, before = _NONE, np.uint8(0)
        for at in range(spans[2 * which], spans[2 * which + 1]):
            byte = data[at]
            if not _letter(byte) or (byte < 97 and before >= 97):
                found |= _value(keys, values, word)
                word = _NONE
            if _letter(byte):
                word = _hashed(word, _lower(byte))
            before = byte
        found |= _value(keys, values, word)
    return found


@compiled
def _make(data: NDArray[np.uint8], tag: int, spans: NDArray[np.int64]) -> int:
    """What siblings of one make share: their tag and the letters of the first word of their class."""
    make = np.uint64(tag)
    for at in range(spans[0], spans[1]):
        if data[at] <= _SPACE:
            break
        if _letter(data[at]):
            make = _hashed(make, int(data[at]))
    return int(make & _MAKE_BITS)


@compiled
def _after_raw(data: NDArray[np.uint8], eights: NDArray[np.uint64], at: int, name: int, length: int) -> int:
    """Where the end tag begins of an element without markup, whose name stands at `name`."""
    size = data.shape[0]
    while at < size:
        at = _next(data, eights, at, _LT)
        if at < size - 1 - length and data[at + 1] == _SLASH:
            step = 0
            while step < length and _lower(data[at + 2 + step]) == _lower(data[name + step]):
                step += 1
            if step == length:
                return at
        at += 1
    return int(size)


@compiled
def _after_declaration(data: NDArray[np.uint8], eights: NDArray[np.uint64], at: int) -> int:
    """Where a comment, a doctype or a processing instruction ends that begins at `at`."""
    size = data.shape[0]
    if at + 3 < size and data[at + 1] == _BANG and data[at + 2] == _DASH and data[at + 3] == _DASH:
        # "<!-->" is a comment already.
        at += 4
        while at < size:
            at = _next(data, eights, at, _GT)
            if data[at - 1] == _DASH and data[at - 2] == _DASH:
                break
            at += 1
        return at + 1
    return _next(data, eights, at, _GT) + 1


@compiled
def find_tags(
    data: NDArray[np.uint8],
    most: int,
    tag_keys: NDArray[np.uint64],
    tag_values: NDArray[np.int64],
    flags_of: NDArray[np.int64],
    word_keys: NDArray[np.uint64],
    word_values: NDArray[np.int64],
) -> tuple[NDArray[np.int32], int, int, int]:
    """int32[tags, TOKEN_COLUMNS] of a page, the bytes of its title, and its signs: MATHEMATICS, RIGHTS, where words of
    attributes hint at them.

    Reading ends with the tag of number `most`. Comments and declarations are in the table too, as tags of no name.
    """
    size, eights = data.shape[0], data[: data.shape[0] & ~7].view(np.uint64)
    tokens, count = np.empty((most, TOKEN_COLUMNS), np.int32), 0
    spans = np.empty(2 * _CODES.shape[0], np.int64)
    title, title_end, signs, shapes = 0, 0, np.int64(0), False
    at = _next(data, eights, 0, _LT)
    while at < size and count < most:
        start = at + 1
        closing = start < size and data[start] == _SLASH
        start += closing
        tokens[count, AT], tokens[count, NAME], tokens[count, TRAITS], tokens[count, NAMED], tokens[count, SHAPE] = (
            at,
            0,
            0,
            0,
            0,
        )
        if start >= size or not _letter(data[start]):
            markup = start < size and (closing or data[start] == _BANG or data[start] == _QUESTION)
            at = min(size, _after_declaration(data, eights, at)) if markup else at + 1
            tokens[count, AFTER] = at
            count += markup
            at = _next(data, eights, at, _LT)
            continue
        name, at = _NONE, start
        while at < size and (_word(data[at]) or data[at] == _DASH):
            name = _hashed(name, _lower(data[at]))
            at += 1
        length, tag = at - start, _value(tag_keys, tag_values, name)
        flags = flags_of[tag]
        tokens[count, NAME] = tag
        if at < size and data[at] == _GT and not flags & RAW:
            # No attributes: as most tags.
            at += 1
            tokens[count, TRAITS] = CLOSING if closing else 0
            tokens[count, SHAPE] = tag
            signs |= MATHEMATICS if flags & MATH else 0
            shapes |= flags & HIDDEN != 0
        elif closing:
            at = min(size, _next(data, eights, at, _GT) + 1)
            tokens[count, TRAITS] = CLOSING
        else:
            at, empty = _attributes(data, at, spans)
            if flags & DESCRIBES:
                signs |= _words(data, spans, _NAME, _TYPE, word_keys, word_values) & RIGHTS
                signs |= _words(data, spans, _TYPE, _HREF, word_keys, word_values) & MATHEMATICS
            else:
                named = _words(data, spans, 0, _NAME, word_keys, word_values)
                signs |= (named & (MATHEMATICS | RIGHTS)) | (MATHEMATICS if flags & MATH else 0)
                tokens[count, NAMED] = named
            if flags & BREAKS:
                tokens[count, SHAPE] = _make(data, tag, spans)
            if spans[2 * _HREF] >= 0:
                tokens[count, TRAITS] |= LINKING
            if _is_hidden(data, spans):
                tokens[count, TRAITS] |= CONCEALED
            shapes |= flags & HIDDEN != 0
            if flags & RAW and not empty:
                after = _after_raw(data, eights, at, start, length)
                # Drawings have titles of their own.
                if flags & TITLE and not title_end and not shapes:
                    title, title_end = at, after
                at = after
        tokens[count, AFTER] = at
        count += 1
        at = _next(data, eights, at, _LT)
    return tokens[:count], title, title_end, int(signs)
