import os
import sys
from collections import Counter

import pytest

from tier_assets.keys import PartitionKey
from tier_assets.landing.looks import LOOKS, Looks
from tier_assets.landing.places import Places
from tier_assets.landing.zone import LandingZone

KEY, OTHER = PartitionKey("crawl", "2026-34"), PartitionKey("crawl", "2026-35")
SETTLE = 300
# Seconds since 1970, far behind and far ahead of the times of all files made here.
BEFORE, AFTER = 1_000_000_000.0, 9_000_000_000.0


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "landing"
    folder = root / "crawl" / "2026-34"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text("one")
    (folder / "_SUCCESS").touch()
    return root


class Opened:
    """The paths opened within it."""

    def __init__(self):
        self.paths = None
        # A hook of the interpreter's cannot be taken away again: it only stops noting.
        sys.addaudithook(self._see)

    def _see(self, event, arguments):
        if self.paths is not None and event == "open":
            self.paths.append(str(arguments[0]))

    def __enter__(self):
        self.paths = []
        return self.paths

    def __exit__(self, *_):
        self.paths = None


@pytest.fixture(scope="session")
def opened():
    return Opened()


@pytest.fixture
def zone(root):
    return LandingZone(root)


def look(root, now=AFTER):
    """Look at the folder, keep a value, and leave it to the next look; returns what was known."""
    looks = Looks(root, now)
    found = looks.at(Places(root).of(KEY, root / "crawl" / "2026-34"))
    found.keep({"digest": "0"})
    looks.save()
    return found.known


def test_what_was_kept_is_known_while_nothing_changes(root):
    assert [look(root), look(root), look(root)] == [None, {"digest": "0"}, {"digest": "0"}]


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.jsonl").write_text("other"),
        lambda folder: (folder / "a.jsonl").chmod(0),
        lambda folder: (folder / "a.jsonl").rename(folder / "b.jsonl"),
        lambda folder: (folder / "b.jsonl").touch(),
        lambda folder: (folder / ".copying").touch(),
        lambda folder: (folder / "_LANDING").touch(),
        lambda folder: (folder / "_SUCCESS").unlink(),
        lambda folder: (folder / "shard").mkdir(),
    ],
    ids=["content", "rights", "name", "file", "hidden file", "note", "marker", "folder"],
)
def test_whatever_changes_in_a_folder_makes_what_was_kept_unknown(root, change):
    look(root)
    change(root / "crawl" / "2026-34")
    assert look(root) is None


def test_a_file_of_the_same_size_and_date_is_another_one(root):
    look(root)
    path = root / "crawl" / "2026-34" / "a.jsonl"
    other = root / "other"
    other.write_text("two")
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    other.replace(path)
    os.utime(path, ns=times)
    assert look(root) is None


def test_the_note_of_digests_says_nothing_new(root):
    look(root)
    (root / "crawl" / "2026-34" / "_digests.json").touch()
    assert look(root) == {"digest": "0"}


def test_what_changed_in_the_second_before_a_look_is_not_kept(root):
    changed = max(entry.stat().st_ctime for entry in (root / "crawl" / "2026-34").iterdir())
    assert [look(root, changed + 0.5), look(root, changed + 1.5), look(root)] == [None, None, {"digest": "0"}]
    assert look(root, BEFORE) is None


@pytest.mark.parametrize("name", ["link.jsonl", "_REFERENCES"])
def test_a_folder_that_leads_elsewhere_is_not_kept(root, name):
    (root / "elsewhere").touch()
    path = root / "crawl" / "2026-34" / name
    path.symlink_to(root / "elsewhere") if name == "link.jsonl" else path.touch()
    assert [look(root), look(root)] == [None, None]


@pytest.mark.parametrize("place", [0, 40, 200, -1])
def test_a_flipped_bit_makes_the_file_none_and_it_is_made_anew(root, place):
    look(root)
    path = root / LOOKS
    data = bytearray(path.read_bytes())
    data[min(place, len(data) - 1)] ^= 1
    path.write_bytes(data)
    assert [look(root), look(root)] == [None, {"digest": "0"}]


@pytest.mark.parametrize("cut", [0, 10])
def test_a_file_that_is_cut_short_is_none(root, cut):
    look(root)
    (root / LOOKS).write_bytes((root / LOOKS).read_bytes()[:cut])
    assert [look(root), look(root)] == [None, {"digest": "0"}]


def test_the_file_is_written_only_when_something_has_changed(root):
    look(root)
    before = (root / LOOKS).stat().st_ino
    look(root)
    assert (root / LOOKS).stat().st_ino == before
    (root / "crawl" / "2026-34" / "b.jsonl").touch()
    look(root)
    assert (root / LOOKS).stat().st_ino != before


def test_where_it_cannot_be_written_every_look_is_a_first_one(root):
    (root / LOOKS).mkdir()
    assert [look(root), look(root)] == [None, None]
    assert Counter(path.name for path in root.iterdir()) == {"crawl": 1, LOOKS: 1}


def test_a_folder_that_is_gone_is_forgotten(root):
    look(root)
    looks = Looks(root, AFTER)
    looks.save()
    assert look(root) is None


def test_a_zone_that_is_not_there_is_not_made(tmp_path):
    Looks(tmp_path / "none", AFTER).save()
    assert list(tmp_path.iterdir()) == []


def test_a_second_look_at_all_is_the_first_one_again_and_opens_nothing(zone, opened):
    first = zone.survey(SETTLE, AFTER)
    with opened as paths:
        assert zone.survey(SETTLE, AFTER) == first
    assert [path for path in paths if "/crawl/" in path] == []
    assert [zone.arrival(KEY, SETTLE, AFTER)] == list(first.arrivals)


def test_a_listed_file_that_changes_after_a_look_at_all_is_seen(zone, root, tmp_path):
    (tmp_path / "b.jsonl").write_text("one")
    zone.land(OTHER, [tmp_path / "b.jsonl"])
    assert [each.problems for each in zone.arrivals(SETTLE, AFTER)] == [(), ()]
    (zone.folder(OTHER) / "b.jsonl").write_text("two")
    for _ in range(2):
        problems = [each.problems for each in zone.arrivals(SETTLE, AFTER)]
        assert problems == [(), ("b.jsonl has other content than _SUCCESS says",)]


def test_a_longer_settling_time_makes_what_was_seen_complete_incomplete_again(zone, root):
    (root / "crawl" / "2026-34" / "_SUCCESS").unlink()
    seen = [zone.arrivals(settle, AFTER)[0].complete for settle in (SETTLE, int(AFTER), SETTLE)]
    assert seen == [True, False, True]


def test_a_marker_makes_complete_whatever_the_settling_time_is_and_nothing_is_opened_for_it(zone, opened):
    first = zone.arrivals(SETTLE, AFTER)
    with opened as paths:
        assert zone.arrivals(int(AFTER), AFTER) == first
    assert [path for path in paths if "/crawl/" in path] == []


def test_a_folder_that_had_not_settled_is_complete_at_a_later_look(zone, root):
    (root / "crawl" / "2026-34" / "_SUCCESS").unlink()
    assert [zone.arrivals(settle, AFTER)[0].complete for settle in (int(AFTER), SETTLE)] == [False, True]


def test_a_referenced_file_that_changes_after_a_look_at_all_is_seen(zone, tmp_path):
    (tmp_path / "b.jsonl").write_text("one")
    zone.land(OTHER, [tmp_path / "b.jsonl"], reference=True)
    assert [each.problems for each in zone.arrivals(SETTLE, AFTER)] == [(), ()]
    (tmp_path / "b.jsonl").write_text("two")
    _, after = zone.arrivals(SETTLE, AFTER)
    assert "has changed since it was referenced" in after.problems[0]
