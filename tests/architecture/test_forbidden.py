"""What no code of ours does: swallow every error, leave gaps, wait without a reason, mock itself."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("tier_assets", "resources", "sensors")
FILES = sorted(
    path.relative_to(ROOT).as_posix() for folder in (*PACKAGES, "tests") for path in (ROOT / folder).rglob("*.py")
)
# Put together, since this file is searched too.
GAP = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")


def violations(path: str, source: str) -> list[str]:
    """What is wrong with a module, one "path:line: sentence" each."""
    lines = source.splitlines()
    found = [(number, "finish it, or open an issue") for number, line in enumerate(lines, 1) if GAP.search(line)]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            caught = (
                {part.split(".")[-1] for part in re.findall(r"[\w.]+", ast.unparse(node.type))} if node.type else {""}
            )
            raises_again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if caught & {"", "Exception"} or (caught & {"BaseException"} and not raises_again):
                found.append((node.lineno, "catch what can happen: a bug must crash"))
        if isinstance(node, ast.Name) and node.id == "NotImplementedError":
            found.append((node.lineno, "leave out what is not there"))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"time.sleep", "sleep"}:
            near = lines[max(0, node.lineno - 3) : node.lineno]
            if not any("#" in line for line in near):
                found.append((node.lineno, "say in a comment why it must wait"))
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
            if any(name.split(".")[:2] == ["unittest", "mock"] or name == "mock" for name in names):
                found.append((node.lineno, "use the real thing"))
    return [f"{path}:{line}: {sentence}" for line, sentence in sorted(found)]


@pytest.mark.parametrize("path", FILES)
def test_a_module_does_nothing_forbidden(path: str):
    assert violations(path, (ROOT / path).read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("try:\n    f()\nexcept Exception:\n    pass", "a.py:3: catch what can happen"),
        ("try:\n    f()\nexcept:\n    pass", "a.py:3: catch what can happen"),
        ("try:\n    f()\nexcept (ValueError, Exception) as error:\n    raise", "a.py:3: catch what can happen"),
        ("try:\n    f()\nexcept builtins.Exception:\n    raise", "a.py:3: catch what can happen"),
        ("try:\n    f()\nexcept BaseException:\n    pass", "a.py:3: catch what can happen"),
        ("def f():\n    raise NotImplementedError", "a.py:2: leave out"),
        ("def f():\n    raise NotImplementedError('later')", "a.py:2: leave out"),
        ("x = 1  # TO" + "DO: more", "a.py:1: finish it"),
        ('"""FIX' + 'ME"""', "a.py:1: finish it"),
        ("import time\ntime.sleep(1)", "a.py:2: say in a comment"),
        ("from unittest import mock\nfrom unittest.mock import patch", "a.py:2: use the real thing"),
    ],
)
def test_what_is_forbidden_is_found(source: str, complaint: str):
    assert any(found.startswith(complaint) for found in violations("a.py", source))


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    f()\nexcept (OSError, ValueError):\n    pass",
        "try:\n    f()\nexcept BaseException:\n    g()\n    raise",
        "import time\n# The server needs a moment to bind its port.\ntime.sleep(0.1)",
        "class PolicyException:\n    pass",
        "import unittest",
    ],
)
def test_what_is_allowed_is_let_pass(source: str):
    assert violations("a.py", source) == []
