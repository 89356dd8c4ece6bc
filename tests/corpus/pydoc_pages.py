"""The reference source of the demo: documentation that every Python installation carries, as HTML pages.

`pydoc` reads the docstrings of a standard library module, its public classes, their methods and its functions; here they
become a page for each module. They are the text of the Python authors (PSF licence) and are made at run time, so that the
project stores none of them. Nothing else of a module is shown: pydoc's own pages also print values, among them the
environment, and paths. The crawl itself is packed by `build.py`.
"""

import gzip
import html
import importlib
import inspect
import json
import pydoc
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

SOURCE = "pydoc"
# fmt: off
MODULES = [
    "abc", "argparse", "asyncio", "bisect", "calendar", "collections", "concurrent.futures", "configparser",
    "contextlib", "copy", "csv", "dataclasses", "datetime", "decimal", "difflib", "doctest", "email.message",
    "enum", "fnmatch", "fractions", "functools", "glob", "gzip", "hashlib", "heapq", "http.client", "inspect",
    "io", "ipaddress", "itertools", "json", "logging", "logging.handlers", "math", "multiprocessing.pool", "os",
    "pathlib", "pickle", "platform", "queue", "random", "re", "sched", "secrets", "shelve", "shlex", "shutil",
    "socket", "sqlite3", "statistics", "string", "subprocess", "tempfile", "textwrap", "threading", "time",
    "traceback", "unittest.case", "unittest.mock", "urllib.parse", "urllib.request", "uuid", "weakref", "zipfile",
]
# fmt: on
"""Modules with prose in them and without effects when imported, present in Python 3.11 to 3.13."""

_FETCHED_AT = "2026-02-01T00:00:00Z"
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")


def build(target: Path) -> list[Path]:
    """Write `<target>/pydoc.<version>.jsonl.gz`, e.g. `pydoc.3-11.jsonl.gz`: one row {html, url, id, license, fetched_at}
    for each module, the same bytes each time for one release of Python.

    The name of the file without `.jsonl.gz` is the partition it is meant for.
    """
    target.mkdir(parents=True, exist_ok=True)
    version = sys.version_info
    rows = (
        {
            "id": name,
            "url": f"https://pydoc.example/{version.major}.{version.minor}/{name}.html",
            "license": "PSF-2.0",
            "fetched_at": _FETCHED_AT,
            "html": page,
        }
        for name, page in pages()
    )
    path = target / f"{SOURCE}.{version.major}-{version.minor}.jsonl.gz"
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(gzip.compress(lines.encode(), mtime=0))
    return [path]


def pages() -> Iterator[tuple[str, str]]:
    """(module, HTML page), in the order of `MODULES`; a module that this Python was built without is left out."""
    for name in MODULES:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        yield name, _page(name, module)


def _page(name: str, module: ModuleType) -> str:
    summary, _ = pydoc.splitdoc(pydoc.getdoc(module))
    title = html.escape(f"{name}: {summary}" if summary else name)
    said: set[str] = set()
    body = "\n".join(
        f"<h2>{html.escape(heading)}</h2>\n{paragraphs}"
        for heading, text in [(name, pydoc.getdoc(module)), *_members(module)]
        if (paragraphs := "\n".join(_paragraphs(text, said)))
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f'<body><nav><a href="index.html">index</a></nav>\n<main>\n{body}\n</main></body></html>\n'
    )


def _members(module: ModuleType) -> Iterator[tuple[str, str]]:
    """(name, docstring) of public classes, their methods and functions; of what has none, and of others' things, nothing."""
    names = getattr(module, "__all__", None)
    for name, value in sorted(vars(module).items()):
        # Where a module does not say what is its own, what was only imported is another's to describe.
        own = names is not None or getattr(value, "__module__", None) in (module.__name__, f"_{module.__name__}")
        if not own or name.startswith("_") or not pydoc.visiblename(name, names, module):
            continue
        if inspect.isclass(value):
            yield f"class {name}", _docstring(value)
            for method, function in sorted(vars(value).items()):
                if not method.startswith("_") and inspect.isroutine(function):
                    yield f"{name}.{method}", _docstring(function)
        elif inspect.isroutine(value):
            yield name, _docstring(value)


def _docstring(value: object) -> str:
    """An own docstring, not an inherited one, which would repeat another page; some slots hold a descriptor instead."""
    text = getattr(value, "__doc__", None)
    return inspect.cleandoc(text) if isinstance(text, str) else ""


def _paragraphs(text: str, said: set[str]) -> Iterator[str]:
    """The prose of a docstring, each paragraph once a page: indented parts are code and tables, and those are left out."""
    for part in re.split(r"\n\s*\n", _ADDRESS.sub("", text)):
        lines = part.splitlines()
        paragraph = " ".join(line.strip() for line in lines)
        is_prose = paragraph and not any(line.startswith((" ", "\t", ">>>")) for line in lines)
        if is_prose and paragraph not in said:
            said.add(paragraph)
            yield f"<p>{html.escape(paragraph)}</p>"


if __name__ == "__main__":
    for written in build(Path(sys.argv[1])):
        print(written)
