import pytest

from tier_assets.keys import PartitionKey
from tier_assets.landing.places import Place, Places

KEY = PartitionKey("crawl", "2026-34")
SHARD = PartitionKey("crawl", "2026-34", "a")


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "landing"
    (root / "crawl" / "2026-34" / "a" / "deeper").mkdir(parents=True)
    (root / "crawl" / "2026-34" / "a.jsonl").touch()
    (root / "crawl" / "2026-34" / "_SUCCESS").touch()
    return root


def test_a_walk_finds_snapshots_and_shards_with_all_that_lies_in_them(root):
    snapshot, shard, stranger = Places(root).walk()
    assert (snapshot.key, snapshot.folder) == (KEY, root / "crawl" / "2026-34")
    assert [entry.name for entry in snapshot.entries] == ["_SUCCESS", "a", "a.jsonl"]
    assert [entry.name for entry in snapshot.visible] == ["a", "a.jsonl"]
    assert (shard.key, shard.folder) == (SHARD, root / "crawl" / "2026-34" / "a")
    assert stranger == "crawl/2026-34/a/deeper is nested too deeply: use SOURCE/SNAPSHOT or SOURCE/SNAPSHOT/SHARD"


def test_one_place_is_the_one_of_the_walk(root):
    place = Places(root).of(SHARD, root / "crawl" / "2026-34" / "a")
    assert isinstance(place, Place)
    assert [entry.name for entry in place.entries] == ["deeper"]
    assert Places(root).of(KEY, root / "crawl" / "gone") is None


def test_names_are_told_from_files(root):
    place = Places(root).of(KEY, root / "crawl" / "2026-34")
    assert [place.holds(name) for name in ("a", "a.jsonl", "b")] == [True, True, False]
    assert [place.holds_file(name) for name in ("a", "a.jsonl", "b")] == [False, True, False]


def test_sources_are_those_with_a_folder_of_a_partition(root):
    (root / "empty").mkdir()
    (root / "wiki" / "1").mkdir(parents=True)
    (root / "wiki" / "2").mkdir()
    assert Places(root).sources() == ["crawl", "wiki"]


def test_no_zone_has_no_places(tmp_path):
    assert list(Places(tmp_path / "none").walk()) == []


def test_a_link_is_a_place_where_it_stays_inside(root, tmp_path):
    (tmp_path / "outside" / "2026-08").mkdir(parents=True)
    (root / "mirror").symlink_to(root / "crawl")
    (root / "away").symlink_to(tmp_path / "outside")
    found = list(Places(root).walk())
    assert found[0] == "away is a link that leads outside the landing zone: copy what it leads to"
    assert [str(each.key) for each in found if isinstance(each, Place)] == [
        "crawl.2026-34", "crawl.2026-34.a", "mirror.2026-34", "mirror.2026-34.a",
    ]  # fmt: skip


def test_a_link_below_a_link_is_followed_too(root, tmp_path):
    (tmp_path / "outside").mkdir()
    (root / "crawl" / "2026-34" / "b").symlink_to(tmp_path / "outside")
    (root / "mirror").symlink_to(root / "crawl")
    strangers = [each for each in Places(root).walk() if isinstance(each, str) and "outside" in each]
    assert strangers == [
        "crawl/2026-34/b is a link that leads outside the landing zone: copy what it leads to",
        "mirror/2026-34/b is a link that leads outside the landing zone: copy what it leads to",
    ]
