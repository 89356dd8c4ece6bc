import os

import pytest

from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.lake.policies import keep_values
from tier_assets.lake.scrub import scrub_lake


@pytest.fixture
def lived_in(lake, documents):
    """Two versions of one partition, one of another, a held candidate."""
    for name, basis in (("a", 0), ("a", 1), ("b", 0)):
        key = PartitionKey.parse(f"crawl.{name}")
        staged = lake.stage("filtered", key, documents(name, dropped=2), basis=basis, parts={"n": f"{name}{basis}"})
        lake.promote(staged)
    held = lake.stage("filtered", PartitionKey.parse("crawl.b"), documents("doubtful"), basis=1, parts={"n": "held"})
    lake.record(held.with_report("held", {}, ()))
    keep_values(lake.folder("filtered", "crawl"), {"filtered.min_words": 50})
    return lake


def found(lake):
    return [damage for damage in scrub_lake(lake.root) if damage]


def flip(path, at=0.5):
    """Change a bit as a disk does it, which tells nobody."""
    data, before = bytearray(path.read_bytes()), path.stat()
    data[int(len(data) * at)] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_sound_lake_has_no_damage_and_every_file_was_looked_at(lived_in):
    looks = list(scrub_lake(lived_in.root))
    assert set(looks) == {None}
    # The index; four entries; rows and decisions of three versions; four manifests and a held candidate; values.
    assert len(looks) == 1 + 4 + 6 + 4 + 1 + 1
    assert len(list(scrub_lake(lived_in.root, ["raw"]))) == 1


@pytest.mark.parametrize(
    ("pattern", "remedy"),
    [
        ("partition=crawl.b/*-0000.parquet", "strata materialize filtered -p crawl.b"),
        ("_decisions/partition=crawl.a/*.parquet", "strata materialize filtered -p crawl.a"),
        ("_candidates/partition=crawl.a/*.json", "move it away"),
        ("_delta_log/*0.json", "put it back from a backup"),
        ("_delta_log/*3.json", "put it back from a backup"),
        ("_policies/*.json", "remove it: until the next version with these values"),
    ],
)
def test_one_flipped_bit_of_any_file_is_named_with_its_remedy(lived_in, pattern, remedy):
    remedies = []
    for path in sorted(lived_in.folder("filtered", "crawl").glob(pattern)):
        whole = path.read_bytes()
        for at in (0.02, 0.6, 0.97):
            flip(path, at)
            damage = [each for each in found(lived_in) if path.name in f"{each.path}{each.what}"]
            assert damage, f"{path} at {at}"
            remedies += [each.remedy for each in damage]
            path.write_bytes(whole)
    assert any(remedy in each for each in remedies)


def test_damage_that_was_found_is_made_again_by_the_next_run(lived_in):
    key = PartitionKey.parse("crawl.b")
    (path,) = lived_in.snapshot().verified(lived_in.head("filtered", key))
    flip(path)
    assert Lake(lived_in.root).damage("filtered", key) == ""
    assert [damage.path for damage in found(lived_in)] == [path]
    assert "is not what was promoted" in Lake(lived_in.root).damage("filtered", key)


def test_a_damaged_index_is_named_and_removed(lived_in):
    path = lived_in.root / "_index" / "log.sqlite"
    path.write_bytes(path.read_bytes()[:5000])
    assert [damage.path for damage in found(lived_in)] == [path]
    assert found(lived_in) == []


def test_checkpoints_are_held_against_the_entries(lake, documents):
    key = PartitionKey.parse("crawl.a")
    for number in range(101):
        lake.promote(lake.stage("filtered", key, documents(str(number)), basis=number, parts={"n": str(number)}))
    log = lake.folder("filtered", "crawl") / "_delta_log"
    hint, checkpoint = log / "_last_checkpoint", next(log.glob("*.checkpoint.parquet"))
    whole = checkpoint.read_bytes(), hint.read_bytes()
    assert found(lake) == []
    for path, harm in ((hint, b'{"version": 7}'), (hint, b"{}"), (checkpoint, b""), (checkpoint, whole[0][:-9])):
        path.write_bytes(harm)
        assert [damage.path for damage in found(lake)] == [path]
        checkpoint.write_bytes(whole[0])
        hint.write_bytes(whole[1])


def test_small_files_that_cannot_be_used_and_stray_names_are_named(lived_in):
    folder = lived_in.folder("filtered", "crawl")
    (folder / "_attempts").mkdir(exist_ok=True)
    (folder / "_attempts" / "crawl.a.json").write_text("{}")
    (folder / "_candidates" / "partition=no key").mkdir()
    assert {damage.path.name for damage in found(lived_in)} == {"crawl.a.json", "_candidates"}
