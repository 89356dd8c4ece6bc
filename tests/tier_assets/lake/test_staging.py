from dataclasses import replace

import polars as pl
import pytest

from tier_assets.errors import LakeError
from tier_assets.files.processes import Owner
from tier_assets.lake import candidates
from tier_assets.lake.candidates import Candidate, announce
from tier_assets.lake.staging import Staging


def announced(name="abc-1"):
    return Candidate(
        candidate=name,
        table="filtered",
        partition="crawl.1",
        basis=0,
        fingerprint="f" * 64,
        parts={"code": "1"},
        content_digest="",
        files=(announce(f"partition=crawl.1/{name}-0000.parquet"),),
        decisions=announce(f"_decisions/partition=crawl.1/{name}.parquet"),
        owner=Owner.current(),
        created_at=candidates.now(),
    )


def staged(table, *pieces, name="abc-1"):
    with Staging(table, announced(name)) as staging:
        for piece in pieces:
            staging.write(piece)
    return staging.candidate


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_pieces_are_staged_one_after_the_other(tmp_path, documents):
    made = staged(tmp_path, documents("a"), documents("b", dropped=1))
    assert (made.state, made.files[0].rows, made.decisions.rows) == ("staged", 2, 3)
    path = tmp_path / made.files[0].path
    assert pl.read_parquet(path, hive_partitioning=False)["text"].to_list() == ["a", "b"]
    assert made.files[0].changed == path.stat().st_mtime_ns


def test_equal_frames_are_staged_as_equal_bytes(tmp_path, documents):
    first, second = (staged(tmp_path, documents("a", "b"), name=name) for name in ("x", "y"))
    assert first.files[0].sha256 == second.files[0].sha256


def test_nothing_is_left_of_a_candidate_whose_making_fails(tmp_path, documents):
    def make():
        with Staging(tmp_path, announced()) as staging:
            staging.write(documents("a"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make()
    assert files(tmp_path) == []


def test_an_error_of_the_computation_is_not_blamed_on_the_lake(tmp_path, documents):
    def make():
        with Staging(tmp_path, announced()) as staging:
            staging.write(documents("a"))
            raise OSError("the model's server is gone")

    with pytest.raises(OSError, match="the model's server is gone"):
        make()
    assert files(tmp_path) == []


def test_an_error_of_the_disk_names_table_and_partition(tmp_path, documents):
    (tmp_path / "partition=crawl.1").touch()
    with pytest.raises(LakeError, match=r"filtered crawl\.1 cannot be written to .*File exists"):
        staged(tmp_path, documents("a"))


def test_a_frame_of_another_schema_is_a_bug_and_leaves_nothing(tmp_path, documents):
    wrong = documents("a")
    with pytest.raises(pl.exceptions.SchemaError):
        staged(tmp_path, replace(wrong, rows=wrong.rows.drop("text")))
    assert files(tmp_path) == []


def test_a_candidate_is_announced_before_anything_is_written(tmp_path):
    with Staging(tmp_path, announced()):
        (found,) = candidates.read_manifests(tmp_path, "crawl.1").candidates
    assert found.state == "staging"
