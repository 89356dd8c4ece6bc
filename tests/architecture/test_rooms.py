"""Which room may import which, and that nothing outside a tier branches on its name: rule 7 of the architecture.

A room is a folder or a top-level module of `tier_assets`; `resources` and `sensors` are one each.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tier_assets.tiers import Tier

ROOT = Path(__file__).parents[2]
PACKAGES = ("tier_assets", "resources", "sensors")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text("utf-8")
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if path.name != "__init__.py"
}
TIERS = frozenset(tier.asset_name for tier in Tier)
LEVELS = (
    {"files"},
    {"landing", "lake"},
    {"gate"},
    {"staleness"},
    {"promotion"},
    TIERS,
    {"planning", "scrubbing"},
    {"definitions", "opening"},
    {"commands"},
)
"""From the lowest to the highest. A room imports none of a higher level, and no other of its own."""
EVERY = frozenset(tier.name for tier in Tier)
NAMED = {
    # The row of every tier.
    "tier_assets.schemas": EVERY,
    # The contract of every tier.
    "tier_assets.planning": EVERY,
    # What has landed once has a folder in the lowest tier, and is known there.
    "tier_assets.commands.face": {"RAW"},
    "tier_assets.commands.running": {"RAW"},
    # `strata lookup` looks facts up, which are the rows of the highest.
    "tier_assets.commands.looking": {"ORGANIZED"},
    # What lands is the lowest tier's to read.
    "sensors.raw_landing": {"RAW"},
}
"""Modules outside the tiers that name one, as a table or a person addresses it; what is to be done there, a contract says."""


def room(module: str) -> str:
    """The room that a module is in."""
    top, _, rest = module.partition(".")
    return rest.split(".")[0] if top == "tier_assets" and rest else top


def imported(source: str, modules: Mapping[str, str]) -> Iterator[str]:
    """Our modules that a source imports, at module level or later."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.split(".")[0] in PACKAGES:
                yield name if name in modules else name.rpartition(".")[0]


def arrows(modules: Mapping[str, str]) -> set[tuple[str, str]]:
    """(room, room that it imports)."""
    found = {(room(module), room(other)) for module, source in modules.items() for other in imported(source, modules)}
    return {(one, other) for one, other in found if one != other}


def circle(modules: Mapping[str, str]) -> list[str]:
    """Rooms that import each other in a circle, the first again as the last; empty if there is none."""
    graph: dict[str, set[str]] = {}
    for one, other in arrows(modules):
        graph.setdefault(one, set()).add(other)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def upward(modules: Mapping[str, str]) -> list[str]:
    """Arrows from a room to one of a higher level, or beside it."""
    level = {name: number for number, names in enumerate(LEVELS) for name in names}
    return sorted(
        f"{one} -> {other}"
        for one, other in arrows(modules)
        if one in level and other in level and level[other] >= level[one]
    )


def assets_imported(modules: Mapping[str, str]) -> set[str]:
    """Modules that import an asset's."""
    asset = re.compile(r"tier_assets\.l\d_\w+\.asset(\..*)?")
    return {module for module, source in modules.items() if any(map(asset.fullmatch, imported(source, modules)))}


def outside(modules: Mapping[str, str]) -> dict[str, str]:
    """The modules that are no tier's own."""
    return {module: source for module, source in modules.items() if room(module) not in TIERS | {"tiers"}}


def names_a_tier(node: ast.AST) -> bool:
    """Whether the node is `Tier.RAW` or the like."""
    return isinstance(node, ast.Attribute) and ast.unparse(node) in {f"Tier.{tier.name}" for tier in Tier}


def is_a_name(node: ast.AST) -> bool:
    """Whether the node is a tier as a member, by its name in the lake, or by that of its asset."""
    names = {*(tier.value for tier in Tier), *TIERS}
    return names_a_tier(node) or (isinstance(node, ast.Constant) and node.value in names)


def branches(source: str) -> list[str]:
    """Comparisons with the name of a tier: ==, is, in, match."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Compare | ast.MatchValue) and any(is_a_name(each) for each in ast.walk(node))
    ]


def test_rooms_import_each_other_in_no_circle():
    assert circle(MODULES) == []


def test_no_room_imports_one_above_it():
    assert upward(MODULES) == []


def test_every_room_that_has_a_level_is_there():
    assert set().union(*LEVELS) <= {room(module) for module in MODULES}


def test_only_the_composition_root_imports_assets():
    assert assets_imported(MODULES) == {"tier_assets.definitions"}


@pytest.mark.parametrize("module", outside(MODULES))
def test_nothing_branches_on_a_tiers_name(module):
    assert branches(MODULES[module]) == []


def named(source: str) -> set[str]:
    """The members of Tier that a source names."""
    return {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute) and names_a_tier(node)}


def test_only_who_addresses_a_tier_names_it():
    found = {module: named(source) for module, source in outside(MODULES).items()}
    assert {module: names for module, names in found.items() if names} == NAMED


def test_a_tier_that_is_named_anywhere_is_found():
    assert named("for tier in (Tier.REFINED, Tier.ORGANIZED):\n    spend(tier)") == {"REFINED", "ORGANIZED"}
    assert named("x = list(Tier)[0].parent") == set()


def test_a_circle_is_found_be_it_of_late_imports():
    modules = {
        "tier_assets.lake.lake": "from tier_assets.schemas import ROWS",
        "tier_assets.schemas": "def f():\n    from tier_assets.outcome import Outcome",
        "tier_assets.outcome": "import tier_assets.lake.lake",
    }
    assert set(circle(modules)) == {"lake", "schemas", "outcome"}


@pytest.mark.parametrize(
    ("module", "source", "arrow"),
    [
        ("tier_assets.lake.lake", "from tier_assets.gate import audit", "lake -> gate"),
        ("tier_assets.lake.lake", "from tier_assets.landing.zone import LandingZone", "lake -> landing"),
        ("tier_assets.staleness", "from tier_assets import planning", "staleness -> planning"),
        (
            "tier_assets.l1_filtered.rules",
            "def f():\n    from tier_assets.planning import plan",
            "l1_filtered -> planning",
        ),
        ("tier_assets.promotion.step", "import tier_assets.l0_raw.warc", "promotion -> l0_raw"),
    ],
)
def test_an_arrow_upward_is_found(module, source, arrow):
    assert upward({**MODULES, module: source}) == [arrow]


def test_an_asset_that_is_imported_elsewhere_is_found():
    modules = {**MODULES, "resources.orchestrator": "from tier_assets.l2_selected.asset import quality_scorer"}
    assert assets_imported(modules) == {"tier_assets.definitions", "resources.orchestrator"}


@pytest.mark.parametrize(
    "source",
    [
        "if tier == Tier.RAW: pass",
        "x = tier is not Tier.REFINED",
        "if tier in (Tier.REFINED, Tier.ORGANIZED): pass",
        'if table == "filtered": pass',
        'if name in {"l0_raw", "l1_filtered"}: pass',
        "match tier:\n    case Tier.RAW:\n        pass",
        'match tier:\n    case "raw":\n        pass',
    ],
)
def test_a_branch_on_a_tiers_name_is_found(source):
    assert len(branches(source)) == 1


@pytest.mark.parametrize("source", ["if contract.parents: pass", "rows = lake.read(Tier.RAW, key)", 'x == "other"'])
def test_what_asks_the_contract_or_addresses_a_tier_is_no_branch(source):
    assert branches(source) == []
