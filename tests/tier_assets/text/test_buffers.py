import unicodedata

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.text.buffers import (
    ALONE,
    LETTER,
    PADDING,
    SPACE,
    SYMBOL,
    TERMINAL,
    WORD,
    character_flags,
    chunks,
    pack,
    padded,
)


@given(st.lists(st.text()))
def test_every_text_is_found_again_between_its_offsets(texts):
    buffer = pack(texts)
    ends = zip(buffer.offsets, buffer.offsets[1:], strict=False)
    assert [buffer.data[start:end].tobytes().decode() for start, end in ends] == texts
    assert buffer.longest == max((len(text.encode()) for text in texts), default=0)


def test_a_lone_surrogate_becomes_a_question_mark():
    assert pack(["a\ud800b"]).data.tobytes() == b"a?b"


@given(st.lists(st.text(max_size=9)), st.integers(1, 20))
def test_chunks_are_the_texts_in_order_within_the_limit(texts, limit):
    parts = list(chunks(texts, limit))
    assert [text for part in parts for text in part] == texts
    assert all(len(part) == 1 or sum(map(len, part)) <= limit for part in parts)


@settings(deadline=None)  # the first call makes the table
@given(st.characters(exclude_categories=["Cs"]))
def test_the_table_says_of_a_character_what_python_says(character):
    flags = character_flags()[ord(character)]
    assert bool(flags & SPACE) == character.isspace()
    assert bool(flags & LETTER) == character.isalpha()
    assert bool(flags & WORD) == (character.isalnum() or character == "_")


def test_a_han_character_is_a_word_alone_and_a_latin_letter_is_not():
    flags = character_flags()
    assert flags[ord("\u4e2d")] & ALONE
    assert not flags[ord("a")] & ALONE
    assert not flags[ord("\ud55c")] & ALONE


def test_what_unicode_calls_punctuation_or_symbol_is_one():
    named = [point for point in range(0x110000) if unicodedata.category(chr(point))[0] in "PS"]
    assert np.flatnonzero(character_flags() & SYMBOL).tolist() == named


def test_punctuation_and_symbols_are_symbols_and_full_stops_of_other_scripts_are_terminal():
    flags = character_flags()
    assert flags[ord("$")] & SYMBOL
    assert flags[ord("-")] & SYMBOL
    assert not flags[ord("7")] & SYMBOL
    assert all(flags[ord(stop)] & TERMINAL for stop in '.!?\u3002\uff1f\u0964\u06d4\u104b"\u201d')
    assert not flags[ord(",")] & TERMINAL


def test_padding_is_of_zeros():
    assert padded(b"ab").tobytes() == b"ab" + bytes(PADDING)
