import json
import os

import pytest

from tier_assets.files.digests import text_digest
from tier_assets.landing.zone import LandingZone
from tier_assets.scrubbing.landed import scrub_landed

LINE = '{"text": "the ferry leaves at seven"}\n'


@pytest.fixture
def landed(tmp_path, key):
    """The folder of a landed partition with one file."""
    page = tmp_path / "pages.jsonl"
    page.write_text(LINE)
    zone = LandingZone(tmp_path / "landing")
    zone.land(key, [page])
    zone.arrivals_now(0)
    return zone.folder(key)


def looks(folder):
    return list(scrub_landed(folder.parents[1]))


def found(folder):
    return [(damage.path.name, damage.what) for damage in looks(folder) if damage]


def flip(path):
    """Change a bit as a disk does it, and let the notes say that the file is as it was."""
    notes = path.with_name("_digests.json")
    (_, sha256, _) = json.loads(notes.read_text())[path.name]
    before, data = path.stat(), bytearray(path.read_bytes())
    data[12] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    now = path.stat()
    stamp = f"{now.st_size}:{now.st_mtime_ns}:{now.st_ctime_ns}"
    notes.write_text(json.dumps({path.name: [stamp, sha256, text_digest(path.name, stamp, sha256)]}))


def test_what_landed_and_its_notes_are_looked_at(landed):
    assert looks(landed) == [None, None, None]


def test_a_flipped_bit_of_a_landed_file_is_named_with_its_remedy(landed):
    flip(landed / "pages.jsonl")
    (damage,) = filter(None, looks(landed))
    assert damage.path == landed / "pages.jsonl"
    assert damage.what == "is not what _SUCCESS lists"
    assert damage.remedy == "land it again: `strata land --replace crawl.2026-08 FILE...`"


@pytest.mark.parametrize("listing", ["", None])
def test_without_our_listing_a_file_is_held_against_what_was_noted_of_it(landed, listing):
    success = landed / "_SUCCESS"
    success.unlink()
    if listing is not None:
        success.write_text(listing)
    assert found(landed) == []
    flip(landed / "pages.jsonl")
    assert found(landed) == [("pages.jsonl", "is not what it was when it was first seen")]


def test_a_file_that_others_wrote_anew_is_no_damage_where_nothing_lists_it(landed):
    (landed / "_SUCCESS").write_bytes(b"")
    (landed / "pages.jsonl").write_text(LINE + LINE)
    assert found(landed) == []


def test_a_listed_file_that_is_gone_is_named(landed):
    (landed / "pages.jsonl").unlink()
    assert found(landed) == [("pages.jsonl", "is gone, while _SUCCESS lists it")]


@pytest.mark.parametrize("at", [0, 4, 40])
def test_a_flipped_bit_of_the_listing_is_named(landed, at):
    data = bytearray((landed / "_SUCCESS").read_bytes())
    data[at] ^= 1
    (landed / "_SUCCESS").write_bytes(data)
    assert "_SUCCESS" in str(found(landed))


def test_flipped_notes_are_named_and_need_nothing(landed):
    notes = landed / "_digests.json"
    notes.write_text(notes.read_text().replace("a", "b", 1))
    assert found(landed) == [("_digests.json", "is not what was written")]
    notes.write_bytes(b"{")
    assert found(landed) == [("_digests.json", "is not what was written")]


def test_a_reference_that_changed_and_references_that_cannot_be_read_are_named(tmp_path, key):
    page = tmp_path / "pages.jsonl"
    page.write_text(LINE)
    zone = LandingZone(tmp_path / "landing")
    zone.land(key, [page], reference=True)
    folder = zone.folder(key)
    assert found(folder) == []
    page.write_text(LINE + LINE)
    assert "has changed since it was referenced" in str(found(folder))
    (folder / "_REFERENCES").write_bytes(b"{")
    assert found(folder) == [("_REFERENCES", "_REFERENCES is damaged: land the files again")]


def test_what_is_landing_now_is_left_alone(landed):
    (landed / "pages.jsonl").write_text("half")
    (landed / "_LANDING").touch()
    assert looks(landed) == []
