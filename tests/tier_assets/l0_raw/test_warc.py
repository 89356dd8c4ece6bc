import gzip
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tier_assets.l0_raw.compression import GZIP
from tier_assets.l0_raw.findings import Capture, Flaw, FlawKind, Passed, Reject
from tier_assets.l0_raw.streams import Stream
from tier_assets.l0_raw.warc import BOUNDARY, read_warc
from tier_assets.policy import RawPolicy

PAGES = [b"<html>%d</html>" % number for number in range(9)]


@pytest.fixture
def read(tmp_path):
    """A function that reads bytes as a WARC file, compressed or not."""

    def call(data, *, packed=True, policy=None):
        path = tmp_path / "file"
        path.write_bytes(data)
        with path.open("rb") as file:
            stream = Stream(file, GZIP if packed else None, BOUNDARY)
            return list(read_warc(stream, policy or RawPolicy()))

    return call


def bodies(findings):
    return [finding.payload for finding in findings if isinstance(finding, Capture)]


def rules(findings):
    return [finding.rule for finding in findings if isinstance(finding, Reject)]


def flaws(findings):
    return [finding for finding in findings if isinstance(finding, Flaw)]


def members(entry):
    return [gzip.compress(entry(page)) for page in PAGES]


def test_a_response_is_a_document_with_all_that_its_headers_say(read, entry):
    [found] = read(entry(b"<p>a", uri="<https://example.org/a b>"), packed=False)
    assert (found.offset, found.payload, found.uri) == (0, b"<p>a", "<https://example.org/a b>")
    assert (found.media_type, found.charset, found.http_status) == ("text/html", "utf-8", 200)
    assert found.fetched_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert (found.text, found.metadata) == (None, None)


def test_a_conversion_of_plain_text_gives_its_text(read, entry):
    extra = b"WARC-Identified-Content-Language: deu\r\n"
    [found] = read(entry("grüße".encode(), kind="conversion", extra=extra), packed=False)
    assert (found.text, found.media_type, found.language, found.charset) == ("grüße", "text/plain", "deu", "utf-8")


def test_a_resource_is_a_document_whose_text_is_still_to_be_found(read, entry):
    [found] = read(entry(b"abc", kind="resource"), packed=False)
    assert (found.payload, found.text, found.media_type, found.http_status) == (b"abc", None, "text/plain", None)


@pytest.mark.parametrize("kind", ["warcinfo", "request", "metadata"])
def test_entries_that_are_no_documents_are_passed(read, entry, kind):
    passed, page = read(entry(b"abc", kind=kind) + entry(PAGES[0]), packed=False)
    assert (passed, type(page)) == (Passed(0), Capture)


@pytest.mark.parametrize(
    "arguments, reason, rule",
    [
        ({"body": b"", "kind": "revisit"}, "empty", "revisit"),
        ({"body": b""}, "empty", "empty_payload"),
        ({"body": b"", "kind": "resource"}, "empty", "empty_payload"),
        ({"body": b"<html>", "http": b""}, "unreadable", "bad_http"),
        ({"body": b"a", "kind": "continuation"}, "unreadable", "bad_record"),
        ({"body": b"a", "kind": "resource", "extra": b"WARC-Segment-Number: 1\r\n"}, "unreadable", "bad_record"),
        ({"body": b"a", "kind": "novelty"}, "unreadable", "bad_record"),
    ],
)
def test_each_kind_of_dropped_document_has_its_rule(read, entry, arguments, reason, rule):
    dropped, kept = read(entry(**arguments) + entry(PAGES[0]), packed=False)
    assert (dropped.reason, dropped.rule, dropped.uri) == (reason, rule, "https://example.org/")
    assert kept.payload == PAGES[0]


def test_offsets_are_those_of_gzip_members(read, entry):
    packed = members(entry)
    found = read(b"".join(packed))
    assert bodies(found) == PAGES
    assert [each.offset for each in found] == [len(b"".join(packed[:number])) for number in range(9)]


def test_offsets_in_a_file_of_one_member_are_those_of_the_decompressed_file(read, entry):
    plain = [entry(page) for page in PAGES]
    found = read(gzip.compress(b"".join(plain)))
    assert bodies(found) == PAGES
    assert [each.offset for each in found] == [len(b"".join(plain[:number])) for number in range(9)]


def test_a_file_compressed_in_blocks_reads_like_a_plain_one(read, entry):
    data = b"".join(entry(page) for page in PAGES)
    blocks = b"".join(gzip.compress(data[at : at + 100]) for at in range(0, len(data), 100))
    assert read(blocks) == read(data, packed=False)


def test_entries_without_blank_lines_between_and_with_line_feeds_alone_are_read(read, entry):
    data = (
        b"".join(entry(page)[:-4] for page in PAGES[:2])
        + b"\n\n\n"
        + entry(b"abc", kind="resource").replace(b"\r\n", b"\n")
    )
    assert bodies(read(data, packed=False)) == [*PAGES[:2], b"abc"]


@pytest.mark.parametrize("where", [1, 12, 40, -6, -2])
def test_a_damaged_member_is_one_dropped_document_and_the_next_are_read(read, entry, where):
    packed = [bytearray(member) for member in members(entry)]
    packed[3][where] ^= 0x55
    found = read(b"".join(packed))
    assert bodies(found) == PAGES[:3] + PAGES[4:]
    assert rules(found) == ["damaged_member"]
    assert found[3].offset == len(b"".join(packed[:3]))
    assert flaws(found) == []


def test_two_damaged_members_in_a_row_are_two_dropped_documents(read, entry):
    packed = [bytearray(member) for member in members(entry)]
    packed[3][-6] ^= 0x55
    packed[4][-6] ^= 0x55
    found = read(b"".join(packed))
    assert (bodies(found), rules(found)) == (PAGES[:3] + PAGES[5:], ["damaged_member"] * 2)


def test_garbage_between_members_is_one_dropped_document(read, entry):
    packed = members(entry)
    found = read(b"".join(packed[:3]) + b"garbage" * 9 + b"".join(packed[3:]))
    assert (bodies(found), rules(found)) == (PAGES, ["damaged_member"])


def test_damage_in_a_file_of_one_member_is_a_flaw_since_what_follows_is_lost(read, entry):
    packed = bytearray(gzip.compress(b"".join(entry(page) for page in PAGES)))
    packed[-5] ^= 0x55
    found = read(bytes(packed))
    assert (bodies(found), rules(found)) == ([], ["damaged_member"])
    assert [flaw.kind for flaw in flaws(found)] == [FlawKind.TRUNCATED]


@pytest.mark.parametrize("cut", [1, 5, 9, 60, 150])
def test_a_cut_file_is_truncated_and_keeps_what_is_whole(read, entry, cut):
    data = b"".join(members(entry))[:-cut]
    found = read(data)
    assert (bodies(found), rules(found)) == (PAGES[:-1], ["truncated"])
    assert flaws(found) == [Flaw(FlawKind.TRUNCATED, f"truncated at byte {len(data)}")]


@pytest.mark.parametrize("cut", [6, 60, 150, 200])
def test_a_cut_plain_file_is_truncated_too(read, entry, cut):
    data = b"".join(entry(page) for page in PAGES)[:-cut]
    found = read(data, packed=False)
    assert (bodies(found), rules(found)) == (PAGES[:-1], ["truncated"])
    assert flaws(found) == [Flaw(FlawKind.TRUNCATED, f"truncated at byte {len(data)}")]


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("length", [0, 3, 90, 500, 10**6, 10**12, 10**30, "many", -1])
def test_a_wrong_content_length_costs_one_document(read, entry, packed, length):
    entries = [entry(page) for page in PAGES]
    entries[3] = entry(PAGES[3], length=length)
    found = read(b"".join(gzip.compress(each) if packed else each for each in entries), packed=packed)
    assert (bodies(found), rules(found), flaws(found)) == (PAGES[:3] + PAGES[4:], ["bad_record"], [])


def test_a_huge_content_length_in_a_file_of_one_member_costs_one_document(read, entry):
    entries = [entry(page) for page in PAGES]
    entries[3] = entry(PAGES[3], length=10**12)
    found = read(gzip.compress(b"".join(entries)))
    assert (bodies(found), rules(found), flaws(found)) == (PAGES[:3] + PAGES[4:], ["bad_record"], [])


def test_a_missing_content_length_costs_one_document(read, entry):
    broken = entry(PAGES[0]).replace(b"Content-Length", b"Content-Size")
    found = read(broken + entry(PAGES[1]), packed=False)
    assert (bodies(found), rules(found)) == ([PAGES[1]], ["bad_record"])


def test_a_warc_file_as_a_payload_is_one_document(read, entry):
    inner = entry(PAGES[0]) + entry(PAGES[1])
    assert bodies(read(entry(inner) + entry(PAGES[2]), packed=False)) == [inner, PAGES[2]]


@pytest.mark.parametrize("size", [101, 5_000_000])
def test_a_payload_above_the_limit_is_too_large_and_the_next_is_read(read, entry, size):
    found = read(
        gzip.compress(entry(b"x" * size)) + gzip.compress(entry(b"y" * 100)), policy=RawPolicy(max_payload_bytes=100)
    )
    assert (found[0].reason, found[0].rule, found[0].threshold) == ("too_large", "max_payload_bytes", 100)
    assert found[0].value >= size
    assert bodies(found) == [b"y" * 100]


def test_a_bomb_in_a_coded_body_is_too_large(read, entry):
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n"
    found = read(entry(gzip.compress(bytes(60_000_000)), http=http) + entry(PAGES[0]), packed=False)
    assert [found[0].reason, found[1].payload] == ["too_large", PAGES[0]]


@pytest.mark.parametrize("data", [b"filedesc://a.arc 0.0.0.0 20080430204825\n", b"<html></html>", b"\r\n<html>"])
def test_another_format_is_a_flaw_of_the_file(read, data):
    assert read(data, packed=False) == read(gzip.compress(data)) == [Flaw(FlawKind.UNREADABLE, "is no WARC file")]


def test_flaws_of_a_capture_stand_in_its_metadata(read, entry):
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    [found] = read(entry(b"<html></html>", http=http, extra=b"WARC-Truncated: length\r\n"), packed=False)
    assert json.loads(found.metadata) == {"warc_truncated": "length", "flaws": ["not_chunked"]}


def test_a_bad_date_does_not_cost_the_document(read, entry):
    [found] = read(entry(PAGES[0]).replace(b"2026-03-01T10:00:00Z", b"20260301100000x"), packed=False)
    assert (found.fetched_at, found.payload) == (None, PAGES[0])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    victim=st.integers(0, 8), start=st.integers(0, 400), noise=st.binary(min_size=1, max_size=30), packed=st.booleans()
)
def test_overwriting_any_bytes_of_one_entry_never_costs_another(read, entry, victim, start, noise, packed):
    entries = [bytearray(gzip.compress(entry(page)) if packed else entry(page)) for page in PAGES]
    start %= len(entries[victim])
    end = min(start + len(noise), len(entries[victim]))
    entries[victim][start:end] = noise[: end - start]
    found = read(b"".join(entries), packed=packed)
    untouched = PAGES[:victim] + PAGES[victim + 1 :]
    if victim == 0 and flaws(found):
        return  # a file whose beginning is no WARC is refused as a whole
    assert not Counter(untouched) - Counter(bodies(found))
    assert len(bodies(found)) + len(rules(found)) >= 8
    offsets = [each.offset for each in found if not isinstance(each, Flaw)]
    assert offsets == sorted(set(offsets))


def test_headers_that_state_rights_stand_in_the_metadata(read, entry):
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTDM-Reservation: 1\r\n\r\n"
    [found] = read(entry(b"<p>", http=http), packed=False)
    assert found.metadata == '{"headers": {"tdm-reservation": "1"}}'
