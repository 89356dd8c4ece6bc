"""kill -9 at every point of stage, record and promote; then the same run again: as if nothing had happened."""

import json
import shutil
import signal

import pytest

from tests.reliability.invariants import broken, orphans
from tests.reliability.kills import Point
from tests.reliability.writers import ended, publish_and_tell, started
from tier_assets.lake.lake import Lake

NAME = "crawl.2026-08"
NEW = ["a new text", "another"]


def run(root, told, texts=NEW, code="new", at=None):
    """One run in a process of its own; its exit code, and the points it passed if it got to its end."""
    told.unlink(missing_ok=True)
    codes = ended(started(publish_and_tell, root, NAME, texts, code, at, told))
    return codes[0], json.loads(told.read_text()) if told.exists() else []


@pytest.mark.parametrize("number", [1, 2], ids=["a first version", "a later version"])
def test_a_run_killed_at_any_point_and_started_again_ends_as_if_it_had_not_been(tmp_path, number):
    before, told = tmp_path / "before", tmp_path / "told"
    before.mkdir()
    if number == 2:
        assert run(before, told, ["old"], "old")[0] == 0
    shutil.copytree(before, tmp_path / "rehearsal")
    points = run(tmp_path / "rehearsal", told)[1]
    assert any("before create_write_transaction in Lake.promote > commit" in point for point in points), points
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
