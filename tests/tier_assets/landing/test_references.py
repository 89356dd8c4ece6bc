import hashlib
import json

import pytest

from tier_assets.landing.files import Digests, LandedFile
from tier_assets.landing.references import read_references, refer, referenced, write_references
from tier_assets.landing.sources import Source, local_source

ABC = hashlib.sha256(b"abc").hexdigest()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "elsewhere" / "a.jsonl"
    path.parent.mkdir()
    path.write_bytes(b"abc")
    return path


def test_a_local_file_is_listed_with_its_digest_and_an_object_with_its_etag(file):
    assert refer(local_source(file), lambda each: each) == LandedFile("a.jsonl", 3, ABC, str(file))
    remote = Source("b.jsonl", "s3://bucket/b.jsonl", 5, "e1")
    assert refer(remote, lambda each: each) == LandedFile("b.jsonl", 5, None, "s3://bucket/b.jsonl", "e1")


def test_a_list_is_read_as_it_was_written(tmp_path):
    files = (
        LandedFile("a.jsonl", 3, ABC, "/x/a.jsonl"),
        LandedFile("b-c.jsonl", 5, None, "s3://bucket/b/c.jsonl", "e1"),
    )
    write_references(tmp_path, list(files))
    assert read_references(tmp_path).files == files


def test_what_an_object_was_when_it_was_asked_for_is_listed_beside_what_landed(tmp_path):
    one, other = (LandedFile(name, 5, None, f"s3://bucket/{name}", "e1") for name in ("a.jsonl", "b.jsonl"))
    changed = LandedFile("a.jsonl", 6, None, "s3://bucket/a.jsonl", "e2")
    write_references(tmp_path, [one, other], {"a.jsonl": changed, "b.jsonl": None})
    assert read_references(tmp_path).now == {"a.jsonl": changed, "b.jsonl": None}
    files, problems = referenced(tmp_path, Digests(tmp_path))
    assert (files, len(problems)) == ([changed], 2)


def test_without_a_list_nothing_is_referenced(tmp_path):
    assert read_references(tmp_path).files == ()


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"name": "a.jsonl", "location": "/etc/passwd", "bytes": 1, "sha256": "x"},
        {"name": "a.jsonl", "location": "relative/a.jsonl", "bytes": 1, "sha256": "x"},
        {"name": "a.jsonl", "location": "https://e.org/a.jsonl", "bytes": 1, "sha256": "x"},
        {"name": "a.jsonl", "location": "/x/a.jsonl", "bytes": 1},
        {"name": "sub-a.jsonl", "location": "/x/other/a.jsonl", "bytes": 1, "sha256": "x"},
    ],
)
def test_a_list_that_could_open_anything_else_is_damaged(tmp_path, entry):
    (tmp_path / "_REFERENCES").write_text(json.dumps({"files": [entry]}))
    assert read_references(tmp_path).problem == "_REFERENCES is damaged: land the files again"


def test_a_file_that_is_as_it_was_is_no_problem(tmp_path, file):
    write_references(tmp_path, [LandedFile("a.jsonl", 3, ABC, str(file))])
    assert referenced(tmp_path, Digests(tmp_path)) == ([LandedFile("a.jsonl", 3, ABC, str(file))], [])


def test_a_changed_or_missing_file_is_named(tmp_path, file):
    write_references(tmp_path, [LandedFile("a.jsonl", 3, ABC, str(file))])
    file.write_bytes(b"abd")
    files, problems = referenced(tmp_path, Digests(tmp_path))
    assert files[0].sha256 == hashlib.sha256(b"abd").hexdigest()
    assert problems == [f"{file} has changed since it was referenced: land it again with --replace"]
    file.unlink()
    assert referenced(tmp_path, Digests(tmp_path)) == (
        [],
        [f"a.jsonl is referenced at {file} but cannot be found: put it back"],
    )
