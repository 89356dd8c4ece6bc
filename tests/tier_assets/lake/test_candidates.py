from dataclasses import replace

import pytest

from tier_assets.errors import LakeError
from tier_assets.files.processes import Owner
from tier_assets.lake import candidates
from tier_assets.lake.candidates import Candidate, announce
from tier_assets.lake.staging import Staging


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
    with Staging(tmp_path, candidate) as staging:
        staging.write(outcome)
    return staging.candidate


def test_a_manifest_tells_what_was_staged(tmp_path, staged):
    assert candidates.read_manifests(tmp_path, "crawl.1").candidates == (staged,)
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


@pytest.mark.parametrize("harm", ["", "{}", '{"candidate": 1}', "[" * 100_000, "null", "\0"])
def test_a_manifest_that_cannot_be_used_is_named_and_hides_no_other(tmp_path, staged, harm):
    path = candidates.manifest_path(tmp_path, "crawl.1", "another")
    path.write_text(harm)
    found = candidates.read_manifests(tmp_path, "crawl.1")
    assert found.candidates == (staged,)
    assert list(found.unusable) == [path]


def test_no_flipped_bit_of_a_manifest_says_another_thing(tmp_path, staged):
    path = candidates.manifest_path(tmp_path, "crawl.1", staged.candidate)
    whole = path.read_bytes()
    for position in range(0, len(whole) * 8, 37):
        data = bytearray(whole)
        data[position // 8] ^= 1 << position % 8
        path.write_bytes(data)
        assert candidates.read_manifests(tmp_path, "crawl.1").candidates in ((), (staged,))


def test_candidates_come_in_the_order_of_their_numbers_whatever_the_clock_said(tmp_path, staged):
    early = replace(staged, candidate="later", sequence=2, created_at="2001-01-01")
    candidates.write_manifest(tmp_path, early)
    assert [each.candidate for each in candidates.read_manifests(tmp_path, "crawl.1").candidates] == ["abc-1", "later"]


def test_manifests_of_candidates_that_are_known_are_not_read(tmp_path, staged):
    assert candidates.read_manifests(tmp_path, "crawl.1", {"abc-1"}).candidates == ()


def test_ids_differ_and_start_with_the_fingerprint():
    first, second = (candidates.new_candidate_id("0123456789abcdef") for _ in range(2))
    assert first != second
    assert first.startswith("0123456789ab-")
