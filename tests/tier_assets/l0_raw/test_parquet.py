import json
from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tier_assets.l0_raw.findings import Capture, FlawKind, Seen
from tier_assets.l0_raw.parquet import read_parquet
from tier_assets.policy import RawPolicy


@pytest.fixture
def read(tmp_path):
    """A function that writes a table, or bytes, and reads them as Parquet."""

    def call(table):
        path = tmp_path / "a.parquet"
        if isinstance(table, bytes):
            path.write_bytes(table)
        else:
            pq.write_table(table, path)
        return [finding for _, finding in read_parquet(path, RawPolicy()) if not isinstance(finding, Seen)]

    return call


def test_each_row_is_a_document_at_its_number(read):
    found = read(
        pa.table({"text": ["one", None], "html": [None, "<p>two"], "url": ["https://e.org", None], "stars": [3, 4]})
    )
    assert [(each.offset, each.payload, each.uri, each.metadata) for each in found] == [
        (0, b"one", "https://e.org", '{"stars": 3}'),
        (1, b"<p>two", None, '{"stars": 4}'),
    ]


def test_rows_are_dropped_by_the_rules_of_fields(read):
    found = read(pa.table({"text": ["", None, "a"]}))
    assert [getattr(each, "rule", "kept") for each in found] == ["empty_payload", "no_text", "kept"]


def test_more_rows_than_are_read_at_once_keep_their_numbers(read):
    found = read(pa.table({"text": [str(number) for number in range(500)]}))
    assert [(each.offset, each.text) for each in found] == [(number, str(number)) for number in range(500)]


def test_bytes_that_are_no_unicode_in_a_text_column_drop_the_row(read):
    bad = pa.array([b"one", b"\xff\xfe", b"three"]).cast(pa.binary()).view(pa.string())
    assert [getattr(each, "rule", "kept") for each in read(pa.table({"text": bad}))] == ["kept", "bad_encoding", "kept"]
    other = read(pa.table({"text": ["a", "b", "c"], "title": bad}))
    assert [getattr(each, "rule", "kept") for each in other] == ["kept", "bad_encoding", "kept"]


def test_types_of_all_kinds_are_read(read):
    table = pa.table(
        {
            "text": pa.array(["a"]).dictionary_encode(),
            "url": pa.array(["https://e.org"], pa.large_string()),
            "fetched_at": pa.array([1_772_359_200_000_000_000], pa.timestamp("ns")),
            "nested": [{"list": [1, 2], "raw": b"\x00"}],
            "when": pa.array([1], pa.timestamp("ns", "Europe/Berlin")),
        }
    )
    [found] = read(table)
    assert (found.text, found.uri, found.fetched_at) == ("a", "https://e.org", datetime(2026, 3, 1, 10, tzinfo=UTC))
    assert json.loads(found.metadata)["nested"] == {"list": [1, 2], "raw": "AA=="}


def test_a_file_of_polars_is_read(tmp_path):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": ["one"], "language": ["en"]}).write_parquet(path)
    [(share, found), seen] = list(read_parquet(path, RawPolicy()))
    assert (share, found.text, found.language) == (0, "one", "en")
    assert seen == (1, Seen(1))


def test_a_file_without_a_column_of_text_is_a_flaw(read):
    [flaw] = read(pa.table({"body": ["a"]}))
    assert (flaw.kind, flaw.note) == (
        FlawKind.UNREADABLE,
        "has no column text or html, but 'body': name that of the text in raw.text_columns",
    )


@pytest.mark.parametrize("data", [b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"PAR1 nonsense"])
def test_a_file_that_cannot_be_opened_is_a_flaw_in_one_line(read, data):
    [flaw] = read(data)
    assert flaw.kind == FlawKind.UNREADABLE
    assert "\n" not in flaw.note


def test_damage_further_on_keeps_what_came_before_and_is_a_flaw(tmp_path):
    path = tmp_path / "a.parquet"
    texts = [f"{number:08d}" * 50 for number in range(200)]
    pq.write_table(pa.table({"text": texts}), path, row_group_size=100, use_dictionary=False, write_page_checksum=True)
    data = bytearray(path.read_bytes())
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    at = column.data_page_offset + column.total_compressed_size // 2
    data[at : at + 40] = bytes(40)
    path.write_bytes(bytes(data))
    *found, flaw, seen = [finding for _, finding in read_parquet(path, RawPolicy())]
    assert sum(isinstance(each, Capture) for each in found) == len(found) == seen.entries == 100
    assert flaw.kind == FlawKind.TRUNCATED


def test_rows_are_counted_by_the_footer_not_by_what_was_read(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a", "b", "c"]}), path, row_group_size=2)
    monkeypatch.setattr(pq.ParquetFile, "num_row_groups", 1)
    found = [finding for _, finding in read_parquet(path, RawPolicy())]
    assert (len(found[:-1]), found[-1]) == (2, Seen(3))
