import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tier_assets.errors import LandingError, PartitionKeyError
from tier_assets.keys import PartitionKey
from tier_assets.landing.files import LandedFile
from tier_assets.landing.zone import LandingZone

KEY = PartitionKey("crawl", "2026-34")
SHARD = PartitionKey("crawl", "2026-34", "a")
SETTLE = 300


@pytest.fixture
def zone(tmp_path):
    return LandingZone(tmp_path / "landing")


@pytest.fixture
def made(tmp_path):
    """A function that makes files to land."""

    def call(**contents):
        folder = tmp_path / f"made{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        paths = []
        for name, content in contents.items():
            paths.append(folder / f"{name}.jsonl")
            paths[-1].write_bytes(content)
        return paths

    return call


def drop(zone, where, content=b"abc"):
    """Put a file into the zone as another program would."""
    path = zone.root / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def now():
    return time.time()


def later():
    return time.time() + SETTLE + 60


def test_landed_files_are_a_complete_arrival(zone, made):
    assert zone.land(KEY, made(b=b"two", a=b"one")).changed
    arrival = zone.arrival(KEY, SETTLE, now())
    assert arrival.files == (LandedFile("a.jsonl", 3, sha256(b"one")), LandedFile("b.jsonl", 3, sha256(b"two")))
    assert (arrival.complete, arrival.problems, len(arrival.digest)) == (True, (), 64)
    assert [b"".join(source.chunks()) for source in zone.sources(arrival)] == [b"one", b"two"]
    assert zone.arrivals(SETTLE, now()) == zone.arrivals_now(SETTLE) == [arrival]
    assert zone.complete("crawl.2026-34", SETTLE) == arrival
    assert zone.strangers() == []


def test_the_marker_lists_names_bytes_and_digests(zone, made):
    zone.land(KEY, made(a=b"one"))
    listing = json.loads((zone.folder(KEY) / "_SUCCESS").read_text())
    assert listing == {"files": [{"name": "a.jsonl", "bytes": 3, "sha256": sha256(b"one")}]}


def test_the_same_bytes_again_are_nothing_to_do(zone, made):
    zone.land(KEY, made(a=b"one"))
    before = (zone.folder(KEY) / "_SUCCESS").stat().st_mtime_ns
    assert not zone.land(KEY, made(a=b"one")).changed
    assert (zone.folder(KEY) / "_SUCCESS").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "contents, reason",
    [
        ({"a": b"other"}, "a.jsonl has other bytes"),
        ({"b": b"one"}, "a.jsonl is not among the files"),
        ({"a": b"one", "b": b"two"}, "b.jsonl would be new to it"),
    ],
)
def test_other_content_is_refused_without_replace(zone, made, contents, reason):
    zone.land(KEY, made(a=b"one"))
    digest = zone.arrival(KEY, SETTLE, now()).digest
    with pytest.raises(LandingError, match=f"crawl.2026-34 holds other content .{reason}.: use --replace"):
        zone.land(KEY, made(**contents))
    assert zone.arrival(KEY, SETTLE, now()).digest == digest


def test_replace_leaves_just_the_given_files(zone, made):
    zone.land(KEY, made(a=b"one", b=b"two"))
    old = zone.arrival(KEY, SETTLE, now())
    assert zone.land(KEY, made(b=b"new", c=b"three"), replace=True).changed
    arrival = zone.arrival(KEY, SETTLE, now())
    assert [(file.name, file.sha256) for file in arrival.files] == [
        ("b.jsonl", sha256(b"new")),
        ("c.jsonl", sha256(b"three")),
    ]
    assert arrival.problems == ()
    assert arrival.digest != old.digest
    assert not zone.land(KEY, made(b=b"new", c=b"three"), replace=True).changed


def test_a_lost_file_is_landed_again_without_replace(zone, made):
    zone.land(KEY, made(a=b"one", b=b"two"))
    (zone.folder(KEY) / "a.jsonl").unlink()
    assert zone.land(KEY, made(a=b"one", b=b"two")).changed
    assert zone.arrival(KEY, SETTLE, now()).problems == ()


def test_shards_and_files_of_the_snapshot_live_side_by_side(zone, made):
    zone.land(KEY, made(a=b"one"))
    zone.land(SHARD, made(a=b"two"))
    assert [arrival.key for arrival in zone.arrivals(SETTLE, now())] == [KEY, SHARD]
    assert zone.strangers() == []


def test_a_snapshot_of_shards_alone_is_no_partition_itself(zone, made):
    zone.land(SHARD, made(a=b"two"))
    drop(zone, "crawl/2026-34/_SUCCESS", b"")
    assert [arrival.key for arrival in zone.arrivals(SETTLE, now())] == [SHARD]


@pytest.mark.parametrize(
    "files, message",
    [
        ([], "no files to land"),
        (["missing.jsonl"], "missing.jsonl does not exist"),
        (["folder.jsonl"], "folder.jsonl holds no file of a supported kind"),
        (["one/a.jsonl", "two/a.jsonl"], "two files are called a.jsonl"),
        ([".a.jsonl"], "begins with '.' or '_'"),
        (["_a.jsonl"], "begins with '.' or '_'"),
        (["a\n.jsonl"], r"'a\\n.jsonl' has a name with characters that cannot be printed"),
        (["x" * 220 + ".jsonl"], "longer than 200 bytes"),
        (
            ["a.txt"],
            r"must end in one of .warc, .warc.gz, .wet, .wet.gz, .arc, .arc.gz, .jsonl, .*, .tar.zst, .zip, .pdf",
        ),
    ],
)
def test_what_cannot_be_landed_is_refused_in_one_line_and_nothing_lands(zone, tmp_path, files, message):
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if name.startswith("folder"):
            path.mkdir()
        elif not name.startswith("missing"):
            path.write_bytes(b"abc")
    with pytest.raises(LandingError, match=message) as raised:
        zone.land(KEY, [tmp_path / name for name in files])
    assert "\n" not in str(raised.value)
    assert zone.arrivals(0, later()) == []


def test_an_error_of_the_file_system_is_one_line(zone, made, tmp_path):
    drop(zone, "crawl", b"a file where the source's folder should be")
    with pytest.raises(LandingError, match="cannot land into crawl.2026-34: .*crawl"):
        zone.land(KEY, made(a=b"one"))


def test_an_empty_marker_makes_dropped_files_complete(zone):
    drop(zone, "crawl/2026-34/a.jsonl")
    drop(zone, "crawl/2026-34/_SUCCESS", b"")
    arrival = zone.arrival(KEY, SETTLE, now())
    assert (arrival.complete, arrival.files) == (True, (LandedFile("a.jsonl", 3, sha256(b"abc")),))


def test_without_a_marker_a_folder_is_complete_when_it_has_settled(zone):
    drop(zone, "crawl/2026-34/a.jsonl")
    arriving = zone.arrival(KEY, SETTLE, now())
    assert (arriving.complete, arriving.files, arriving.digest) == (False, (LandedFile("a.jsonl", 3, None),), "")
    assert zone.complete("crawl.2026-34", SETTLE) is None
    assert zone.arrival(KEY, SETTLE, later()).complete
    assert zone.arrival(KEY, SETTLE, later()).complete  # our own notes are no change


def test_old_dates_that_a_copy_carries_along_do_not_settle_a_folder(zone):
    os.utime(drop(zone, "crawl/2026-34/a.jsonl"), (1, 1))
    assert not zone.arrival(KEY, SETTLE, now()).complete


def test_the_digest_depends_on_names_and_bytes_alone(zone, made, tmp_path):
    zone.land(KEY, made(a=b"one"))
    other = LandingZone(tmp_path / "other")
    drop(other, "crawl/2026-34/a.jsonl", b"one")
    assert other.arrival(KEY, SETTLE, later()).digest == zone.arrival(KEY, SETTLE, now()).digest
    drop(other, "crawl/2026-34/a.jsonl", b"two")
    assert other.arrival(KEY, SETTLE, later()).digest != zone.arrival(KEY, SETTLE, now()).digest


def test_files_that_are_not_as_listed_are_problems_and_another_digest(zone, made):
    zone.land(KEY, made(a=b"one", b=b"two", c=b"three", d=b"four"))
    before = zone.arrival(KEY, SETTLE, now())
    folder = zone.folder(KEY)
    (folder / "a.jsonl").unlink()
    (folder / "b.jsonl").write_bytes(b"longer")
    (folder / "c.jsonl").write_bytes(b"THREE")
    drop(zone, "crawl/2026-34/e.jsonl")
    arrival = zone.arrival(KEY, SETTLE, now())
    assert arrival.complete
    assert [file.name for file in arrival.files] == ["b.jsonl", "c.jsonl", "d.jsonl"]
    assert arrival.problems == (
        "a.jsonl is listed in _SUCCESS but cannot be found",
        "b.jsonl has 6 bytes, _SUCCESS says 3",
        "c.jsonl has other content than _SUCCESS says",
        "e.jsonl is not listed in _SUCCESS: land it with the others, or remove it",
    )
    assert arrival.digest != before.digest


def test_a_marker_without_files_is_a_problem(zone):
    drop(zone, "crawl/2026-34/_SUCCESS", b"")
    assert zone.arrival(KEY, SETTLE, now()).problems == ("_SUCCESS is there, but no file",)


def test_an_empty_folder_is_no_arrival(zone):
    zone.folder(KEY).mkdir(parents=True)
    assert zone.arrival(KEY, SETTLE, later()) is None
    assert zone.arrival(SHARD, SETTLE, later()) is None


def test_files_that_cannot_be_used_are_problems(zone, tmp_path):
    drop(zone, "crawl/2026-34/good.jsonl")
    drop(zone, "crawl/2026-34/bad\n.jsonl")
    (tmp_path / "secret.jsonl").write_bytes(b"secret")
    (zone.folder(KEY) / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    os.mkfifo(zone.folder(KEY) / "pipe.jsonl")
    arrival = zone.arrival(KEY, SETTLE, later())
    assert [file.name for file in arrival.files] == ["good.jsonl"]
    assert arrival.problems == (
        "'bad\\n.jsonl' has a name with characters that cannot be printed: rename it",
        "link.jsonl is a link that leads outside the landing zone: copy the file instead",
        "pipe.jsonl is no file",
    )


def test_whatever_can_be_no_partition_is_named_and_nothing_else(zone, tmp_path):
    (tmp_path / "outside" / "2026-34").mkdir(parents=True)
    (tmp_path / "outside" / "2026-34" / "a.jsonl").write_bytes(b"abc")
    for where in [
        "crawl/2026-34/a/deeper/a.jsonl",
        "crawl/2026.34/a.jsonl",
        "crawl/..evil/a.jsonl",
        "crawl/x y/a.jsonl",
        "crawl/astray.jsonl",
        "Crawl/2026-34/a.jsonl",
        "bad\nname/2026-34/a.jsonl",
        "q'; DROP TABLE x; --/1/a.jsonl",
        "astray.jsonl",
        "_temporary/2026-34/a.jsonl",
        "good/" + "x" * 120 + "/a.jsonl",
    ]:
        drop(zone, where)
    (zone.root / "link").symlink_to(tmp_path / "outside")
    (zone.root / "crawl" / "link").symlink_to("/")
    assert zone.arrivals(0, later()) == []
    strangers = zone.strangers()
    assert [each.partition(" is ")[0].partition(" can ")[0] for each in strangers] == [
        "Crawl",
        "astray.jsonl",
        "'bad\\nname'",
        "crawl/2026-34/a/deeper",
        "crawl/2026.34",
        "crawl/astray.jsonl",
        "crawl/link",
        "crawl/x y",
        "good/" + "x" * 120,
        "link",
        "q'; DROP TABLE x; --",
    ]
    assert all(each.isprintable() for each in strangers)


def test_a_link_out_of_the_zone_is_neither_read_nor_written(zone, made, tmp_path):
    (tmp_path / "outside").mkdir()
    zone.root.mkdir()
    (zone.root / "crawl").symlink_to(tmp_path / "outside")
    with pytest.raises(LandingError, match="leads outside the landing zone"):
        zone.land(KEY, made(a=b"one"))
    assert list((tmp_path / "outside").iterdir()) == []
    assert zone.arrival(KEY, SETTLE, now()) is None


def test_a_text_that_is_no_key_is_refused(zone):
    with pytest.raises(PartitionKeyError):
        zone.complete("../../evil", SETTLE)


def test_a_folder_of_pages_lands_as_one_file_and_again_is_nothing_to_do(zone, tmp_path):
    (tmp_path / "site" / "deep").mkdir(parents=True)
    (tmp_path / "site" / "deep" / "a.html").write_bytes(b"<p>hello")
    (tmp_path / "site" / "logo.png").write_bytes(b"x")
    landed = zone.land(KEY, [str(tmp_path / "site")])
    assert (landed.changed, landed.files) == (True, ("site.tar",))
    assert landed.notes == ("site: 1 of 2 files are left out: links, or of no kind that is read",)
    assert not zone.land(KEY, [str(tmp_path / "site")]).changed


def test_progress_is_told_in_bytes(zone, made):
    calls = []
    zone.land(KEY, made(a=b"one", b=b"three"), report=lambda *call: calls.append(call))
    assert calls == [(3, 8, "a.jsonl, bytes"), (8, 8, "b.jsonl, bytes")]


def test_referenced_files_are_an_arrival_read_where_they_lie(zone, made):
    [path] = made(a=b"one")
    assert zone.land(KEY, [path], reference=True).changed
    arrival = zone.arrival(KEY, SETTLE, now())
    assert (arrival.complete, arrival.problems) == (True, ())
    assert arrival.files == (LandedFile("a.jsonl", 3, sha256(b"one"), str(path)),)
    assert [b"".join(source.chunks()) for source in zone.sources(arrival)] == [b"one"]
    assert not (zone.folder(KEY) / "a.jsonl").exists()


def test_a_copy_and_a_reference_of_the_same_bytes_have_the_same_digest(zone, made):
    files = made(a=b"one")
    zone.land(KEY, files)
    copied = zone.arrival(KEY, SETTLE, now()).digest
    zone.land(KEY, files, replace=True, reference=True)
    assert zone.arrival(KEY, SETTLE, now()).digest == copied


def test_a_referenced_file_that_changes_or_goes_is_a_problem_and_another_digest(zone, made):
    [path] = made(a=b"one")
    zone.land(KEY, [path], reference=True)
    digests = [zone.arrival(KEY, SETTLE, now()).digest]
    path.write_bytes(b"two")
    changed = zone.arrival(KEY, SETTLE, now())
    assert changed.problems == (f"{path} has changed since it was referenced: land it again with --replace",)
    path.unlink()
    gone = zone.arrival(KEY, SETTLE, now())
    assert gone.problems == (f"a.jsonl is referenced at {path} but cannot be found: put it back",)
    assert len({*digests, changed.digest, gone.digest}) == 3


KILLED = """
import os, signal, sys
from pathlib import Path
from tier_assets.files import durable
from tier_assets.keys import PartitionKey
from tier_assets.landing.zone import LandingZone

left = int(sys.argv[2])
fsync = os.fsync
def counted(descriptor):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(descriptor)
os.fsync = counted
files = [Path(each) for each in sys.argv[3:]]
LandingZone(Path(sys.argv[1])).land(PartitionKey("crawl", "2026-34"), files, replace=True)
"""


@pytest.mark.parametrize("fsyncs", range(0, 16, 3))
def test_a_kill_while_replacing_never_shows_a_mixture(zone, made, fsyncs):
    zone.land(KEY, made(a=b"one", b=b"two"))
    old = zone.arrival(KEY, SETTLE, now()).digest
    files = made(b=b"new", c=b"three")
    run = subprocess.run(
        [sys.executable, "-c", KILLED, zone.root, str(fsyncs), *files], cwd=Path(__file__).parents[2], check=False
    )
    assert run.returncode in (-signal.SIGKILL, 0)
    cut = zone.arrival(KEY, SETTLE, later())
    zone.land(KEY, files, replace=True)
    new = zone.arrival(KEY, SETTLE, now()).digest
    assert not cut.complete or cut.digest in (old, new)
    assert {path.name for path in zone.folder(KEY).iterdir()} == {"b.jsonl", "c.jsonl", "_SUCCESS", "_digests.json"}


def test_a_survey_is_all_arrivals_and_all_strangers(zone, made):
    zone.land(KEY, made(a=b"one"))
    drop(zone, "astray.jsonl")
    survey = zone.survey(SETTLE, now())
    assert list(survey.arrivals) == zone.arrivals(SETTLE, now())
    assert list(survey.strangers) == zone.strangers()
    assert len(survey.arrivals) == len(survey.strangers) == len(zone.landed_sources()) == 1


def test_a_marker_that_is_no_file_is_none(zone):
    drop(zone, "crawl/2026-34/a.jsonl")
    os.mkfifo(zone.folder(KEY) / "_SUCCESS")
    assert not zone.arrival(KEY, SETTLE, now()).complete
