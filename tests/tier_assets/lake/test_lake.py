import multiprocessing
import os
from dataclasses import replace

import polars as pl
import pytest
from deltalake import DeltaTable

from tier_assets.errors import DamagedError, LakeError, LostRaceError
from tier_assets.files.digests import file_digest
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
    candidate = lake.stage("filtered", key, documents("a", dropped=1), basis=0, parts=PARTS)
    _, path = lake.staged_paths(candidate)
    pl.read_parquet(path).drop("detail").write_parquet(path)
    older = replace(candidate.decisions, bytes=path.stat().st_size, sha256=file_digest(path), changed=0)
    lake.promote(replace(candidate, decisions=older))
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


def test_a_past_candidate_is_promoted_anew_where_a_person_says_after_which_version(lake, key, documents):
    first = lake.stage("filtered", key, documents("first"), basis=0, parts=PARTS)
    lake.promote(first)
    promote(lake, key, documents("second"), PARTS | {"code": "2"})
    with pytest.raises(LostRaceError, match="another run promoted version 2"):
        lake.promote(first)
    third = lake.promote(first, basis=2, kind="rollback", reason="the second is worse")
    assert (third.number, third.kind, texts(lake, key)) == (3, "rollback", ["first"])
    assert len({version.promotion for version in lake.versions("filtered", key)}) == 3
    assert pl.scan_delta(str(lake.folder("filtered", "crawl"))).select("text").collect()["text"].to_list() == ["first"]


def test_with_the_clock_set_back_the_newest_held_candidate_is_still_the_newest(lake, key, documents):
    for text, stamp in (("old", "2026-08-02T00:00:00"), ("new", "2026-08-01T00:00:00")):
        staged = lake.stage("filtered", key, documents(text), basis=0, parts=PARTS | {"text": text})
        lake.record(replace(staged, created_at=stamp).with_report("held", {}, ()))
    assert lake.held("filtered", key).parts["text"] == "new"


def test_a_pinned_version_is_read_after_another_was_promoted(lake, key, documents):
    pinned = promote(lake, key, documents("old"))
    promote(lake, key, documents("new"), PARTS | {"code": "2"})
    assert lake.rows(pinned).collect()["text"].to_list() == ["old"]


def flip(path, bit):
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    found = path.stat()
    path.write_bytes(data)
    # As a disk does it, which tells nobody.
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


@pytest.mark.parametrize("what", ["rows", "decisions"])
def test_no_flipped_bit_is_served_as_other_text(lake, key, documents, what):
    head = promote(lake, key, documents(*(f"a sentence about the tide {number}" for number in range(20)), dropped=5))
    path = lake.folder("filtered", "crawl") / (head.files[0].path if what == "rows" else head.decisions)
    whole = path.read_bytes()
    for bit in range(0, len(whole) * 8, len(whole) * 8 // 60):
        path.write_bytes(whole)
        flip(path, bit)
        fresh = Lake(lake.root)
        with pytest.raises(DamagedError, match=r"is not what was promoted: `strata materialize filtered -p crawl"):
            (fresh.read if what == "rows" else fresh.decisions)("filtered", key)
        with pytest.raises(DamagedError):
            fresh.row_groups(head) if what == "rows" else fresh.decisions("filtered", key)


def test_other_bytes_of_the_same_size_are_damage_at_first_sight(lake, key, documents):
    head = promote(lake, key, documents("a"))
    path = lake.folder("filtered", "crawl") / head.decisions
    path.write_bytes(os.urandom(path.stat().st_size))
    assert "is not what was promoted" in Lake(lake.root).damage("filtered", key)
    assert "is not what was promoted" in lake.snapshot().damage("filtered", key)


def test_files_put_back_from_a_backup_are_no_damage(lake, key, documents):
    head = promote(lake, key, documents("a"))
    path = lake.folder("filtered", "crawl") / head.files[0].path
    os.utime(path, (1, 1))
    assert Lake(lake.root).damage("filtered", key) == ""


def test_a_file_is_verified_once_in_a_process(lake, key, documents):
    head = promote(lake, key, documents("a"))
    path = lake.folder("filtered", "crawl") / head.files[0].path
    lake.read("filtered", key)
    flip(path, 100)
    assert lake.files(head) == [path]
    with pytest.raises(DamagedError):
        Lake(lake.root).files(head)


@pytest.mark.parametrize("harm", ["{}", "", "not JSON"])
def test_an_unusable_manifest_stops_no_other_partition_and_goes_aside(lake, key, documents, harm):
    other = PartitionKey.parse("crawl.2026-34")
    promote(lake, other, documents("neighbour"))
    staged = lake.stage("filtered", key, documents("a"), basis=0, parts=PARTS)
    path = next((lake.folder("filtered", "crawl") / "_candidates").rglob(f"{staged.candidate}.json"))
    path.write_text(harm)
    assert [str(each) for each in lake.partitions("filtered")] == ["crawl.2026-08", "crawl.2026-34"]
    assert f"{path} is damaged" in lake.snapshot().flaw("filtered", key)
    assert lake.snapshot().flaw("filtered", other) == ""
    promote(lake, key, documents("b"))
    assert lake.snapshot().flaw("filtered", key) == ""
    assert path.with_suffix(".damaged").exists()


def test_names_that_are_no_partitions_are_told_of_and_stop_nothing(lake, key, documents):
    promote(lake, key, documents("a"))
    folder = lake.folder("filtered", "crawl")
    (folder / "_candidates" / "partition=no key").mkdir()
    (folder / "_attempts").mkdir(exist_ok=True)
    (folder / "_attempts" / "wiki.1.json").write_text("{}")
    snapshot = lake.snapshot()
    assert snapshot.partitions("filtered") == [key]
    assert [line.rpartition("/")[2] for line in snapshot.strangers()] == [
        "_candidates: 'no key' is no partition's: move it away",
        "_attempts: 'wiki.1' is no partition's: move it away",
    ]


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


def test_pins_since_an_entry_are_those_promoted_after_it(lake, documents):
    keys = [PartitionKey.parse(f"crawl.{number}") for number in range(3)]
    for key in keys:
        lake.promote(lake.stage("filtered", key, documents("a"), basis=0, parts={"code": "1"}))
    second = lake.head("filtered", keys[1]).delta_version
    assert [pin.partition for pin in lake.pins_since("filtered", "crawl", second)] == ["crawl.2"]
    assert len(lake.pins_since("filtered", "crawl", -1)) == 3


def test_a_held_candidate_whose_manifest_cannot_be_read_is_no_reason_to_show_an_older_one(lake, key, documents):
    for name in ("old", "new"):
        staged = lake.stage("filtered", key, documents(name), basis=0, parts={"n": name})
        lake.record(staged.with_report("held", {}, ()))
    path = lake.folder("filtered", "crawl") / f"_candidates/partition={key}/{staged.candidate}.json"
    path.write_bytes(b"{")
    with pytest.raises(DamagedError, match=f"{staged.candidate}.json is damaged"):
        lake.decisions("filtered", key, held=True)
    assert len(lake.flaws("filtered", key)) == 1
