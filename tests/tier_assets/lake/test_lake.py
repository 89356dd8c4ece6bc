import multiprocessing

import polars as pl
import pytest
from deltalake import DeltaTable

from tier_assets.errors import LakeError, LostRaceError
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.outcome import Outcome
from tier_assets.schemas import TABLES

PARTS = {"code": "1", "rows of raw": "abc"}


def promote(lake, key, outcome, parts=None):
    basis = lake.basis("filtered", key)
    return lake.promote(lake.stage("filtered", key, outcome, basis=basis, parts=parts or PARTS))


def texts(lake, key):
    return lake.read("filtered", key).collect()["text"].to_list()


def test_what_is_staged_nobody_reads(lake, key, documents):
    lake.stage("filtered", key, documents("a"), basis=0, parts=PARTS)
    with pytest.raises(LakeError, match="nothing is promoted yet: run `strata materialize filtered -p crawl.2026-08`"):
        lake.read("filtered", key)


def test_a_promoted_partition_is_read_with_its_key_as_last_column(lake, key, documents):
    version = promote(lake, key, documents("a", "b", dropped=1))
    frame = lake.read("filtered", key).collect()
    assert frame["text"].to_list() == ["a", "b"]
    assert (frame.columns[-1], frame["partition"].unique().to_list()) == ("partition", ["crawl.2026-08"])
    assert version.number == 1
    assert lake.decisions("filtered", key).collect()["kept"].to_list() == [True, True, False]


def test_a_new_version_replaces_its_partition_and_no_other(lake, key, documents):
    other = PartitionKey.parse("crawl.2026-34")
    promote(lake, key, documents("old"))
    promote(lake, other, documents("neighbour"))
    assert promote(lake, key, documents("new", "rows")).number == 2
    assert texts(lake, key) == ["new", "rows"]
    assert texts(lake, other) == ["neighbour"]
    assert [version.number for version in lake.versions("filtered", key)] == [2, 1]


def test_decisions_of_before_a_column_was_there_have_nothing_in_it(lake, key, documents):
    head = promote(lake, key, documents("a", dropped=1))
    path = lake.folder("filtered", "crawl") / head.decisions
    pl.read_parquet(path).drop("detail").write_parquet(path)
    found = lake.decisions("filtered", key).collect()
    assert found.drop("partition").schema == TABLES["filtered"].decisions.polars
    assert found["detail"].to_list() == [None, None]
    assert found["rule"].to_list() == [None, "min_words"]


def test_an_empty_partition_can_be_promoted(lake, key, documents):
    promote(lake, key, documents(dropped=2))
    assert texts(lake, key) == []
    assert lake.head("filtered", key).number == 1


def test_the_second_of_two_first_publishes_loses_the_race(lake, key, documents):
    first = lake.stage("filtered", key, documents("a"), basis=0, parts=PARTS)
    second = lake.stage("filtered", key, documents("b"), basis=0, parts=PARTS | {"code": "2"})
    lake.promote(first)
    with pytest.raises(LostRaceError, match="another run promoted version 1") as caught:
        lake.promote(second)
    assert caught.value.fingerprint == first.fingerprint
    assert texts(lake, key) == ["a"]


def test_promoting_a_candidate_again_changes_nothing(lake, key, documents):
    candidate = lake.stage("filtered", key, documents("a"), basis=0, parts=PARTS)
    assert lake.promote(candidate) == lake.promote(candidate)
    assert len(lake.versions("filtered", key)) == 1


def test_a_staged_file_that_changed_is_not_promoted(lake, key, documents):
    candidate = lake.stage("filtered", key, documents("a"), basis=0, parts=PARTS)
    path = lake.staged_paths(candidate)[0][0]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(LakeError, match="is not what was staged"):
        lake.promote(candidate)


def test_no_document_text_enters_the_log(lake, key, documents):
    promote(lake, key, documents("a secret sentence"))
    log = b"".join(path.read_bytes() for path in (lake.folder("filtered", "crawl") / "_delta_log").iterdir())
    assert b"secret" not in log


def test_the_table_is_a_delta_table_that_others_read(lake, key, documents):
    promote(lake, key, documents("a"))
    table = DeltaTable(str(lake.folder("filtered", "crawl")))
    assert table.to_pyarrow_table()["partition"].to_pylist() == ["crawl.2026-08"]
    assert pl.scan_delta(str(lake.folder("filtered", "crawl"))).select("text").collect()["text"].to_list() == ["a"]


def test_a_held_candidate_waits_while_its_basis_is_head(lake, key, documents):
    promote(lake, key, documents("served"))
    candidate = lake.stage("filtered", key, documents("doubtful"), basis=1, parts=PARTS | {"code": "2"})
    lake.record(candidate.with_report("held", {"rows_in": 1}, ()))
    assert lake.held("filtered", key).candidate == candidate.candidate
    assert texts(lake, key) == ["served"]
    assert lake.decisions("filtered", key, held=True).collect().height == 1
    version = lake.promote(lake.held("filtered", key), kind="override", actor="ada", reason="looked at it")
    assert (version.kind, version.actor, version.reason) == ("override", "ada", "looked at it")
    assert texts(lake, key) == ["doubtful"]
    assert lake.held("filtered", key) is None


def test_a_held_candidate_is_superseded_by_a_promotion(lake, key, documents):
    candidate = lake.stage("filtered", key, documents("doubtful"), basis=0, parts=PARTS)
    lake.record(candidate.with_report("held", {}, ()))
    promote(lake, key, documents("served"))
    assert lake.held("filtered", key) is None


def test_staging_sweeps_what_a_killed_run_left(lake, key, documents):
    left = _in_another_process(_stage_and_vanish, lake.root, key)
    assert lake.staged_paths(left)[0][0].exists()
    promote(lake, key, documents("b"))
    assert not lake.staged_paths(left)[0][0].exists()
    assert [each.state for each in lake.candidates("filtered", key)] == ["promoted"]


def test_the_candidate_of_a_live_run_is_not_swept(lake, key, documents):
    mine = lake.stage("filtered", key, documents("a"), basis=0, parts=PARTS)
    lake.stage("filtered", key, documents("b"), basis=0, parts=PARTS | {"code": "2"})
    assert lake.staged_paths(mine)[0][0].exists()


def test_partitions_come_in_the_total_order(lake, documents):
    for name in ("wiki.2", "crawl.2", "crawl.1"):
        promote(lake, PartitionKey.parse(name), documents("a"))
    assert [str(key) for key in lake.partitions("filtered")] == ["crawl.1", "crawl.2", "wiki.2"]


def test_an_unknown_table_is_named(lake, key):
    with pytest.raises(LakeError, match="is no table of the lake"):
        lake.basis("golden", key)


def test_the_cache_keeps_frames_and_forgets_damaged_ones(lake):
    lake.cache("measured", "ab", pl.DataFrame({"x": [1]}))
    assert lake.cached("measured", "ab")["x"].to_list() == [1]
    (lake.root / "_cache" / "measured" / "ab.parquet").write_bytes(b"PAR1 junk PAR1")
    assert lake.cached("measured", "ab") is None
    assert lake.cached("measured", "unknown") is None


def _stage_and_vanish(root, key, queue):
    schema = TABLES["filtered"]
    empty = Outcome(schema.rows.polars.to_frame(), schema.decisions.polars.to_frame())
    queue.put(Lake(root).stage("filtered", key, empty, basis=0, parts=PARTS))


def _in_another_process(target, root, key):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=target, args=(root, key, queue))
    process.start()
    result = queue.get(timeout=60)
    process.join()
    return result


def test_heads_since_an_entry_are_those_promoted_after_it(lake, documents):
    keys = [PartitionKey.parse(f"crawl.{number}") for number in range(3)]
    for key in keys:
        lake.promote(lake.stage("filtered", key, documents("a"), basis=0, parts={"code": "1"}))
    second = lake.head("filtered", keys[1]).delta_version
    assert list(lake.heads_since("filtered", "crawl", second)) == ["crawl.2"]
    assert len(lake.heads_since("filtered", "crawl", -1)) == 3
