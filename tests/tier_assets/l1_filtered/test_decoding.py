import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tier_assets.l1_filtered.decoding import decode, utf8
from tier_assets.text.buffers import PADDING

RUSSIAN = (
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!"
    " \u041a\u0430\u043a \u0434\u0435\u043b\u0430 \u0441\u0435\u0433\u043e\u0434\u043d\u044f?"
)
CHINESE = "\u4e2d\u6587\u5185\u5bb9\u6d4b\u8bd5\uff0c\u8fd9\u662f\u4e00\u4e2a\u9875\u9762\u3002" * 20


def test_the_declared_charset_decides():
    assert decode("\u0141\u00f3d\u017a".encode("iso-8859-2"), "ISO-8859-2", html=True) == "\u0141\u00f3d\u017a"


def test_a_byte_order_mark_outranks_the_declaration_and_is_not_text():
    assert decode("\ufeff\u00fcber".encode("utf-16-le"), "utf-8", html=True) == "\u00fcber"


def test_a_page_may_declare_its_charset_in_a_meta_tag():
    page = f"<html><head><meta charset=windows-1251></head><p>{RUSSIAN}".encode("cp1251")
    assert RUSSIAN in decode(page, None, html=True)


def test_a_wrong_declaration_is_not_believed():
    assert decode(RUSSIAN.encode("cp1251"), "utf-8", html=True) == RUSSIAN


def test_without_a_declaration_the_charset_is_detected():
    assert decode(CHINESE.encode("gb18030"), None, html=False) == CHINESE


def test_a_short_text_in_utf8_needs_no_declaration():
    assert decode("a <b> \u00fc".encode(), None, html=False) == "a <b> \u00fc"


def test_japanese_in_seven_bits_is_not_taken_for_utf8():
    page = "<meta charset=iso-2022-jp><p>\u65e5\u672c\u8a9e".encode("iso-2022-jp")
    assert decode(page, None, html=True).endswith("\u65e5\u672c\u8a9e")


def test_one_broken_byte_costs_one_character_and_not_the_charset():
    assert decode(CHINESE.encode() + b"\xff", "utf-8", html=True) == CHINESE + "\ufffd"


def test_one_byte_of_windows_1252_in_english_is_an_apostrophe():
    assert decode(b"It\x92s plain English text, said in utf-8.", "utf-8", html=True)[:4] == "It\u2019s"


@pytest.mark.parametrize(
    "charset", ["utf-7", "replacement", "x-user-defined", "no such thing", "", "\x00", "hz-gb-2312"]
)
def test_a_charset_nobody_knows_is_passed_over(charset):
    assert decode("na\u00efve caf\u00e9".encode(), charset, html=True) == "na\u00efve caf\u00e9"


@given(st.binary(), st.sampled_from([None, "utf-8", "utf-16", "gb18030", "shift_jis", "iso-2022-jp", "big5", "koi8-r"]))
def test_any_bytes_become_text_that_is_utf8(payload, charset):
    text = decode(payload, charset, html=True)
    assert text.encode().decode() == text


@settings(deadline=None)  # the first call compiles
@given(
    st.binary() | st.text("a<\u00fc\u4e2d\ufeff\ufffd\x00\x1b\x85", max_size=90).map(str.encode),
    st.sampled_from([None, "utf-8", "UTF8", "us-ascii", "iso-2022-jp", "windows-1252", "utf-16", "nonsense"]),
    st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"]),
)
@example(b"\xff", "utf-8", b"")
@example(b"\x1b$B", None, b"")
def test_a_page_in_utf8_is_what_decoding_makes_of_it(payload, charset, mark):
    data = utf8(mark + payload, charset).tobytes()
    assert data == decode(mark + payload, charset, html=True).encode() + bytes(PADDING)
