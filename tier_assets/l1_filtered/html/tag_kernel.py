"""Machine code that finds the tags of a page in its bytes, and in their attributes what counts.

No error of markup stops it: what HTML's standard calls a parse error has a reading here that costs no more time. What the
tags make of the text is `block_kernel.py`'s. Where something ends is read from bits for 64 bytes at once, as in simdjson
(Langdale and Lemire 2019): a branch for each byte would be mispredicted at each end. Import inside functions only (see
`text/compiled.py`).
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
    IMAGE,
    LONGEST,
    MATH,
    MATHEMATICS,
    MULTIPLIER,
    PRIME,
    RAW,
    RIGHTS,
    SHIFT,
    TITLE,
    packed,
    table,
)
from tier_assets.text.buffers import PADDING
from tier_assets.text.characters import lower
from tier_assets.text.compiled import borrowing, compiled, inlined
from tier_assets.text.vectors import below, eight, equal, first

_LT, _GT, _SLASH, _BANG, _QUESTION, _DASH, _EQUALS, _QUOTE, _APOSTROPHE, _SPACE = 60, 62, 47, 33, 63, 45, 61, 34, 39, 32
_DOLLAR, _BACKSLASH = 36, 92
_PRIME, _MULTIPLIER, _SHIFT, _NONE = np.uint64(PRIME), np.uint64(MULTIPLIER), np.uint64(SHIFT), np.uint64(0)
_ALL, _ONE, _MAKE_BITS = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(1), np.uint64(0x7FFFFFFF)
# Makes a letter lower case, and leaves digits and dashes as they are: no other byte becomes one of these but by control
# characters, which end every name.
_CASE = np.uint64(0x2020202020202020)
# Attributes that count: those whose words tell what an element is for, those that tell of a page or a script, the rest.
_ATTRIBUTES = "class id role itemprop rel name content property type src href style hidden alt"
_BITS = {name: 1 << bit for bit, name in enumerate(_ATTRIBUTES.split())}
_NAMES = table(_BITS, 64, key_of=packed)
_KEYS, _VALUES = _NAMES
_CLASS, _HREF, _STYLE, _SRC, _ALT = (_BITS[name] for name in "class href style src alt".split())
_TELLING = _BITS["class"] | _BITS["id"] | _BITS["role"] | _BITS["itemprop"] | _BITS["rel"]
_RIGHTS_IN, _SCRIPT_IN = _BITS["name"] | _BITS["content"] | _BITS["property"], _BITS["type"] | _BITS["src"]
_LONGEST_ATTRIBUTE = 8
_DISPLAY = np.frombuffer(b"display:none", np.uint8)


@inlined
def _letter(byte: np.uint8) -> bool:
    return bool(97 <= byte | 32 <= 122)


@inlined
def _lower_case(data: NDArray[np.uint8], at: int) -> np.uint64:
    return np.uint64(below(data, at, 123) & ~below(data, at, 97))


@inlined
def _upper_case(data: NDArray[np.uint8], at: int) -> np.uint64:
    return np.uint64(below(data, at, 91) & ~below(data, at, 65))


@inlined
def _packed(data: NDArray[np.uint8], at: int, length: int) -> np.uint64:
    """A name of 1 to `LONGEST` bytes as `tags.py` packs it, in lower case."""
    if length <= 8:
        return (eight(data, at) | _CASE) & _ALL >> (64 - 8 * length)
    return (eight(data, at) | _CASE) ^ ((eight(data, at + 8) | _CASE) & _ALL >> (128 - 8 * length)) * _MULTIPLIER


@inlined
def _value(keys: NDArray[np.uint64], values: NDArray[np.int64], key: np.uint64) -> int:
    """What a table holds for a key; 0 for none."""
    slot = np.int64((key * _MULTIPLIER) >> _SHIFT) & (keys.shape[0] - 1)
    while keys[slot] != key and keys[slot] != _NONE:
        slot = slot + 1 & (keys.shape[0] - 1)
    return int(values[slot])


@inlined
def _next(data: NDArray[np.uint8], at: int, byte: int) -> int:
    """Where a byte stands next, the size if nowhere."""
    size = data.shape[0] - PADDING
    while at < size:
        found = equal(data, at, byte)
        if found:
            return at + first(found)
        at += PADDING
    return int(size)


@inlined
def _word_end(data: NDArray[np.uint8], at: int) -> int:
    """Where the letters, digits and dashes end that begin at `at`."""
    while True:
        digits, dashes = below(data, at, 58) & ~below(data, at, 48), equal(data, at, _DASH)
        others = ~(_lower_case(data, at) | _upper_case(data, at) | digits | dashes)
        if others:
            return at + first(others)
        at += PADDING


@inlined
def _name_end(data: NDArray[np.uint8], at: int) -> int:
    """Where the name of an attribute ends that begins at `at`, with whatever byte."""
    ends = ~_ONE
    while True:
        ends &= below(data, at, _SPACE + 1) | equal(data, at, _EQUALS) | equal(data, at, _GT) | equal(data, at, _SLASH)
        if ends:
            return at + first(ends)
        at += PADDING
        ends = _ALL


@inlined
def _value_span(data: NDArray[np.uint8], at: int) -> tuple[int, int, int]:
    """Where a value begins and ends whose '=' stands at `at`, and where the scan goes on."""
    size = data.shape[0] - PADDING
    at += 1
    while at < size and data[at] <= _SPACE:
        at += 1
    quote = data[at]
    if quote in (_QUOTE, _APOSTROPHE):
        end = _next(data, at + 1, quote)
        return at + 1, end, min(end + 1, size)
    end = at
    while True:
        ends = below(data, end, _SPACE + 1) | equal(data, end, _GT)
        if ends:
            end = min(end + first(ends), size)
            return at, end, end
        end += PADDING


@borrowing
def _says_hidden(data: NDArray[np.uint8], start: int, end: int) -> bool:
    """Whether a style has display:none."""
    matched = 0
    for at in range(start, end):
        if data[at] <= _SPACE:
            continue
        matched = matched + 1 if lower(data[at]) == _DISPLAY[matched] else int(lower(data[at]) == _DISPLAY[0])
        if matched == _DISPLAY.shape[0]:
            return True
    return False


@borrowing
def _words(data: NDArray[np.uint8], at: int, end: int, keys: NDArray[np.uint64], values: NDArray[np.int64]) -> np.int64:
    """Flags of the words that a value is made of.

    A word ends where its letters do, and before an upper-case letter that follows a lower-case one.
    """
    flags = np.int64(0)
    while at < end:
        small, large = _lower_case(data, at), _upper_case(data, at)
        letters = small | large
        if end - at < PADDING:
            letters &= (_ONE << (end - at)) - _ONE
        ends = ~letters | large & small << _ONE
        after = at + PADDING
        while letters:
            begun = first(letters)
            rest = ends & ~_ONE << begun
            if not rest:
                after = at + begun
                break
            stop = first(rest)
            if stop - begun <= LONGEST:
                flags |= _value(keys, values, _packed(data, at + begun, stop - begun))
            letters &= _ALL << stop
        if after == at:
            # A word of more letters than are looked at.
            at += PADDING
            while at < end and _letter(data[at]) and not (data[at] < 97 and data[at - 1] >= 97):
                at += 1
        else:
            at = after
    return flags


@borrowing
def _make(data: NDArray[np.uint8], tag: int, start: int, end: int) -> int:
    """What siblings of one make share: their tag and the letters of the first word of their class."""
    make = np.uint64(tag)
    for at in range(start, end):
        if data[at] <= _SPACE:
            break
        if _letter(data[at]):
            make = make * _PRIME ^ np.uint64(data[at])
    return int(make & _MAKE_BITS)


@borrowing
def _attributes(
    data: NDArray[np.uint8],
    at: int,
    flags: int,
    tokens: NDArray[np.int32],
    token: int,
    keys: NDArray[np.uint64],
    values: NDArray[np.int64],
) -> tuple[int, bool, np.int64]:
    """Where a start tag of these flags ends whose name ends at `at`; whether by '/>'; the signs of its attributes.

    `token` gets its traits, the flags of its words, and its make. Of attributes of one name the first counts.
    """
    size, empty, seen, signs, named = data.shape[0] - PADDING, False, 0, np.int64(0), np.int64(0)
    traits, start, end = 0, 0, 0
    while at < size:
        byte = data[at]
        if byte == _GT:
            at += 1
            break
        if byte <= _SPACE or byte == _SLASH:
            empty = byte == _SLASH
            at += 1
            continue
        begun, at = at, _name_end(data, at)
        which = _value(_KEYS, _VALUES, _packed(data, begun, at - begun)) if at - begun <= _LONGEST_ATTRIBUTE else 0
        while at < size and data[at] <= _SPACE:
            at += 1
        first_byte, last = at, at
        if at < size and data[at] == _EQUALS:
            first_byte, last, at = _value_span(data, at)
        empty = False
        if which == 0 or seen & which:
            continue
        seen |= which
        if which & _TELLING:
            if not flags & DESCRIBES:
                named |= _words(data, first_byte, last, keys, values)
            if which == _CLASS:
                start, end = first_byte, last
        elif which == _HREF:
            traits |= LINKING
        elif which & (_RIGHTS_IN | _SCRIPT_IN):
            if flags & DESCRIBES:
                wanted = RIGHTS if which & _RIGHTS_IN else MATHEMATICS
                signs |= _words(data, first_byte, last, keys, values) & wanted
            elif which == _SRC and flags & IMAGE:
                signs |= _words(data, first_byte, min(last, first_byte + 2 * PADDING), keys, values) & MATHEMATICS
        elif which == _ALT:
            # An image of a formula often has its TeX between signs of TeX.
            signs |= MATHEMATICS if data[first_byte] == _DOLLAR or data[first_byte] == _BACKSLASH else 0
        elif which != _STYLE or _says_hidden(data, first_byte, last):
            traits |= CONCEALED
    if not flags & DESCRIBES:
        signs |= named & (MATHEMATICS | RIGHTS)
    tokens[token, TRAITS], tokens[token, NAMED] = traits, named
    tokens[token, SHAPE] = _make(data, tokens[token, NAME], start, end) if flags & BREAKS else 0
    return at, empty, signs


@borrowing
def _after_raw(data: NDArray[np.uint8], at: int, name: int, length: int) -> int:
    """Where the end tag begins of an element without markup, whose name stands at `name`."""
    size = data.shape[0] - PADDING
    while at < size:
        at = _next(data, at, _LT)
        if at < size - 1 - length and data[at + 1] == _SLASH:
            step = 0
            while step < length and lower(data[at + 2 + step]) == lower(data[name + step]):
                step += 1
            if step == length:
                return at
        at += 1
    return int(size)


@borrowing
def _after_declaration(data: NDArray[np.uint8], at: int) -> int:
    """Where a comment, a doctype or a processing instruction ends that begins at `at`."""
    size = data.shape[0] - PADDING
    if at + 3 < size and data[at + 1] == _BANG and data[at + 2] == _DASH and data[at + 3] == _DASH:
        # "<!-->" is a comment already.
        at += 4
        while at < size:
            at = _next(data, at, _GT)
            if data[at - 1] == _DASH and data[at - 2] == _DASH:
                break
            at += 1
        return int(min(at + 1, size))
    return int(min(_next(data, at, _GT) + 1, size))


@borrowing
def _read(
    data: NDArray[np.uint8],
    tokens: NDArray[np.int32],
    tag_keys: NDArray[np.uint64],
    tag_values: NDArray[np.int64],
    flags_of: NDArray[np.int64],
    word_keys: NDArray[np.uint64],
    word_values: NDArray[np.int64],
) -> tuple[int, int, int, int]:
    """Fills `tokens`; gives their number, and what `find_tags` does."""
    size = data.shape[0] - PADDING
    count, most = 0, tokens.shape[0]
    title, title_end, signs, shapes = 0, 0, np.int64(0), False
    at = _next(data, 0, _LT)
    while at < size and count < most:
        start = at + 1
        closing = data[start] == _SLASH
        start += closing
        tokens[count, AT], tokens[count, NAME], tokens[count, TRAITS], tokens[count, NAMED], tokens[count, SHAPE] = (
            at,
            0,
            0,
            0,
            0,
        )
        if not _letter(data[start]):
            markup = start < size and (closing or data[start] == _BANG or data[start] == _QUESTION)
            at = _after_declaration(data, at) if markup else at + 1
            tokens[count, AFTER] = at
            count += markup
            at = _next(data, at, _LT)
            continue
        at = _word_end(data, start)
        length = at - start
        tag = _value(tag_keys, tag_values, _packed(data, start, length)) if length <= LONGEST else 0
        flags = flags_of[tag]
        tokens[count, NAME] = tag
        if data[at] == _GT and not flags & RAW:
            # No attributes: as most tags.
            at += 1
            tokens[count, TRAITS] = CLOSING if closing else 0
            tokens[count, SHAPE] = tag
            signs |= MATHEMATICS if flags & MATH else 0
            shapes |= flags & HIDDEN != 0
        elif closing:
            at = min(size, _next(data, at, _GT) + 1)
            tokens[count, TRAITS] = CLOSING
        else:
            at, empty, hints = _attributes(data, at, flags, tokens, count, word_keys, word_values)
            signs |= hints | (MATHEMATICS if flags & MATH else 0)
            shapes |= flags & HIDDEN != 0
            if flags & RAW and not empty:
                after = _after_raw(data, at, start, length)
                # Drawings have titles of their own.
                if flags & TITLE and not title_end and not shapes:
                    title, title_end = at, after
                at = after
        tokens[count, AFTER] = at
        count += 1
        at = _next(data, at, _LT)
    return count, title, title_end, int(signs)


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

    `data` is the page with `PADDING` zero bytes behind it. Reading ends with the tag of number `most`. Comments and
    declarations are in the table too, as tags of no name.
    """
    tokens = np.empty((most, TOKEN_COLUMNS), np.int32)
    count, title, title_end, signs = _read(data, tokens, tag_keys, tag_values, flags_of, word_keys, word_values)
    return tokens[:count], title, title_end, signs
