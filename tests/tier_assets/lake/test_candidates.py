from dataclasses import replace

import polars as pl
import pytest

from tier_assets.errors import LakeError
from tier_assets.files.processes import Owner
from tier_assets.lake import candidates
from tier_assets.lake.candidates import Candidate, announce


@pytest.fixture
def staged(tmp_path, documents):
    outcome = documents("a", "b")
    candidate = Candidate(
        candidate="abc-1",
        table="filtered",
        partition="crawl.1",
        basis=0,
        fingerprint="f" * 64,
        parts={"code": "1"},
        content_digest="c",
        files=(announce("partition=crawl.1/abc-1-0000.parquet"),),
        decisions=announce("_decisions/partition=crawl.1/abc-1.parquet"),
        owner=Owner.current(),
        created_at=candidates.now(),
    )
    candidate = candidates.stage(tmp_path, candidate, [outcome])
    candidates.write_manifest(tmp_path, candidate)
    return candidate


def test_a_manifest_tells_what_was_staged(tmp_path, staged):
    assert candidates.read_manifests(tmp_path, "crawl.1") == [staged]
    assert (staged.state, staged.files[0].rows, staged.decisions.rows) == ("staged", 2, 2)
    assert candidates.partitions_with_candidates(tmp_path) == ["crawl.1"]


def test_what_was_staged_is_verified(tmp_path, staged):
    candidates.verify(tmp_path, staged)
    (tmp_path / staged.decisions.path).unlink()
    with pytest.raises(LakeError, match="is gone: materialize crawl.1 again"):
        candidates.verify(tmp_path, staged)


def test_a_file_outside_the_partition_is_refused(tmp_path, staged):
    elsewhere = replace(staged, partition="crawl.2")
    with pytest.raises(LakeError, match="lies outside its partition crawl.2"):
        candidates.verify(tmp_path, elsewhere)


def test_a_discarded_candidate_leaves_nothing(tmp_path, staged):
    half = tmp_path / "partition=crawl.1" / ".abc-1-0000.parquet.77.tmp"
    half.write_text("half")
    candidates.discard(tmp_path, staged)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_damaged_manifest_is_named(tmp_path, staged):
    candidates.manifest_path(tmp_path, "crawl.1", "abc-1").write_text('{"candidate": 1}')
    with pytest.raises(LakeError, match=r"abc-1\.json is damaged"):
        candidates.read_manifests(tmp_path, "crawl.1")


def test_ids_differ_and_start_with_the_fingerprint():
    first, second = (candidates.new_candidate_id("0123456789abcdef") for _ in range(2))
    assert first != second
    assert first.startswith("0123456789ab-")


def test_pieces_are_staged_one_after_the_other(tmp_path, documents, staged):
    pieces = [documents("a"), documents("b", dropped=1)]
    again = candidates.stage(tmp_path, staged, iter(pieces))
    assert (again.files[0].rows, again.decisions.rows) == (2, 3)
    assert pl.read_parquet(tmp_path / again.files[0].path, hive_partitioning=False)["text"].to_list() == ["a", "b"]


def test_equal_frames_are_staged_as_equal_bytes(tmp_path, documents, staged):
    again = replace(
        staged,
        files=(announce("partition=crawl.1/x-0000.parquet"),),
        decisions=announce("_decisions/partition=crawl.1/x.parquet"),
    )
    outcome = documents("a", "b")
    assert candidates.stage(tmp_path, again, [outcome]).files[0].sha256 == staged.files[0].sha256
