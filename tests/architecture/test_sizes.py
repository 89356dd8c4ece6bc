"""A module is one idea: near 250 lines, 400 at most. A line count cannot see an idea, but it sees when there are two."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 400
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("tier_assets", "resources", "sensors", "tests")
    for path in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_at_most_400_lines(module: str):
    lines = len((ROOT / module).read_text("utf-8").splitlines())
    assert lines <= LONGEST, f"{module} has {lines} lines: it holds more than one idea"
