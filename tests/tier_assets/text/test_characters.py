import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.text.buffers import SPACE, character_flags, pack
from tier_assets.text.characters import before, character, code_point, lower, stripped, width_of
from tier_assets.text.compiled import compiled

# Texts without surrogates, which UTF-8 does not have.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@compiled
def characters(data: np.ndarray) -> list[tuple[int, int]]:
    found, at = [(0, 0) for _ in range(0)], 0
    while at < data.shape[0]:
        point, width = character(data, at)
        found.append((point, width))
        at += width
    return found


@compiled
def backwards(data: np.ndarray) -> list[int]:
    found, at = [0 for _ in range(0)], data.shape[0]
    while at > 0:
        at = before(data, at)
        found.append(code_point(data, at, width_of(data[at])))
    return found


@compiled
def content(data: np.ndarray, flags: np.ndarray) -> tuple[int, int]:
    return stripped(data, 0, data.shape[0], flags)


@compiled
def lowered(data: np.ndarray) -> list[int]:
    return [lower(byte) for byte in data]


@settings(deadline=None)  # the first call compiles
@given(TEXTS)
def test_characters_are_those_of_the_text(text):
    assert characters(pack([text]).data) == [(ord(each), len(each.encode())) for each in text]


@settings(deadline=None)  # the first call compiles
@given(TEXTS)
def test_characters_are_found_from_the_end_too(text):
    assert backwards(pack([text]).data) == [ord(each) for each in reversed(text)]


@pytest.mark.parametrize("text", ["\x7f\x80", "\u07ff\u0800", "\uffff\U00010000", "\U0010ffff"])
def test_the_last_and_the_first_of_each_width_are_read(text):
    data = pack([text]).data
    assert [point for point, _ in characters(data)] == [ord(each) for each in text]
    assert backwards(data) == [ord(each) for each in reversed(text)]


@settings(deadline=None)  # the first call compiles
@given(st.text(" \t\n\u00a0\u3000a\u00e9\u3042\U0001f600"))
def test_white_space_of_any_script_is_stripped_and_nothing_else(text):
    data = pack([text]).data
    start, end = content(data, character_flags())
    assert data[start:end].tobytes().decode() == text.strip()


def test_what_is_white_space_is_the_tables_to_say():
    flags = np.zeros(256, np.uint8)
    flags[ord("x")] = SPACE
    assert content(pack(["xx a x"]).data, flags) == (2, 5)


def test_only_capitals_of_ascii_become_small():
    data = np.arange(256, dtype=np.uint8)
    assert bytes(lowered(data)) == data.tobytes().lower()
