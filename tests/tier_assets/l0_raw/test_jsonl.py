import gzip
import json

import pytest
import zstandard

from tier_assets.l0_raw.compression import GZIP, ZSTD
from tier_assets.l0_raw.findings import Capture, Flaw, FlawKind, Reject
from tier_assets.l0_raw.jsonl import read_jsonl
from tier_assets.l0_raw.streams import Stream
from tier_assets.policy import RawPolicy


@pytest.fixture
def read(tmp_path):
    """A function that reads bytes as JSONL."""

    def call(data, codec=None, policy=None):
        path = tmp_path / "file"
        path.write_bytes(data)
        with path.open("rb") as file:
            return list(read_jsonl(Stream(file, codec), policy or RawPolicy()))

    return call


def test_each_line_is_a_document_at_its_offset(read):
    found = read(b'{"text": "one"}\n{"text": "two"}')
    assert [(each.offset, each.text) for each in found] == [(0, "one"), (16, "two")]


def test_a_byte_order_mark_and_carriage_returns_are_no_part_of_a_line(read):
    found = read(b'\xef\xbb\xbf{"text": "one"}\r\n{"text": "two"}\r\n')
    assert [(each.offset, each.text) for each in found] == [(0, "one"), (20, "two")]


def test_blank_lines_are_no_inputs(read):
    assert len(read(b'\n  \n\r\n{"text": "one"}\n\n')) == 1


@pytest.mark.parametrize(
    "line, rule",
    [
        (b"{", "bad_json"),
        (b"not json", "bad_json"),
        (b'{"text": NaN}', "bad_json"),
        (b"[" * 200_000, "bad_json"),
        (b'{"text": ' + b"9" * 5_000 + b"}", "bad_json"),
        (b'{"text": "a"} {"text": "b"}', "bad_json"),
        (b'{"text": "\xff"}', "bad_encoding"),
        (b'{"text": "\\ud800"}', "bad_encoding"),
        (b"[1]", "no_object"),
        (b'"text"', "no_object"),
        (b"null", "no_object"),
        (b'{"title": "a"}', "no_text"),
        (b'{"text": "a", "html": "b"}', "two_texts"),
        (b'{"text": 1}', "bad_text"),
        (b'{"text": "a", "fetched_at": "soon"}', "bad_fetched_at"),
    ],
)
def test_a_bad_line_is_one_dropped_input_with_its_rule_and_the_next_is_read(read, line, rule):
    dropped, kept = read(line + b'\n{"text": "next"}\n')
    assert isinstance(dropped, Reject)
    assert (dropped.reason, dropped.rule, dropped.raw) == ("unreadable", rule, line)
    assert (kept.text, kept.offset) == ("next", len(line) + 1)


def test_a_pair_of_surrogates_is_one_character(read):
    assert read(b'{"text": "\\ud83d\\ude00"}')[0].text == "\U0001f600"


def test_a_zero_character_is_text(read):
    assert read(b'{"text": "a\\u0000b"}')[0].text == "a\0b"


def test_a_number_too_large_for_json_is_null_in_the_metadata(read):
    assert json.loads(read(b'{"text": "a", "n": 1e999}')[0].metadata) == {"n": None}


def test_a_long_line_is_too_large_and_the_next_is_read(read):
    data = b'{"text": "' + b"x" * 3_000_000 + b'"}\n{"text": "next"}\n'
    dropped, kept = read(data, policy=RawPolicy(max_line_bytes=1000))
    assert (dropped.reason, dropped.rule, dropped.value) == ("too_large", "max_line_bytes", 3_000_012)
    assert (kept.text, kept.offset) == ("next", 3_000_013)


@pytest.mark.parametrize("codec, pack", [(GZIP, gzip.compress), (ZSTD, zstandard.ZstdCompressor().compress)])
def test_compressed_files_read_alike_in_one_member_or_many(read, codec, pack):
    data = b'{"text": "one"}\n{"text": "two"}\n{"text": "three"}\n'
    assert read(pack(data), codec) == read(pack(data[:20]) + pack(data[20:]), codec) == read(data)


@pytest.mark.parametrize("codec, pack", [(GZIP, gzip.compress), (ZSTD, zstandard.ZstdCompressor().compress)])
def test_a_cut_compressed_file_keeps_its_whole_members_and_is_truncated(read, codec, pack):
    data = pack(b'{"text": "one"}\n') + pack(b'{"text": "two"}\n')[:-2]
    found = read(data, codec)
    assert [each.text for each in found if isinstance(each, Capture)][:1] == ["one"]
    assert found[-1] == Flaw(FlawKind.TRUNCATED, f"truncated at byte {len(data)}")


def test_damage_in_a_compressed_file_is_a_flaw_with_its_place(read):
    good, bad = gzip.compress(b'{"text": "one"}\n'), bytearray(gzip.compress(b'{"text": "two"}\n'))
    bad[-6] ^= 1
    found = read(good + bytes(bad), GZIP)
    assert [each.text for each in found[:-1]] == ["one"]
    assert found[-1].kind == FlawKind.TRUNCATED
    assert found[-1].note.endswith(f"at byte {len(good)}")


def test_a_bomb_is_read_in_bounded_memory(read):
    packed = zstandard.ZstdCompressor().compress(bytes(200_000_000))
    [dropped] = read(packed, ZSTD, RawPolicy(max_line_bytes=1000))
    assert (dropped.rule, dropped.value) == ("max_line_bytes", 200_000_000)
