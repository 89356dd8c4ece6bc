"""Every module has a test file of the mirrored name, and every test file a subject: rule 6 of the architecture."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("tier_assets", "resources", "sensors")
# Tests of the whole, which mirror no module.
WHOLE = {"pipeline", "architecture", "reliability", "docs", "ui", "vllm", "benchmarks", "corpus"}


def mirrored(module: str) -> str:
    """Where the tests of a module stand: a/b.py is tested by tests/a/test_b.py."""
    folder, _, name = module.rpartition("/")
    return f"tests/{folder}/test_{name}"


def subject_of(test_file: str) -> str | None:
    """The module that a test file is about; None for tests of the whole."""
    _, folder, *rest = test_file.split("/")
    if folder in WHOLE or not rest:
        return None
    return "/".join([folder, *rest[:-1], rest[-1].removeprefix("test_")])


MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__init__.py"
)
TEST_FILES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_test_file(module: str):
    assert (ROOT / mirrored(module)).is_file(), f"write {mirrored(module)}"


@pytest.mark.parametrize("test_file", TEST_FILES)
def test_every_test_file_has_a_subject(test_file: str):
    subject = subject_of(test_file)
    assert subject is None or (ROOT / subject).is_file(), f"there is no {subject}: move or remove {test_file}"


@pytest.mark.parametrize("test_file", TEST_FILES)
def test_every_test_file_tests_something(test_file: str):
    tree = ast.parse((ROOT / test_file).read_text("utf-8"))
    assert any(isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in ast.walk(tree))


def test_there_are_no_packages_under_tests():
    assert list((ROOT / "tests").rglob("__init__.py")) == [], "tests/sensors would hide the package sensors"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_file_holds_nothing_but_its_docstring(package: str):
    for path in (ROOT / package).rglob("__init__.py"):
        body = ast.parse(path.read_text("utf-8")).body
        assert len(body) == 1, f"{path.relative_to(ROOT)}: one import path per name"
        assert ast.get_docstring(ast.Module(body, [])), f"{path.relative_to(ROOT)} says not what lives there"


def test_names_are_mirrored():
    assert mirrored("tier_assets/keys.py") == "tests/tier_assets/test_keys.py"
    assert mirrored("tier_assets/text/counts.py") == "tests/tier_assets/text/test_counts.py"
    assert subject_of("tests/tier_assets/text/test_counts.py") == "tier_assets/text/counts.py"
    assert subject_of("tests/pipeline/test_demo.py") is None
    assert subject_of("tests/resources/test_gone.py") == "resources/gone.py"
