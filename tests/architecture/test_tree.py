"""The tree: what stands at its top, and what no file of it may name."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP = {"pyproject.toml", "README.md", "workspace.yaml", "Makefile", "LICENSE", "CHANGELOG.md"} | {
    "tier_assets",
    "resources",
    "sensors",
    "tests",
    "docs",
}
# Where packages come from is the machine's to say, so that the project installs behind any mirror.
INDEX = re.compile(
    r"pypi[.]org|pythonhosted[.]org|conda[.]anaconda[.]org|registry[.]npmjs[.]org|--(?:extra-)?index-ur[l]\b|PIP_[I]NDEX"
)
# A path of somebody's machine; a path within a URL has a letter before it.
MACHINE = re.compile(r"(?<![\w.])/(?:work|root|Users/\w+|home/\w+)/")


def files() -> list[str]:
    """Files of the tree, tracked or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip(f"no git checkout here: {listed.stderr.strip()}")
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def uninvited(names: list[str]) -> set[str]:
    """Entries at the top of the tree that are neither agreed on nor hidden."""
    return {name.split("/")[0] for name in names} - TOP - {name.split("/")[0] for name in names if name.startswith(".")}


def named(pattern: re.Pattern[str]) -> list[str]:
    """file:line of every place in the tree's text files that the pattern matches."""
    found = []
    for name in files():
        try:
            text = (ROOT / name).read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name}:{number}" for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]
    return found


def test_nothing_stands_at_the_top_but_what_was_agreed_on():
    assert uninvited(files()) == set()


def test_no_file_names_a_package_index():
    assert named(INDEX) == []


def test_no_file_names_a_path_of_somebodys_machine():
    assert named(MACHINE) == []


def test_an_uninvited_entry_is_found():
    assert uninvited(["README.md", ".ci/run", "tests/a.py", "scripts/a.sh", "notes.txt"]) == {"scripts", "notes.txt"}


# Put together, since this file is of the tree too.
@pytest.mark.parametrize("line", ["--index" + "-url https://a", "https://pypi" + ".org/simple", "PIP_" + "INDEX_URL=a"])
def test_an_index_is_found(line: str):
    assert INDEX.search(line)


@pytest.mark.parametrize("line", ['open("/ro' + 'ot/a")', "see /ho" + "me/ada/x", "/Us" + "ers/ada/x"])
def test_a_machines_path_is_found(line: str):
    assert MACHINE.search(line)


def test_a_path_within_a_url_is_nobodys_machine():
    assert not MACHINE.search("https://example.org/work/a and /homepage/ and docs/root/x")
