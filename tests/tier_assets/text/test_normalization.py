import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.text.normalization import fold, folded_sha256, normalize

CHARACTERS = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("a\r\nb\rc\u2028d\x0ce", "a\nb\nc\nd\ne"),
        ("\ufeffzero\u200bwidth soft\u00adhyphen", "zerowidth softhyphen"),
        ("nul\x00 bell\x07 tab\tkept", "nul bell tab\tkept"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("e\u0301", "\u00e9"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
        ("ends in spaces  \u00a0\nnext", "ends in spaces\nnext"),
        ("one\n\n\n\n\ntwo", "one\n\ntwo"),
        (" \n\t ", ""),
    ],
)
def test_a_text_is_normalised(raw, normal):
    assert normalize(raw) == normal


def test_joiners_that_change_what_is_read_stay():
    assert (
        normalize("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
        == "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    )


@given(CHARACTERS)
def test_normalising_twice_changes_nothing_more_and_the_result_is_utf8(text):
    once = normalize(text)
    assert normalize(once) == once
    assert once.encode().decode() == once


def test_folding_forgets_case_width_and_white_space():
    assert fold("\uff28\uff45llo \n\n WORLD\u00a0\ufb01n") == "hello world fin"


def test_texts_that_fold_alike_have_one_digest():
    digest = hashlib.sha256(b"hello world").hexdigest()
    assert folded_sha256("Hello\nWORLD ") == folded_sha256("hello world") == digest
