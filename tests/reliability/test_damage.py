"""Files that a power cut, a disk or a hand damaged: one clear line, never silence, and the way back."""

import pytest

from tests.reliability.invariants import broken
from tests.reliability.writers import TABLE, outcome, publish
from tier_assets.errors import LakeError
from tier_assets.keys import PartitionKey
from tier_assets.lake.candidates import manifest_path
from tier_assets.lake.lake import Lake

KEY, OTHER = PartitionKey.parse("crawl.2026-08"), PartitionKey.parse("crawl.2026-09")
LOG_LINE = r"/filtered/crawl: the table's log cannot be read \(.*\): see docs/architecture.md, damage$"

LOOKS = {
    "head": lambda lake: lake.head(TABLE, KEY),
    "read": lambda lake: lake.read(TABLE, KEY),
    "decisions": lambda lake: lake.decisions(TABLE, KEY),
    "basis": lambda lake: lake.basis(TABLE, KEY),
    "partitions": lambda lake: lake.partitions(TABLE),
}


@pytest.fixture
def published(tmp_path):
    """A lake with two versions of one partition and one of its neighbour."""
    publish(tmp_path, str(KEY), ["old"], "1")
    publish(tmp_path, str(OTHER), ["neighbour"], "1")
    publish(tmp_path, str(KEY), ["new"], "2")
    return Lake(tmp_path)


def entry(lake, number):
    return lake.folder(TABLE, "crawl") / "_delta_log" / f"{number:020d}.json"


def data_file(lake):
    head = lake.head(TABLE, KEY)
    return lake.folder(TABLE, "crawl") / f"partition={KEY}" / f"{head.candidate}-0000.parquet"


def sentence_of(look, lake):
    with pytest.raises(LakeError) as caught:
        look(lake)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def without_index(lake):
    """The lake as whoever comes to it without the index of its logs."""
    (lake.root / "_index" / "log.sqlite").unlink()
    return Lake(lake.root)


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize("number", [0, 2, 3], ids=["the first", "a middle", "the newest"])
def test_an_empty_log_entry_is_named_by_every_look_at_the_table(published, number, look):
    entry(published, number).write_bytes(b"")
    assert f"{number:020d}.json: it is empty" in sentence_of(look, without_index(published))


@pytest.mark.parametrize("number", [0, 2], ids=["the first", "a middle"])
def test_what_an_entry_said_before_it_was_emptied_is_still_known_and_nothing_is_committed_on_top(published, number):
    truth = published.head(TABLE, KEY)
    entry(published, number).write_bytes(b"")
    lake = Lake(published.root)
    assert lake.head(TABLE, KEY) == truth
    staged = lake.stage(TABLE, KEY, outcome(KEY, ["newer"]), basis=2, parts={"code": "3"})
    assert f"{number:020d}.json is gone, or not what was written" in sentence_of(lambda it: it.promote(staged), lake)


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize(
    "junk", [lambda data: data[: len(data) // 2], lambda data: bytes(len(data))], ids=["half", "nul"]
)
def test_a_damaged_newest_log_entry_is_one_line_for_every_look(published, junk, look):
    entry(published, 3).write_bytes(junk(entry(published, 3).read_bytes()))
    lake = Lake(published.root)
    with pytest.raises(LakeError, match=LOG_LINE) as caught:
        look(lake)
    assert "\n" not in str(caught.value)


def test_a_middle_log_entry_that_is_gone_is_one_line(published):
    entry(published, 2).unlink()
    with pytest.raises(LakeError, match=LOG_LINE):
        without_index(published).head(TABLE, KEY)


def test_what_the_log_lost_with_its_newest_entry_is_found_whole_and_can_be_promoted_again(published):
    made = published.head(TABLE, KEY)
    entry(published, 3).rename(published.root / "moved away.json")
    lake = Lake(published.root)
    assert lake.head(TABLE, KEY).number == 1
    lost = lake.lost(TABLE, KEY)
    assert lost.fingerprint == made.fingerprint
    assert lake.promote(lost).content_digest == made.content_digest
    assert lake.lost(TABLE, KEY) is None
    assert broken(lake.root, "crawl", {str(KEY): (["new"], 2), str(OTHER): (["neighbour"], 1)}) == []


def test_a_damaged_file_of_a_lost_promotion_is_not_promoted_again(published):
    data = data_file(published)
    entry(published, 3).rename(published.root / "moved away.json")
    data.write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    assert Lake(published.root).lost(TABLE, KEY) is None


def test_nothing_is_lost_of_a_sound_table(published):
    assert published.lost(TABLE, KEY) is None
    assert published.lost(TABLE, OTHER) is None
    assert published.damage(TABLE, KEY) == ""


@pytest.mark.parametrize(
    ("harm", "what"),
    [(lambda path: path.unlink(), "is gone"), (lambda path: path.write_bytes(b"PAR1"), "is cut short")],
    ids=["gone", "cut"],
)
def test_a_promoted_file_that_is_gone_or_cut_is_named_and_does_not_take_its_neighbours_along(published, harm, what):
    harm(data_file(published))
    lake = Lake(published.root)
    line = f"{data_file(lake)} {what}: `strata materialize filtered -p {KEY}` makes it again"
    assert sentence_of(LOOKS["read"], lake) == line
    assert lake.damage(TABLE, KEY) == line
    assert lake.read(TABLE, OTHER).collect()["text"].to_list() == ["neighbour"]


def test_a_decisions_file_that_is_gone_is_named(published):
    (published.folder(TABLE, "crawl") / published.head(TABLE, KEY).decisions).unlink()
    assert "parquet is gone: `strata materialize" in sentence_of(LOOKS["decisions"], published)


@pytest.mark.parametrize("which", ["rows", "decisions"])
def test_a_single_bit_flipped_in_a_staged_file_keeps_it_from_being_promoted(published, which):
    candidate = published.stage(TABLE, KEY, outcome(KEY, ["newer"]), basis=2, parts={"code": "3"})
    rows, decisions = published.staged_paths(candidate)
    path = rows[0] if which == "rows" else decisions
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert "is not what was staged: materialize crawl.2026-08 again" in sentence_of(
        lambda lake: lake.promote(candidate), published
    )
    assert published.read(TABLE, KEY).collect()["text"].to_list() == ["new"]


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"files": 1}'])
def test_a_damaged_manifest_is_named_and_the_promoted_version_is_still_read(published, junk):
    path = manifest_path(published.folder(TABLE, "crawl"), str(KEY), published.head(TABLE, KEY).candidate)
    path.write_bytes(junk)
    assert list(Lake(published.root).snapshot().manifests(TABLE, KEY).unusable) == [path]
    assert published.read(TABLE, KEY).collect()["text"].to_list() == ["new"]


def test_what_others_left_in_the_table_is_in_nobodys_way(published):
    log = published.folder(TABLE, "crawl") / "_delta_log"
    for name in ("_commit_0b5a.json.tmp", ".00000000000000000004.json.crc", "00000000000000000003.json#1", "notes.txt"):
        (log / name).write_bytes(b"half of someth")
    (published.folder(TABLE, "crawl") / f"partition={KEY}" / "stray.parquet").write_bytes(b"PAR1")
    lake = Lake(published.root)
    assert lake.read(TABLE, KEY).collect()["text"].to_list() == ["new"]
    assert publish(published.root, str(KEY), ["newer"], "3") == 3
