import gzip
import io
from datetime import UTC, datetime

import pytest

from tier_assets.l0_raw.arc import BOUNDARIES, read_arc
from tier_assets.l0_raw.compression import GZIP
from tier_assets.l0_raw.findings import Capture, Flaw, FlawKind, Passed, Reject
from tier_assets.l0_raw.streams import Stream
from tier_assets.policy import RawPolicy

DESCRIPTION = b"1 0 Somebody\nURL IP-address Archive-date Content-type Archive-length\n"
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"


def entry(block, uri=b"http://e.org/", length=None, kind=b"text/html", date=b"20140216050221"):
    stated = str(len(block) if length is None else length).encode()
    return b" ".join((uri, b"93.184.216.119", date, kind, stated)) + b"\n" + block + b"\n"


FIRST = entry(DESCRIPTION, b"filedesc://a.arc", kind=b"text/plain")


def read(*entries, packed=False, policy=None):
    data = b"".join(gzip.compress(each) for each in entries) if packed else b"".join(entries)
    return read_bytes(data, packed=packed, policy=policy)


def read_bytes(data, *, packed, policy=None):
    stream = Stream(io.BytesIO(data), GZIP if packed else None, BOUNDARIES)
    return list(read_arc(stream, policy or RawPolicy()))


def told(found):
    return [
        each.payload if isinstance(each, Capture) else each.rule if isinstance(each, Reject) else type(each)
        for each in found
    ]


@pytest.mark.parametrize("packed", [True, False])
def test_http_entries_are_documents_and_the_description_is_passed(packed):
    _, found = read(FIRST, entry(HTTP + b"<p>one"), packed=packed)
    assert (found.payload, found.uri, found.media_type, found.charset) == (
        b"<p>one",
        "http://e.org/",
        "text/html",
        "utf-8",
    )
    assert (found.http_status, found.fetched_at) == (200, datetime(2014, 2, 16, 5, 2, 21, tzinfo=UTC))
    assert found.offset == len(gzip.compress(FIRST) if packed else FIRST)


def test_an_entry_without_http_headers_is_the_document_itself():
    _, found = read(FIRST, entry(b"<html>old", kind=b"text/html"))
    assert (found.payload, found.media_type, found.http_status) == (b"<html>old", "text/html", None)


def test_dns_answers_are_passed():
    assert told(read(FIRST, entry(b"2014\ne.org. 1.2.3.4", b"dns:e.org", kind=b"text/dns"))) == [Passed, Passed]


def test_version_2_has_more_fields():
    block = HTTP + b"two"
    header = b"http://e.org/ 1.2.3.4 20140216050221 text/html 200 - - 0 a.arc " + str(len(block)).encode() + b"\n"
    assert told(read(FIRST, header + block + b"\n")) == [Passed, b"two"]


@pytest.mark.parametrize("length", [3, 100_000])
@pytest.mark.parametrize("packed", [True, False])
def test_a_wrong_length_costs_that_entry_alone(length, packed):
    found = read(
        FIRST, entry(HTTP + b"<p>one", length=length), entry(HTTP + b"<p>two", b"http://f.org/"), packed=packed
    )
    assert told(found)[-1] == b"<p>two"
    assert told(found)[1] == "bad_record"


def test_a_damaged_member_costs_that_member_alone():
    members = [gzip.compress(each) for each in (FIRST, entry(HTTP + b"<p>one" * 50), entry(HTTP + b"<p>two"))]
    broken = bytearray(members[1])
    broken[30:40] = b"\xff" * 10
    assert told(read_bytes(members[0] + bytes(broken) + members[2], packed=True)) == [
        Passed,
        "damaged_member",
        b"<p>two",
    ]


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_that_is_cut_says_so(packed):
    whole = [FIRST, entry(HTTP + b"<p>one" * 100)]
    data = b"".join(gzip.compress(each) for each in whole) if packed else b"".join(whole)
    found = read_bytes(data[:-40], packed=packed)
    assert told(found) == [Passed, "truncated", Flaw]
    assert found[-1].kind == FlawKind.TRUNCATED


def test_an_entry_above_the_limit_is_dropped():
    policy = RawPolicy(max_payload_bytes=1_000)
    assert told(read(FIRST, entry(HTTP + b"x" * 2_000), entry(HTTP + b"y"), policy=policy)) == [
        Passed,
        "max_payload_bytes",
        b"y",
    ]


@pytest.mark.parametrize(
    "block, rule", [(b"", "empty_payload"), (HTTP, "empty_payload"), (b"HTTP/oops\r\n\r\nx", "bad_http")]
)
def test_an_entry_without_a_document_is_dropped(block, rule):
    assert told(read(FIRST, entry(block))) == [Passed, rule]


def test_a_date_that_is_none_is_unknown():
    assert read(FIRST, entry(HTTP + b"x", date=b"20149916050221"))[1].fetched_at is None


def test_headers_that_state_rights_are_kept():
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Robots-Tag: noai\r\n\r\n"
    assert read(FIRST, entry(http + b"x"))[1].metadata == '{"headers": {"x-robots-tag": "noai"}}'


def test_another_file_is_no_arc():
    assert told(read_bytes(b"http://e.org hello", packed=False)) == [Flaw]
