import hashlib
import json
import os

import pytest

from tests.flips import flipped
from tier_assets.files.digests import text_digest
from tier_assets.landing.files import (
    DIGESTS,
    Digests,
    LandedFile,
    copy_durably,
    ending,
    name_flaw,
    read_listing,
    shown,
    write_listing,
)
from tier_assets.landing.sources import local_source

ABC = hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize(
    "name, expected",
    [
        ("a.warc", ".warc"),
        ("a.warc.gz", ".warc.gz"),
        ("a.warc.wet.gz", ".wet.gz"),
        ("a.jsonl.zst", ".jsonl.zst"),
        ("a.b.parquet", ".parquet"),
        ("a.tar.gz", ".tar.gz"),
        ("a.arc.gz", ".arc.gz"),
        ("a.cdx.gz", ".cdx.gz"),
        ("crawl.manifest.json", "manifest.json"),
        ("README.md", "README.md"),
        ("a.json", None),
        ("a.warc.wat.gz", None),
        ("a.gz", None),
        ("jsonl", None),
    ],
)
def test_the_ending_tells_the_format(name, expected):
    assert ending(name) == expected


@pytest.mark.parametrize("name", ["a.jsonl", "ä b,c.warc.gz", "x" * 194 + ".jsonl", "it's.parquet"])
def test_plain_names_are_accepted(name):
    assert name_flaw(name) is None


@pytest.mark.parametrize(
    "name, reason",
    [
        (".a.jsonl", "begins with"),
        ("_a.jsonl", "begins with"),
        ("", "cannot be printed"),
        ("a\n.jsonl", "cannot be printed"),
        ("a\u202eb.jsonl", "cannot be printed"),
        ("a/b.jsonl", "cannot be printed"),
        ("x" * 195 + ".jsonl", "longer than 200 bytes"),
        ("é" * 98 + ".jsonl", "longer than 200 bytes"),
        (os.fsdecode(b"\xff.jsonl"), "no Unicode"),
    ],
)
def test_hostile_names_are_refused_with_what_to_do(name, reason):
    flaw = name_flaw(name)
    assert flaw is not None and reason in flaw and flaw.endswith("rename it")


def test_names_are_shown_in_one_printable_line():
    assert shown("a b.jsonl") == "a b.jsonl"
    assert shown("a\n\x1b[31m") == "'a\\n\\x1b[31m'"
    assert len(shown("x" * 5000)) == 300


def test_a_listing_is_read_as_it_was_written(tmp_path):
    write_listing(tmp_path, [LandedFile("a.jsonl", 3, ABC)])
    assert read_listing(tmp_path).files == {"a.jsonl": LandedFile("a.jsonl", 3, ABC)}


@pytest.mark.parametrize("content", [b"", b"\n", b"done 2026-03-01"])
def test_the_marker_of_other_tools_lists_nothing(tmp_path, content):
    (tmp_path / "_SUCCESS").write_bytes(content)
    listing = read_listing(tmp_path)
    assert (listing.files, listing.problem) == (None, None)


@pytest.mark.parametrize("content", [b"{", b"{}", b'{"files": [{"name": "a"}]}', b'{"files": 3}', b'{"files": [3]}'])
def test_a_damaged_listing_is_a_problem(tmp_path, content):
    (tmp_path / "_SUCCESS").write_bytes(content)
    assert read_listing(tmp_path).problem == "_SUCCESS is damaged: land the files again"


def test_without_a_marker_there_is_no_listing(tmp_path):
    assert read_listing(tmp_path) is None


def test_a_copy_has_the_bytes_and_the_digest_and_leaves_nothing_else(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"abc")
    (tmp_path / "folder").mkdir()
    assert copy_durably(local_source(source), tmp_path / "folder" / "a.jsonl") == LandedFile("a.jsonl", 3, ABC)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["a.jsonl"]
    assert (tmp_path / "folder" / "a.jsonl").read_bytes() == b"abc"


def test_digests_are_remembered_until_the_file_changes(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"abc")
    digests = Digests(tmp_path)
    assert digests.of("a.jsonl") == ABC
    digests.save()
    ((stamp, *_),) = json.loads((tmp_path / DIGESTS).read_text()).values()
    entry = [stamp, "remembered", text_digest("a.jsonl", stamp, "remembered")]
    (tmp_path / DIGESTS).write_text(json.dumps({"a.jsonl": entry}))
    assert Digests(tmp_path).of("a.jsonl") == "remembered"
    os.utime(file, ns=(1, 1))
    assert Digests(tmp_path).of("a.jsonl") == ABC


def test_a_flipped_bit_anywhere_in_the_cache_changes_no_digest(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"abc")
    (tmp_path / "b.jsonl").write_bytes(b"abc")
    digests = Digests(tmp_path)
    assert [digests.of("a.jsonl"), digests.of("b.jsonl")] == [ABC, ABC]
    digests.save()
    for harmed in flipped((tmp_path / DIGESTS).read_bytes(), 200):
        (tmp_path / DIGESTS).write_bytes(harmed)
        again = Digests(tmp_path)
        assert [again.of("a.jsonl"), again.of("b.jsonl")] == [ABC, ABC]


def test_an_entry_of_the_form_before_is_none(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"abc")
    found = (tmp_path / "a.jsonl").stat()
    entry = [f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}", "remembered"]
    (tmp_path / DIGESTS).write_text(json.dumps({"a.jsonl": entry}))
    assert Digests(tmp_path).of("a.jsonl") == ABC


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"a.jsonl": 3}', b'{"a.jsonl": ["x"]}', b'{"a.jsonl": ["x", "y", 3]}', b"\xff"]
)
def test_a_damaged_cache_is_ignored(tmp_path, content):
    (tmp_path / "a.jsonl").write_bytes(b"abc")
    (tmp_path / DIGESTS).write_bytes(content)
    assert Digests(tmp_path).of("a.jsonl") == ABC
