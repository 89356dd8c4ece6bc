import json
import shutil

import polars as pl
import pytest
from deltalake import DeltaTable
from deltalake.transaction import AddAction

from tier_assets.errors import LakeError
from tier_assets.keys import PartitionKey
from tier_assets.lake import commits
from tier_assets.lake.lake import Lake
from tier_assets.lake.versions import Act
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


def committed(table, candidate):
    return commits.commit(table, candidate, Act(candidate.candidate, basis=0))


def test_the_commit_carries_everything_a_version_is(lake, key, documents):
    candidate = lake.stage("filtered", key, documents("a"), basis=0, parts=PARTS, run_id="run-1")
    candidate = candidate.with_report("staged", {"rows_in": 1}, ({"check": "schema"},))
    version = lake.promote(candidate)
    assert (version.run_id, version.parts, version.kind) == ("run-1", PARTS, "promote")
    assert version.summary["decisions_sha256"] == candidate.decisions.sha256
    assert version.summary["rows_in"] == 1
    assert (version.files, version.decided) == (candidate.files, candidate.decisions)


def test_a_stale_basis_does_not_commit_even_without_looking_first(lake, key, documents):
    """The fence itself: what keeps two processes that both looked at the same moment from both committing."""
    folder = lake.folder("filtered", "crawl")
    first = lake.stage("filtered", key, documents("a"), basis=0, parts=PARTS)
    second = lake.stage("filtered", key, documents("b"), basis=0, parts={"code": "2"})
    tables = [DeltaTable(str(folder)) for _ in range(2)]
    assert committed(tables[0], first) == ""
    assert committed(tables[1], second) != ""
    assert [version.candidate for version in lake.versions("filtered", key)] == [first.candidate]


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


def many(lake, documents, count=102):
    """So many versions of a partition that there is a checkpoint."""
    key = PartitionKey.parse("crawl.1")
    for number in range(count):
        lake.promote(lake.stage("filtered", key, documents(str(number)), basis=number, parts={"n": str(number)}))
    return key, lake.folder("filtered", "crawl")


@pytest.fixture(scope="module")
def long_lake(tmp_path_factory):
    return tmp_path_factory.mktemp("long") / "lake"


@pytest.fixture
def with_checkpoint(long_lake, tmp_path, documents):
    if not long_lake.exists():
        many(Lake(long_lake), documents)
    root = tmp_path / "copy"
    shutil.copytree(long_lake, root)
    return Lake(root), PartitionKey.parse("crawl.1"), root / "filtered" / "crawl"


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [cut, flip, lambda path: path.write_bytes(b""), lambda path: path.unlink()])
@pytest.mark.parametrize("what", ["*.checkpoint.parquet", commits.LAST_CHECKPOINT])
def test_a_checkpoint_that_is_not_what_was_written_locks_nothing(with_checkpoint, documents, harm, what):
    lake, key, folder = with_checkpoint
    harm(next((folder / "_delta_log").glob(what)))
    again = Lake(lake.root)
    assert again.head("filtered", key).number == 102
    version = again.promote(again.stage("filtered", key, documents("new"), basis=102, parts=PARTS))
    assert version.number == 103
    assert pl.scan_delta(str(folder)).select("text").collect()["text"].to_list() == ["new"]


def test_a_checkpoint_of_an_older_home_that_tells_another_thing_is_dropped(with_checkpoint, documents):
    """Without a digest it is compared with what the entries say of the partition."""
    lake, key, folder = with_checkpoint
    (checkpoint,) = commits.checkpoints(folder)
    checkpoint.with_suffix(".sha256").unlink()
    other = pl.read_parquet(checkpoint)
    other.filter(pl.col("add").struct.field("path").is_null()).write_parquet(checkpoint)
    assert lake.promote(lake.stage("filtered", key, documents("new"), basis=102, parts=PARTS)).number == 103
    assert pl.scan_delta(str(folder)).select("text").collect()["text"].to_list() == ["new"]


def test_a_checkpoint_is_written_with_its_digest_and_others_read_past_it(with_checkpoint):
    _, _, folder = with_checkpoint
    (checkpoint,) = commits.checkpoints(folder)
    assert commits.checkpoint_is_whole(checkpoint)
    assert DeltaTable(str(folder)).version() == 102


def test_an_entry_that_changed_since_it_was_read_stops_the_next_commit(lake, key, documents):
    lake.promote(lake.stage("filtered", key, documents("a"), basis=0, parts=PARTS))
    staged = lake.stage("filtered", PartitionKey.parse("crawl.x"), documents("b"), basis=0, parts=PARTS)
    entry = lake.folder("filtered", "crawl") / "_delta_log" / f"{0:020d}.json"
    entry.write_bytes(entry.read_bytes().replace(b"doc_id", b"doc_ie"))
    fresh = Lake(lake.root)
    # In a process that goes on with another partition too: nothing is committed on top of it, however often it is tried.
    for _ in range(2):
        with pytest.raises(LakeError, match=r"0\.json is gone, or not what was written"):
            fresh.promote(staged)
