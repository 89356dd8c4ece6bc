"""Who may import whom: rules 1 to 4 of the architecture, read from the syntax trees."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("tier_assets", "resources", "sensors")
MODULES = sorted(path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

HEAVY = {"great_expectations", "vllm", "torch", "transformers", "ray", "fasttext", "xllamacpp"}
MAY_IMPORT_DAGSTER = re.compile(
    r"tier_assets/l\d_\w+/asset\.py|tier_assets/(definitions\.py|promotion/.*)|(resources|sensors)/.*"
)
COMPOSITION_ROOTS = {"tier_assets/definitions.py", "tier_assets/opening.py"}
TIER_FOLDER = re.compile(r"tier_assets[./](l\d_\w+)")


def imports(source: str) -> Iterator[tuple[str, bool]]:
    """Every imported name, dotted, and whether importing the module imports it too."""
    yield from _imports(ast.parse(source), executed=True)


def _imports(node: ast.AST, executed: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, executed) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        start = "." * node.level + (node.module or "")
        # The name may be a submodule: `from resources import storage`.
        yield from ((f"{start}.{alias.name}", executed) for alias in node.names)
    guards_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    deferred = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or guards_types
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, executed and not deferred)


def violations(path: str, source: str) -> list[str]:
    """What is wrong with the imports of a module at `path`, one sentence each."""
    package = path.split("/", maxsplit=1)[0]
    tier = TIER_FOLDER.match(path)
    found = []
    for name, executed in imports(source):
        top = name.split(".")[0]
        other = TIER_FOLDER.match(name)
        if name.startswith("."):
            found.append(f"{path} imports {name}: imports are absolute")
        if top == "dagster" and not MAY_IMPORT_DAGSTER.fullmatch(path):
            found.append(f"{path} imports {name}: only assets, wiring, resources and sensors know Dagster")
        if top in {"resources", "sensors"} and top != package and path not in COMPOSITION_ROOTS:
            found.append(f"{path} imports {name}: only definitions.py and opening.py import resources and sensors")
        if other and tier and other[1] != tier[1]:
            found.append(f"{path} imports {name}: a tier reads its parent's rows from the lake, not its code")
        if other and path.startswith("tier_assets/text/"):
            found.append(f"{path} imports {name}: what tiers share does not know them")
        if top in HEAVY and executed:
            found.append(f"{path} imports {name} at module level: import it inside the function that needs it")
    return found


def loaded(path: str, sources: Mapping[str, str]) -> set[str]:
    """Names that importing the module at `path` imports, with those of our modules that it imports, and so on."""
    found, waiting, seen = set[str](), [path], set[str]()
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        names = {name for name, executed in imports(sources[here]) if executed}
        found |= names
        # The last part may be a name in the module; a package of ours does nothing.
        files = {f"{each.replace('.', '/')}.py" for name in names for each in (name, name.rpartition(".")[0])}
        waiting += files & sources.keys()
    return found


@pytest.mark.parametrize("path", [path for path in MODULES if path.startswith("tier_assets/commands/")])
def test_loading_a_command_loads_neither_dagster_nor_an_asset(path: str):
    names = loaded(path, {each: (ROOT / each).read_text("utf-8") for each in MODULES})
    assert {name for name in names if name.startswith(("dagster", "sqlalchemy", "tier_assets.definitions"))} == set()


def test_what_is_loaded_behind_another_module_is_found():
    sources = {
        "tier_assets/commands/looking.py": "from tier_assets.opening import find_home",
        "tier_assets/opening.py": "from resources import storage\ndef f():\n    import sqlalchemy",
        "resources/storage.py": "import dagster as dg",
    }
    assert loaded("tier_assets/commands/looking.py", sources) == {
        "tier_assets.opening.find_home",
        "resources.storage",
        "dagster",
    }


@pytest.mark.parametrize("path", MODULES)
def test_a_module_imports_only_what_its_place_allows(path: str):
    assert violations(path, (ROOT / path).read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        ("tier_assets/l1_filtered/rules.py", "import dagster as dg", "only assets, wiring"),
        ("tier_assets/lake/lake.py", "from dagster import asset", "only assets, wiring"),
        ("tier_assets/lake/lake.py", "def f():\n    import dagster", "only assets, wiring"),
        (
            "tier_assets/l1_filtered/asset.py",
            "from resources.storage import lake",
            "only definitions.py and opening.py",
        ),
        ("tier_assets/cli.py", "from resources import storage", "only definitions.py and opening.py"),
        ("tier_assets/commands/run.py", "def f():\n    import sensors", "only definitions.py and opening.py"),
        ("tier_assets/opening.py", "def f():\n    import dagster", "only assets, wiring"),
        ("sensors/raw_landing.py", "from resources import storage", "only definitions.py and opening.py"),
        ("resources/storage.py", "import sensors.schedules", "only definitions.py and opening.py"),
        ("tier_assets/l2_selected/asset.py", "from tier_assets.l1_filtered.rules import GOPHER", "not its code"),
        ("tier_assets/l2_selected/asset.py", "from tier_assets import l1_filtered", "not its code"),
        ("tier_assets/text/shingles.py", "from tier_assets.l1_filtered import rules", "does not know them"),
        ("resources/text_classifier.py", "import fasttext", "inside the function"),
        (
            "tier_assets/gate/audit.py",
            "class A:\n    from great_expectations import get_context",
            "inside the function",
        ),
        (
            "tier_assets/gate/audit.py",
            "try:\n    import torch.nn\nexcept ImportError:\n    pass",
            "inside the function",
        ),
        ("tier_assets/lake/lake.py", "from . import tiers", "absolute"),
    ],
)
def test_a_forbidden_import_is_found(path: str, source: str, complaint: str):
    (found,) = violations(path, source)
    assert complaint in found


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tier_assets/l1_filtered/asset.py", "import dagster as dg"),
        ("tier_assets/definitions.py", "import dagster as dg\nfrom resources import storage\nimport sensors.schedules"),
        ("tier_assets/opening.py", "from resources import deployments"),
        ("sensors/automation.py", "import dagster as dg\nfrom sensors.schedules import refresh"),
        ("tier_assets/l2_selected/training.py", "from tier_assets.l2_selected.scoring import score"),
        ("tier_assets/l2_selected/asset.py", "from tier_assets.text import shingles"),
        ("tier_assets/planning.py", "from tier_assets.l1_filtered import contract"),
        ("resources/text_classifier.py", "def f():\n    import fasttext"),
        ("tier_assets/gate/audit.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch"),
        ("tier_assets/lake/lake.py", "import raytracing"),
    ],
)
def test_an_allowed_import_is_let_pass(path: str, source: str):
    assert violations(path, source) == []
