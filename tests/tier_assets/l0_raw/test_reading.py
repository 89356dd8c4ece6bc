import gzip
import hashlib
import json
import os
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tier_assets.errors import LandingError
from tier_assets.l0_raw import assembly
from tier_assets.l0_raw.identity import doc_id
from tier_assets.l0_raw.reading import read_landed
from tier_assets.landing.sources import Source, local_source
from tier_assets.outcome import joined
from tier_assets.policy import RawPolicy
from tier_assets.schemas import DECISIONS, ROWS
from tier_assets.tiers import Tier

REAL = os.environ.get("STRATA_TEST_DATA")
real_data = pytest.mark.skipif(REAL is None, reason="STRATA_TEST_DATA is not set: no real crawl to read")


@pytest.fixture
def read(tmp_path):
    """A function that writes files by name and reads them as a partition."""

    def call(files, policy=None, **more):
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
        sources = [local_source(tmp_path / name) for name in files]
        return joined(read_landed(sources, partition="crawl.2026-34", policy=policy or RawPolicy(), **more))

    return call


def line(text, **fields):
    return json.dumps({"text": text, **fields}).encode() + b"\n"


def test_a_row_and_its_decision_say_what_the_schemas_promise(read):
    outcome = read(
        {"a.jsonl": line("one", url="https://e.org", license="MIT", fetched_at="2026-03-01T10:00:00Z", id="x")}
    )
    assert outcome.rows.schema == ROWS[Tier.RAW].polars
    assert outcome.decisions.schema == DECISIONS[Tier.RAW].polars
    [row], [decision] = outcome.rows.to_dicts(), outcome.decisions.to_dicts()
    sha256 = hashlib.sha256(b"one").hexdigest()
    assert row["doc_id"] == decision["doc_id"] == doc_id("crawl.2026-34", "a.jsonl", 0, sha256)
    assert (row["uri"], row["source"], row["license"], row["generation"]) == ("https://e.org", "crawl", "MIT", 0)
    assert (row["payload"], row["payload_sha256"], row["payload_bytes"], row["user_id"]) == (b"one", sha256, 3, "x")
    assert (decision["kept"], decision["drop_reason"], decision["file"], decision["offset"]) == (
        True,
        None,
        "a.jsonl",
        0,
    )


def test_every_format_is_read_by_its_ending(read, tmp_path, entry):
    pq.write_table(pa.table({"text": ["parquet"]}), tmp_path / "f.parquet")
    packed = zstandard.ZstdCompressor().compress(line("zst"))
    outcome = read(
        {
            "a.warc": entry(b"warc"),
            "b.warc.gz": gzip.compress(entry(b"warc.gz"), mtime=0),
            "c.warc.wet.gz": gzip.compress(entry(b"wet", kind="conversion"), mtime=0),
            "d.jsonl": line("jsonl"),
            "e.jsonl.gz": gzip.compress(line("gz"), mtime=0),
            "e.jsonl.zst": packed,
            "e2.jsonl.zst": b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + packed,
            "f.parquet": (tmp_path / "f.parquet").read_bytes(),
        }
    )
    payloads = outcome.rows["payload"].to_list()
    assert payloads == [b"warc", b"warc.gz", b"wet", b"jsonl", b"gz", b"zst", b"zst", b"parquet"]
    assert outcome.notes == ()


def test_files_are_read_in_the_order_of_their_names(read):
    files = {"b.jsonl": line("b1") + b"{\n" + line("b2"), "a.jsonl": line("a1"), "B.jsonl": line("B1")}
    outcome = read(files)
    assert outcome.rows["text"].to_list() == ["B1", "a1", "b1", "b2"]
    assert_frame_equal(outcome.decisions, outcome.decisions.sort("file", "offset"))
    again = read(dict(reversed(files.items())))
    assert_frame_equal(outcome.rows, again.rows)
    assert_frame_equal(outcome.decisions, again.decisions)


def test_a_dropped_line_is_a_decision_without_its_text(read):
    outcome = read({"a.jsonl": b'{"text": "secret"\n'})
    [decision] = outcome.decisions.to_dicts()
    assert (decision["kept"], decision["drop_reason"], decision["rule"]) == (False, "unreadable", "bad_json")
    assert (decision["uri"], decision["detail"]) == ("file:a.jsonl#0", "is no JSON")
    assert "secret" not in str(decision)
    assert outcome.rows.is_empty()


@pytest.mark.parametrize(
    "name, data, measure, note",
    [
        ("a.jsonl", b"", "files_empty", "a.jsonl: empty"),
        ("a.jsonl.gz", gzip.compress(b"", mtime=0), "files_empty", "a.jsonl.gz: empty"),
        (
            "a.warc.gz",
            b"<html></html>",
            "files_unreadable",
            "a.warc.gz: is something else, not gzip as its ending says",
        ),
        ("a.warc", b"filedesc://a.arc", "files_unreadable", "a.warc: is ARC, not WARC as its ending says"),
        (
            "a.warc",
            gzip.compress(b"WARC/", mtime=0),
            "files_unreadable",
            "a.warc: is gzip, not WARC as its ending says",
        ),
        ("a.warc.gz", gzip.compress(b"filedesc://", mtime=0), "files_unreadable", "a.warc.gz: is no WARC file"),
        ("a.jsonl", b"PAR1....", "files_unreadable", "a.jsonl: is Parquet, not JSONL as its ending says"),
        ("a.parquet", b"PAR1", "files_unreadable", "a.parquet: is no Parquet file that can be read"),
        ("a.xyz", b"x", "files_unreadable", "a.xyz: is of no kind that can be read, judging by its ending"),
        ("a.warc.gz", b"\x1f\x8b", "files_truncated", "a.warc.gz: truncated at byte 2"),
        (
            "a.jsonl.gz",
            gzip.compress(b'{"text": "a"}', mtime=0)[:-1],
            "files_truncated",
            "a.jsonl.gz: truncated at byte",
        ),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_measured_and_named(read, name, data, measure, note):
    outcome = read({name: data, "good.jsonl": line("good")})
    assert outcome.rows["text"].to_list()[-1] == "good"
    assert outcome.measures[measure] == 1
    assert len(outcome.notes) == 1 and outcome.notes[0].startswith(note)
    others = {"files_empty", "files_truncated", "files_unreadable", "files_missing"} - {measure}
    assert all(outcome.measures[other] == 0 for other in others)


def test_problems_of_the_landing_zone_are_measured_and_named(read):
    outcome = read({"a.jsonl": line("a")}, problems=["b.jsonl is listed in _SUCCESS but cannot be found"])
    assert outcome.measures["files_missing"] == 1
    assert outcome.notes == ("b.jsonl is listed in _SUCCESS but cannot be found",)


def test_no_files_are_no_rows(read):
    outcome = read({})
    assert (outcome.rows.height, outcome.decisions.height, outcome.measures["files"]) == (0, 0, 0)


def test_progress_is_reported_in_bytes_and_ends_at_the_total(read):
    calls = []
    files = {"a.jsonl": line("a") * 3, "b.jsonl.gz": gzip.compress(line("b"), mtime=0)}
    outcome = read(files, report=lambda *call: calls.append(call))
    total = sum(len(data) for data in files.values())
    assert calls == sorted(calls)
    assert calls[-1] == (total, total, "b.jsonl.gz")
    assert outcome.measures["bytes_read"] == total


def test_a_file_that_cannot_be_opened_is_an_error_in_one_line(tmp_path):
    with pytest.raises(LandingError, match=r"a\.jsonl cannot be read: No such file or directory"):
        list(
            read_landed(
                [Source("a.jsonl", str(tmp_path / "a.jsonl"), 3)], partition="crawl.2026-34", policy=RawPolicy()
            )
        )


def test_the_card_of_a_dataset_licenses_the_rows_that_state_none(read):
    card = b"---\nlicense: mit\n---\n# A dataset"
    outcome = read({"README.md": card, "a.jsonl": line("one") + line("two", license="CC0-1.0")})
    assert outcome.rows["license"].to_list() == ["mit", "CC0-1.0"]
    assert outcome.decisions["file"].unique().to_list() == ["a.jsonl"]


def test_what_an_index_or_manifest_misses_is_measured_and_named(read, entry):
    files = {
        "a.warc.gz": gzip.compress(entry(b"one"), mtime=0),
        "a.cdxj": b'e 2026 {"filename": "a.warc.gz", "offset": 0}\ne 2026 {"filename": "a.warc.gz", "offset": 999}\n',
        "b.jsonl": line("one"),
        "manifest.json": b'{"files": [{"name": "b.jsonl", "records": 2}]}',
    }
    outcome = read(files)
    assert outcome.measures["files_incomplete"] == 2
    assert outcome.notes == (
        "a.warc.gz: 1 of 2 records in its index are missing, first byte 999",
        "b.jsonl: holds 1 documents, manifest.json says 2",
    )


@pytest.mark.parametrize("size", [1, 10_000_000])
def test_pieces_of_any_size_are_the_same_whole(read, monkeypatch, size):
    files = {"a.jsonl": line("one") + b"{\n" + line("two"), "b.csv": b"text\nthree\n", "c.jsonl": b""}
    whole = read(files)
    monkeypatch.setattr(assembly, "_FRAME_BYTES", size)
    parts = read(files)
    assert_frame_equal(parts.rows, whole.rows)
    assert_frame_equal(parts.decisions, whole.decisions)
    assert (parts.measures, parts.notes) == (whole.measures, whole.notes)


GOOD = st.fixed_dictionaries({"text": st.text(st.characters(exclude_categories=["Cs"]), min_size=1)}).map(json.dumps)
BAD = st.sampled_from(
    ["{", "[]", "null", '{"text": ""}', '{"text": 1}', '{"html": "a", "text": "b"}', '{"text": "\\udc00"}']
)


@settings(max_examples=60)
@given(good=st.lists(GOOD, max_size=6), bad=st.lists(BAD, max_size=6), seed=st.randoms(use_true_random=False))
def test_inputs_are_kept_or_dropped_with_a_reason_and_ids_are_unique(tmp_path_factory, good, bad, seed):
    lines = [*good, *bad]
    seed.shuffle(lines)
    path = tmp_path_factory.mktemp("landed") / "a.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    outcome = joined(read_landed([local_source(path)], partition="crawl.2026-34", policy=RawPolicy()))
    decisions = outcome.decisions
    assert decisions.height == len(lines)
    assert decisions.filter("kept").height == outcome.rows.height == len(good)
    assert decisions.filter(~pl.col("kept")).select(pl.col("drop_reason", "rule").is_null().any()).row(0) in (
        (False, False),
        (None, None),
    )
    assert decisions["doc_id"].n_unique() == decisions.height
    assert decisions.filter("kept")["doc_id"].to_list() == outcome.rows["doc_id"].to_list()
    again = joined(read_landed([local_source(path)], partition="crawl.2026-34", policy=RawPolicy()))
    assert_frame_equal(outcome.rows, again.rows)
    assert_frame_equal(outcome.decisions, again.decisions)


FIXTURES = {
    "aut__example.warc.gz": {"kept": 292, "empty_payload": 7},
    "dolma__sample-0000.warc.gz": {"kept": 24},
    "dolma__sample-0001.warc.gz": {"kept": 17},
    "jwarc__cc.warc.gz": {"kept": 1},
    "pywb__dupes.warc.gz": {"kept": 1, "empty_payload": 2, "revisit": 9},
    "pywb__example-url-agnostic-revisit.warc.gz": {"revisit": 1},
    "pywb__iana.warc.gz": {"kept": 30, "empty_payload": 18, "revisit": 123},
    "warcio__example-bad-non-chunked.warc.gz": {"kept": 1, "revisit": 1},
    "warcio__example-digest.warc": {},
    "warcio__example-iana.org-chunked.warc": {"kept": 1},
    "warcio__example-trunc.warc": {"bad_record": 1},
    "warcio__example-wget-bad-target-uri.warc.gz": {"kept": 3},
    "warcio__example-wrong-chunks.warc.gz": {"kept": 1},
    "warcio__example.warc.gz": {"kept": 1, "revisit": 1},
    "warcio__post-test.warc.gz": {"kept": 3},
    "warcio__example.arc.gz": {"kept": 1},
    "whirlwind-python__whirlwind.warc.gz": {"kept": 1},
    "whirlwind-python__whirlwind.warc.wet.gz": {"kept": 1},
}


@real_data
@pytest.mark.parametrize("name", FIXTURES)
def test_real_files_of_other_projects_give_what_their_entries_hold(name):
    """Counts of responses, resources, conversions and revisits, taken from the bytes of the files."""
    outcome = joined(
        read_landed([local_source(Path(REAL) / "warc_fixtures" / name)], partition="crawl.2026-34", policy=RawPolicy())
    )
    found = outcome.decisions.select(pl.col("rule").fill_null("kept")).to_series().value_counts()
    assert dict(found.iter_rows()) == FIXTURES[name]
    assert outcome.notes == ()


@real_data
def test_a_real_file_without_a_known_ending_is_refused_by_name():
    source = local_source(Path(REAL) / "warc_fixtures" / "cc_net__sample.warc.txt")
    outcome = joined(read_landed([source], partition="crawl.2026-34", policy=RawPolicy()))
    assert (outcome.measures["files_unreadable"], outcome.decisions.height) == (1, 0)


@real_data
@pytest.mark.parametrize(
    "name, documents",
    [("CRAWL-2025-52/CRAWL-2025-52-docs.warc.gz", 106), ("CRAWL-2026-34/CRAWL-2026-34-numpy.warc.gz", 204)],
)
def test_real_crawls_give_every_document_as_the_manifest_has_it(name, documents):
    path = Path(REAL) / "crawl" / name
    outcome = joined(read_landed([local_source(path)], partition="crawl.2026-34", policy=RawPolicy()))
    assert (outcome.rows.height, outcome.decisions.height, outcome.notes) == (documents, documents, ())
    with (Path(REAL) / "crawl/manifest.jsonl.zst").open("rb") as file:
        manifest = [json.loads(each) for each in zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()]
    expected = {(each["offset"], each["payload_sha256"], each["url"]) for each in manifest if each["warc"] == name}
    assert set(outcome.rows.select("offset", "payload_sha256", "uri").iter_rows()) == expected


@pytest.mark.parametrize("name", ["a.jsonl", "a.cdx"])
def test_a_file_that_is_not_what_landed_is_a_flaw_and_gives_no_row(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(line("a flipped page"))
    landed = hashlib.sha256(line("a landed page")).hexdigest()
    source = Source(name, str(path), path.stat().st_size, sha256=landed)
    made = joined(read_landed([source], partition="crawl.2026-34", policy=RawPolicy()))
    assert made.rows.height == 0
    assert made.measures["files_unreadable"] == 1
    assert any("is not what landed: land it again with --replace" in note for note in made.notes)
