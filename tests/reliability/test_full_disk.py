"""No room to write: one line that names the cause, nothing promoted, nothing left, and with room again all is well.

A limit on the size of files stands for the full disk: the kernel refuses, or kills in the middle of a file.
"""

import random
import resource
import signal
import sys

import pytest

from tests.reliability.invariants import broken, orphans
from tests.reliability.writers import ended, publish, started
from tier_assets.errors import LakeError
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake

OLD, NEW = "crawl.2026-07", "crawl.2026-08"
# Incompressible, so that rows, not only manifests, are larger than the limit.
TEXTS = ["".join(random.Random(seed).choices("abcdefghijklmnopqrstuvwxyz ", k=3000)) for seed in range(10)]


def publish_with_little_room(root, told, file_bytes, deadly):
    """Publish under a limit on file sizes, which raises or, if deadly, kills in the middle of the file."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL if deadly else signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, limits[1]))
    try:
        publish(root, NEW, TEXTS, "1")
    except LakeError as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        told.write_text(str(error))


def publish_with_no_room_for_the_commit(root, told):
    """The disk is full from the moment of the commit on."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(frame, event, what):
        if event == "c_call" and getattr(what, "__name__", "") == "create_write_transaction":
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))

    sys.setprofile(fill)
    try:
        publish(root, NEW, TEXTS, "1")
    except LakeError as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        told.write_text(str(error))


def recovers(root):
    """The other partition stands, and with room again the run does what it would have done."""
    assert Lake(root).partitions("filtered")[0] == PartitionKey.parse(OLD)
    assert Lake(root).head("filtered", PartitionKey.parse(NEW)) is None
    assert ended(started(publish, root, NEW, TEXTS, "1")) == [0]
    assert broken(root, "crawl", {OLD: (["old"], 1), NEW: (TEXTS, 1)}) == []


@pytest.mark.parametrize("file_bytes", [100, 5_000], ids=["for the manifest", "for the rows"])
def test_no_room_is_one_line_and_leaves_nothing(tmp_path, file_bytes):
    root, told = tmp_path / "lake", tmp_path / "told"
    publish(root, OLD, ["old"], "1")
    assert ended(started(publish_with_little_room, root, told, file_bytes, False)) == [0]
    assert told.read_text().startswith(f"filtered {NEW} cannot be written to {root}/filtered/crawl (")
    assert "File too large" in told.read_text()
    assert "\n" not in told.read_text()
    assert orphans(Lake(root), "crawl") == []
    recovers(root)


def test_no_room_for_the_commit_is_one_line_and_promotes_nothing(tmp_path):
    root, told = tmp_path / "lake", tmp_path / "told"
    publish(root, OLD, ["old"], "1")
    assert ended(started(publish_with_no_room_for_the_commit, root, told)) == [0]
    assert f"the commit of {NEW} cannot be written (Generic LocalFileSystem error: " in told.read_text()
    assert "File too large" in told.read_text()
    assert "\n" not in told.read_text()
    recovers(root)


@pytest.mark.parametrize("file_bytes", [100, 5_000], ids=["of the manifest", "of the rows"])
def test_half_a_temporary_file_is_never_taken_for_a_file_and_is_swept(tmp_path, file_bytes):
    root = tmp_path / "lake"
    publish(root, OLD, ["old"], "1")
    run = started(publish_with_little_room, root, tmp_path / "told", file_bytes, True)
    assert ended(run) == [-signal.SIGXFSZ]
    halves = list(root.rglob(".*.tmp"))
    assert halves
    assert all(half.stat().st_size <= file_bytes for half in halves)
    recovers(root)
