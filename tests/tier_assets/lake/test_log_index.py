import json
import sqlite3

import pytest

from tier_assets.errors import LakeError
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.lake.log_index import LogIndex

LOG = "filtered/crawl"


@pytest.fixture
def three(lake, documents):
    """Three partitions, the first of which has two versions."""
    for number, name in enumerate(("a", "b", "c", "a")):
        key = PartitionKey.parse(f"crawl.{name}")
        basis = lake.basis("filtered", key)
        lake.promote(lake.stage("filtered", key, documents(name), basis=basis, parts={"n": str(number)}))
    return lake


def entry(lake, number):
    return lake.folder("filtered", "crawl") / "_delta_log" / f"{number:020d}.json"


def heads(lake):
    index = LogIndex(lake.root)
    index.refresh(LOG)
    return [(pin.partition, pin.number) for pin in index.heads(LOG)]


def index_file(lake):
    return lake.root / "_index" / "log.sqlite"


WHOLE = [("crawl.a", 2), ("crawl.b", 1), ("crawl.c", 1)]


def test_heads_are_the_newest_promotion_of_each_partition(three):
    assert heads(three) == WHOLE


def test_without_a_table_there_is_nothing(tmp_path):
    index = LogIndex(tmp_path)
    assert index.refresh(LOG) == -1
    assert index.heads(LOG) == []


def test_what_was_promoted_since_an_entry_comes_oldest_first(three):
    index = LogIndex(three.root)
    index.refresh(LOG)
    assert [pin.partition for pin in index.since(LOG, 2)] == ["crawl.c", "crawl.a"]
    assert index.since(LOG, 4) == []


def test_a_log_that_has_not_grown_is_not_read_again(three):
    heads(three)
    entry(three, 1).chmod(0)
    entry(three, 1).write_bytes(b"not even JSON")
    assert heads(three) == WHOLE


@pytest.mark.parametrize("harm", ["remove", "flip", "cut", "truncate", "another"])
def test_an_index_that_is_gone_or_damaged_is_made_anew(three, harm):
    heads(three)
    path = index_file(three)
    if harm == "remove":
        path.unlink()
    elif harm == "another":
        path.write_text("no database at all, but long enough to be taken for one" * 10)
    else:
        data = bytearray(path.read_bytes())
        if harm == "flip":
            at = data.rindex(b"crawl.b")
            data[at] ^= 1
        else:
            data = data[: len(data) // 2 if harm == "cut" else 0]
        path.write_bytes(data)
    assert heads(three) == WHOLE


def test_no_flipped_bit_of_the_index_is_believed(three):
    truth = {str(key): three.head("filtered", key) for key in three.partitions("filtered")}
    whole = index_file(three).read_bytes()
    for bit in range(0, len(whole) * 8, len(whole) * 8 // 150):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        index_file(three).write_bytes(data)
        lake = Lake(three.root)
        assert {str(key): lake.head("filtered", key) for key in lake.partitions("filtered")} == truth


def test_a_row_that_is_lost_is_missed(three):
    heads(three)
    with sqlite3.connect(index_file(three)) as connection:
        connection.execute("delete from entries where partition = 'crawl.a' and number = 2")
    assert heads(three) == WHOLE


def test_where_the_index_cannot_be_written_it_is_kept_in_memory(three):
    index_file(three).unlink()
    index_file(three).mkdir()
    assert heads(three) == WHOLE


def test_an_entry_moved_aside_takes_its_promotion_with_it(three):
    assert heads(three) == WHOLE
    entry(three, 4).rename(entry(three, 4).with_suffix(".aside"))
    assert heads(three) == [("crawl.a", 1), ("crawl.b", 1), ("crawl.c", 1)]


@pytest.mark.parametrize("read_before", [True, False])
def test_a_lost_entry_with_others_after_it_is_named(three, read_before):
    if not read_before:
        index_file(three).unlink()
        entry(three, 2).unlink()
    else:
        entry(three, 5).write_text("{}")
        entry(three, 5).rename(entry(three, 6))
    with pytest.raises(LakeError, match=r"cannot be read \(0*[25]\.json: it is gone, while entry [46] is there\)"):
        heads(three)


def lines(lake, number):
    return [json.loads(line) for line in entry(lake, number).read_text().splitlines()]


def rewritten(lake, number, change):
    changed = [action for action in map(change, lines(lake, number)) if action]
    entry(lake, number).write_text("".join(json.dumps(action) + "\n" for action in changed))
    index_file(lake).unlink()


def without(kind):
    return lambda action: None if kind in action else action


def body(**values):
    def change(action):
        if "commitInfo" in action:
            old = json.loads(action["commitInfo"]["strata"])
            action["commitInfo"]["strata"] = json.dumps({**old, **values})
        return action

    return change


def fence(version):
    return lambda action: {"txn": {**action["txn"], "version": version}} if "txn" in action else action


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (without("txn"), "its app transaction is lost"),
        (fence(1), "its app transaction is lost"),
        (without("add"), "the files it adds are not those"),
        (without("remove"), "the files it removes are not those"),
        (without("commitInfo"), "it tells of no promotion"),
        (body(number=3), "is not what was written"),
        (body(summary={}), "is not what was written"),
        (body(partition="crawl.b"), "is not what was written"),
        (body(surprise=1), "is not what was written"),
    ],
)
def test_an_entry_with_a_lost_line_or_another_value_is_named(three, change, why):
    rewritten(three, 4, change)
    with pytest.raises(LakeError, match=rf"4\.json: .*{why}"):
        heads(three)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null\n", b'{"commitInfo": {"strata": 7}}'])
def test_an_entry_that_is_no_entry_is_named(three, data):
    entry(three, 4).write_bytes(data)
    index_file(three).unlink()
    with pytest.raises(LakeError, match=r"4\.json"):
        heads(three)


def test_no_flipped_bit_of_an_entry_makes_another_version(three):
    truth = three.head("filtered", PartitionKey.parse("crawl.a"))
    whole = entry(three, 4).read_bytes()
    found = 0
    for bit in range(0, len(whole) * 8, 173):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        entry(three, 4).write_bytes(data)
        index_file(three).unlink()
        try:
            assert Lake(three.root).head("filtered", PartitionKey.parse("crawl.a")) == truth
        except LakeError:
            found += 1
    assert found > 50


def test_files_found_right_are_remembered_until_they_change(tmp_path):
    index = LogIndex(tmp_path)
    index.remember(tmp_path / "a.parquet", 7, 1, "ab")
    assert index.checked(tmp_path / "a.parquet", 7, 1) == "ab"
    assert index.checked(tmp_path / "a.parquet", 7, 2) == ""


def test_an_index_of_another_form_is_made_anew(three):
    heads(three)
    with sqlite3.connect(index_file(three)) as connection:
        connection.execute("pragma user_version = 99")
    assert heads(three) == WHOLE
