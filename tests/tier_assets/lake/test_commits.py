import json

import pytest
from deltalake import DeltaTable
from deltalake.transaction import AddAction

from tier_assets.errors import LakeError
from tier_assets.lake import commits
from tier_assets.schemas import TABLES

PARTS = {"code": "1"}


def test_a_table_is_made_once_with_long_memory_and_statistics_of_the_key_alone(tmp_path):
    commits.ensure_table(tmp_path / "t", TABLES["filtered"].rows)
    commits.ensure_table(tmp_path / "t", TABLES["filtered"].rows)
    table = DeltaTable(str(tmp_path / "t"))
    assert table.version() == 0
    assert table.metadata().partition_columns == ["partition"]
    assert table.metadata().configuration["delta.dataSkippingStatsColumns"] == "doc_id"
    assert table.metadata().configuration["delta.logRetentionDuration"] == "interval 36500 days"


def test_without_a_table_there_is_nothing(tmp_path):
    assert commits.basis(tmp_path, "filtered/crawl.1") == 0
    assert commits.read_log(tmp_path) == commits.Log("", (), {})


def test_the_commit_carries_everything_a_version_is(lake, key, documents):
    candidate = lake.stage("filtered", key, documents("a"), basis=0, parts=PARTS, run_id="run-1")
    candidate = candidate.with_report("staged", {"rows_in": 1}, ({"check": "schema"},))
    version = lake.promote(candidate)
    assert (version.run_id, version.parts, version.kind) == ("run-1", PARTS, "promote")
    assert version.summary["decisions_sha256"] == candidate.decisions.sha256
    assert version.summary["rows_in"] == 1
    assert commits.version_of(lake.folder("filtered", "crawl"), candidate.candidate) == version


def test_a_stale_basis_does_not_commit_even_without_looking_first(lake, key, documents):
    """The fence itself: what keeps two processes that both looked at the same moment from both committing."""
    folder = lake.folder("filtered", "crawl")
    first = lake.stage("filtered", key, documents("a"), basis=0, parts=PARTS)
    second = lake.stage("filtered", key, documents("b"), basis=0, parts={"code": "2"})
    before = commits.open_table(folder)
    assert commits.commit(folder, first, "filtered/crawl.2026-08", kind="promote", actor="", reason="")
    assert before is not None
    assert (
        commits.commit(folder, second, "filtered/crawl.2026-08", kind="promote", actor="", reason="", table=before)
        is None
    )
    assert [version.candidate for version in commits.read_log(folder).versions] == [first.candidate]


def test_without_the_fence_two_first_publishes_would_both_commit(lake, key, documents):
    """The control: delta-rs alone does not see the conflict. If it ever does, the fence may go."""
    folder = lake.folder("filtered", "crawl")
    staged = [lake.stage("filtered", key, documents(text), basis=0, parts={"code": text}) for text in ("a", "b")]
    tables = [DeltaTable(str(folder)) for _ in staged]
    for table, candidate in zip(tables, staged, strict=True):
        file = candidate.files[0]
        table.create_write_transaction(
            [AddAction(file.path, file.bytes, {"partition": str(key)}, 0, True, json.dumps({"numRecords": 1}))],
            "overwrite",
            table.schema(),
            ["partition"],
            [("partition", "=", str(key))],
        )
    assert DeltaTable(str(folder)).to_pyarrow_table().num_rows == 2


def test_a_damaged_log_is_one_clear_line(lake, key, documents):
    lake.promote(lake.stage("filtered", key, documents("a"), basis=0, parts=PARTS))
    folder = lake.folder("filtered", "crawl")
    log = sorted((folder / "_delta_log").glob("*.json"))[-1]
    log.write_bytes(log.read_bytes()[:100])
    with pytest.raises(LakeError, match="the table's log cannot be read"):
        _ = commits.read_log(folder).versions
