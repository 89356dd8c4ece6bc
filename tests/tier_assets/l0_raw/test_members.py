import pytest

from tier_assets.l0_raw.findings import Capture, Reject
from tier_assets.l0_raw.members import Member, damaged, read_member, unwanted
from tier_assets.policy import RawPolicy


def member(path, size=10, **more):
    return Member("a.tar", 512, path, size, **more)


def test_a_source_file_is_a_document_with_its_language_place_and_licence():
    found = read_member(member("r/a.py"), b"x = 1\n", "MIT", RawPolicy())
    assert isinstance(found, Capture)
    assert (found.offset, found.uri, found.license) == (512, "file:a.tar#r/a.py", "MIT")
    assert (found.media_type, found.text, found.charset) == ("text/x-python", "x = 1\n", "utf-8")
    assert found.metadata == '{"path": "r/a.py"}'


def test_a_page_is_left_to_be_decoded_and_extracted():
    found = read_member(member("a.html"), b"<p>caf\xc3\xa9", None, RawPolicy())
    assert (found.media_type, found.text, found.charset) == ("text/html", None, None)


def test_text_that_is_no_utf_8_is_kept_as_it_is():
    found = read_member(member("a.txt"), b"caf\xe9", None, RawPolicy())
    assert (found.payload, found.text, found.charset) == (b"caf\xe9", None, None)


def test_a_byte_order_mark_is_no_text():
    assert read_member(member("a.txt"), b"\xef\xbb\xbfhello", None, RawPolicy()).text == "hello"


@pytest.mark.parametrize(
    "path, size, rule",
    [
        ("../a.py", 1, "unsafe_name"),
        ("/etc/passwd.txt", 1, "unsafe_name"),
        ("a\n.py", 1, "unsafe_name"),
        ("r/inner.zip", 1, "nested_archive"),
        ("r/logo.png", 1, "unknown_kind"),
        ("r/node_modules/a/b.js", 1, "vendored"),
        ("r/Third_Party/b.c", 1, "vendored"),
        ("r/a.min.js", 1, "minified"),
        ("r/a.py", 1_000_001, "max_code_bytes"),
        ("r/a.html", 20_000_001, "max_payload_bytes"),
    ],
)
def test_what_is_not_wanted_is_dropped_by_a_named_rule_before_it_is_read(path, size, rule):
    assert unwanted(member(path, size), RawPolicy()).rule == rule


def test_a_page_in_a_folder_of_other_peoples_code_is_still_a_page():
    assert unwanted(member("vendor/index.html"), RawPolicy()) is None


def test_a_link_is_dropped():
    assert unwanted(member("a.py", is_file=False), RawPolicy()).rule == "no_file"


def test_an_unsafe_name_stands_in_no_uri():
    drop = unwanted(member("../a.py"), RawPolicy())
    assert (drop.uri, drop.offset) == (None, 512)


@pytest.mark.parametrize(
    "path, payload, rule",
    [
        ("a.py", b"", "empty_payload"),
        ("a.py", b"MZ\0\x01", "binary"),
        ("a.js", b"x" * 500 + b"\n" + b"y" * 500, "minified"),
    ],
)
def test_what_its_bytes_rule_out_is_dropped(path, payload, rule):
    found = read_member(member(path), payload, None, RawPolicy())
    assert isinstance(found, Reject) and found.rule == rule


def test_long_lines_are_allowed_where_nobody_minifies():
    assert isinstance(read_member(member("a.md"), b"x" * 5_000, None, RawPolicy()), Capture)


def test_utf_16_is_no_binary():
    assert isinstance(read_member(member("a.txt"), "hello".encode("utf-16"), None, RawPolicy()), Capture)


def test_what_cannot_be_unpacked_is_damaged():
    assert (damaged(member("a.py"), "bad crc").reason, damaged(member("a.py"), "bad crc").rule) == (
        "unreadable",
        "damaged_member",
    )
