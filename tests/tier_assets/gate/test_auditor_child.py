import json
import subprocess
import sys
from pathlib import Path

import pytest

from tier_assets.gate import auditor_child

CHILD = [sys.executable, "-P", "-W", "ignore", str(Path(auditor_child.__file__))]


def answers(*questions):
    """What the process says to questions on a pipe, a line each."""
    asked = "".join(json.dumps({"what": what, "given": given}) + "\n" for what, given in questions)
    done = subprocess.run(CHILD, input=asked, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_bounds_are_judged_one_by_one_and_what_is_null_meets_them_all():
    bounds = [("x", 1, 3, "critical"), ("x", 3, None, "critical"), ("x", None, 1, "warning"), ("y", 7, 7, "warning")]
    assert answers(("judge", {"row": {"x": 2.0, "y": None}, "bounds": bounds})) == [[True, False, False, True]]


def test_what_cannot_be_evaluated_has_failed():
    bounds = [("nowhere", 1, 3, "critical"), ("x", 1, 3, "critical")]
    assert answers(("judge", {"row": {"x": 2.0}, "bounds": bounds})) == [[False, True]]


def test_bounds_hold_to_the_last_bit():
    above = 0.1 + 0.2  # the next number after .3
    bounds = [("x", None, 0.3, "critical"), ("x", above, above, "critical")]
    assert answers(("judge", {"row": {"x": above}, "bounds": bounds})) == [[False, True]]


def test_the_process_that_judges_has_not_loaded_what_it_does_not_use():
    script = (
        "import sys; sys.argv = ['x']; from tier_assets.gate import auditor_child; auditor_child._load()\n"
        "print(auditor_child.judge({'x': 1.0}, [('x', 0, 0, 'critical')]),\n"
        "      sorted(name for name in sys.modules if name.split('.')[0] in ('scipy', 'altair')))"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[False] ['altair', 'scipy', 'scipy.stats']"


@pytest.mark.parametrize("view", ["kept", "decisions"])
def test_a_file_that_is_gone_ends_the_process(tmp_path, view):
    question = {"files": {view: [str(tmp_path / "gone.parquet")]}, "metrics": {}, "required": {}, "mixes": {}}
    asked = json.dumps({"what": "profile", "given": question}) + "\n"
    done = subprocess.run(CHILD, input=asked, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "gone.parquet" in done.stderr
