"""kill -9 at every point of stage, record and promote; then the same run again: as if nothing had happened."""

import json
import shutil
import signal

import pytest

from tests.reliability.invariants import broken, orphans
from tests.reliability.kills import Point
from tests.reliability.writers import TABLE, ended, publish_and_tell, started
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake

NAME = "crawl.2026-08"
NEW = ["a new text", "another"]


def run(root, told, texts=NEW, code="new", at=None, name=NAME):
    """One run in a process of its own; its exit code, and the points it passed if it got to its end."""
    told.unlink(missing_ok=True)
    codes = ended(started(publish_and_tell, root, name, texts, code, at, told))
    return codes[0], json.loads(told.read_text()) if told.exists() else []


@pytest.mark.parametrize("number", [1, 2], ids=["a first version", "a later version"])
def test_a_run_killed_at_any_point_and_started_again_ends_as_if_it_had_not_been(tmp_path, number):
    before, told = tmp_path / "before", tmp_path / "told"
    before.mkdir()
    if number == 2:
        assert run(before, told, ["old"], "old")[0] == 0
    shutil.copytree(before, tmp_path / "rehearsal")
    points = run(tmp_path / "rehearsal", told)[1]
    assert any("before create_write_transaction in Lake.promote" in point for point in points), points
    problems = {}
    for at, point in enumerate(points, 1):
        root = tmp_path / f"lake-{at}"
        shutil.copytree(before, root)
        assert run(root, told, at=Point(at))[0] == -signal.SIGKILL
        assert run(root, told)[0] == 0, point
        wrong = broken(root, "crawl", {NAME: (NEW, number)})
        if wrong and wrong == [
            f"{path} is an orphan" for path in orphans(Lake(root), "crawl") if path.endswith(".tmp")
        ]:
            # Killed after the commit there is nothing to run again: what it left is swept with the next version.
            assert run(root, told, ["newer"], "newer")[0] == 0, point
            wrong = broken(root, "crawl", {NAME: (["newer"], number + 1)})
        if wrong:
            problems[f"{at}: {point}"] = wrong
        shutil.rmtree(root)
    assert problems == {}


def test_a_backfill_killed_at_one_point_after_the_other_and_gone_on_with_ends_as_if_it_had_not_been(tmp_path, often):
    root, told = tmp_path / "lake", tmp_path / "told"
    names = [f"crawl.2026-{number:03}" for number in range(often(8, 200))]
    assert run(root, told, name=names[0])[0] == 0
    shutil.copytree(root, tmp_path / "rehearsal")
    points = run(tmp_path / "rehearsal", told, name=names[1])[1]
    for number, name in enumerate(names[1:]):
        # In steps, so that also few partitions meet early points and late ones.
        at = 1 + number * 7 % len(points)
        assert run(root, told, at=Point(at), name=name)[0] == -signal.SIGKILL
        assert run(root, told, name=name)[0] == 0
    lake = Lake(root)
    wrong = broken(root, "crawl", dict.fromkeys(names, (NEW, 1)))
    assert [each for each in wrong if not each.endswith(".tmp is an orphan")] == []
    commits = [version for name in names for version in lake.versions(TABLE, PartitionKey.parse(name))]
    assert len(commits) == len(names)
