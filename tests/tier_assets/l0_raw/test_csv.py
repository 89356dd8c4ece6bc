import csv as library
import gzip
import io
from datetime import UTC, datetime

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.l0_raw.compression import GZIP, ZSTD
from tier_assets.l0_raw.csv import read_csv, read_tsv
from tier_assets.l0_raw.findings import Capture, Flaw, FlawKind, Reject
from tier_assets.l0_raw.streams import Stream
from tier_assets.policy import RawPolicy


def read(data, reader=read_csv, codec=None, policy=None):
    return list(reader(Stream(io.BytesIO(data), codec), policy or RawPolicy()))


def told(found):
    return [each.text if isinstance(each, Capture) else each.rule for each in found]


def test_columns_are_the_fields_of_a_document_in_any_order():
    data = b"url,topic,text,id,license,fetched_at\nhttps://e.org,ships,hello,7,MIT,2026-03-01\n"
    [found] = read(data)
    assert (found.text, found.uri, found.user_id, found.license) == ("hello", "https://e.org", "7", "MIT")
    assert (found.fetched_at, found.metadata) == (datetime(2026, 3, 1, tzinfo=UTC), '{"topic": "ships"}')
    assert found.offset == data.index(b"https")


def test_an_empty_field_is_none():
    [found] = read(b"text,url,license\nhello,,\n")
    assert (found.uri, found.license) == (None, None)


def test_seconds_since_1970_are_a_date():
    assert read(b"text,fetched_at\nhello,86400\n")[0].fetched_at == datetime(1970, 1, 2, tzinfo=UTC)


def test_quoted_fields_hold_delimiters_quotes_and_lines():
    assert told(read(b'text,url\r\n"a, ""b""\r\nc",x\r\nplain,y\r\n')) == ['a, "b"\nc', "plain"]


def test_tabs_delimit_tsv():
    assert told(read(b"text\turl\na, b\tx\n", read_tsv)) == ["a, b"]


def test_a_quote_within_a_field_is_a_quote():
    assert told(read(b'text,url\n5" disk,x\n6" disk,y\n')) == ['5" disk', '6" disk']


def test_a_quote_that_is_not_closed_costs_its_line_alone():
    found = read(b'text,id\none,1\n"two,2\nthree,3\nfour,4')
    assert told(found) == ["one", "bad_row", "three", "four"]
    assert [each.offset for each in found] == [8, 14, 21, 29]


@pytest.mark.parametrize("codec, pack", [(GZIP, gzip.compress), (ZSTD, zstandard.ZstdCompressor().compress)])
def test_compressed_rows_are_the_same(codec, pack):
    data = b'text,id\none,1\n"two,2\nthree,3\n'
    assert read(pack(data), codec=codec) == read(data)


@pytest.mark.parametrize("row", [b"one", b"one,1,more", b"one,1,"])
def test_a_row_of_another_width_is_dropped_saying_so(row):
    [drop, _] = read(b"text,id\n" + row + b"\ntwo,2\n")
    assert (drop.rule, drop.detail) == ("bad_row", f"has {row.count(b',') + 1} fields, the header 2")


@pytest.mark.parametrize(
    "header, note",
    [
        (b"body,id\n", "has no column text or html, but 'body', 'id': name that of the text in raw.text_columns"),
        (b"text,id,text\n", "names a column twice in its header"),
        (b"text,id\ra,1\r", "ends its lines in CR alone, so that all of it is one line: save it with LF"),
        (b'"text,id\n', "has no header that can be read"),
        (b"te\xfft,id\n", "has no header that can be read"),
    ],
)
def test_a_header_that_will_not_do_is_a_flaw_of_the_file(header, note):
    assert read(header + b"a,b\n") == [Flaw(FlawKind.UNREADABLE, note)]


def test_text_that_is_no_utf_8_drops_its_row():
    assert told(read(b"text\ncaf\xe9\nfine\n")) == ["bad_encoding", "fine"]


def test_a_byte_order_mark_and_blank_lines_are_nothing():
    assert told(read(b"\xef\xbb\xbftext\n\nhello\n\n")) == ["hello"]


def test_a_row_longer_than_the_limit_is_dropped_in_constant_memory():
    found = read(b"text\n" + b"x" * 5_000 + b"\nfine\n", policy=RawPolicy(max_line_bytes=1_000))
    assert (told(found), found[0].value) == (["max_line_bytes", "fine"], 5_000)


def test_a_quote_is_closed_within_the_limit_or_not_at_all():
    data = b'text\n"' + b"x\n" * 2_000 + b'"\n'
    found = read(data, policy=RawPolicy(max_line_bytes=1_000))
    assert told(found)[:2] == ["bad_row", "x"]


def test_a_cut_file_gives_its_rows_and_says_so():
    data = gzip.compress(b"text\n" + b"".join(f"row {number}\n".encode() for number in range(30_000)))
    found = read(data[: len(data) // 2], codec=GZIP)
    assert found[0].text == "row 0"
    assert found[-1].kind == FlawKind.TRUNCATED


FIELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), min_size=1).filter(str.strip)


@given(st.lists(FIELD, min_size=1, max_size=5))
def test_what_the_library_writes_is_read_back(texts):
    made = io.StringIO()
    library.writer(made, lineterminator="\r\n", quoting=library.QUOTE_ALL).writerows(
        [["text"], *([text] for text in texts)]
    )
    found = read(made.getvalue().encode())
    assert [each.text for each in found if not isinstance(each, Reject)] == texts
