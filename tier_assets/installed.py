"""What of the installed software a result depends on: versions of libraries, and what of Python changes by itself.

Which of them a tier depends on, its contract says. Each is looked up once per process: a library that is installed anew is
loaded by the next process too.
"""

import hashlib
import importlib.metadata
import importlib.util
import sys
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
import polars as pl

from tier_assets.errors import PolicyError

ABSENT = "absent"
"""The version of an optional library that is not installed."""

Facility = Literal[
    "Python", "Python's ipaddress", "Python's random", "Python's zipfile", "unicode tables", "unicode tables of polars"
]

_POINTS = ((0, 0xD800), (0xE000, 0x110000))
_SHOWN = 12


@cache
def version(library: str) -> str:
    """The version of a library that is needed. Raises PolicyError where it is not installed."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        raise PolicyError(f"{library} is not installed, and the policy needs it: see pyproject's extras") from None


def version_or_absent(library: str) -> str:
    """The version of a library that is used where it is there. That it is not is no lasting truth, and asked anew."""
    try:
        return version(library)
    except PolicyError:
        return ABSENT


@cache
def facility(name: Facility) -> str:
    """The version of a facility, in less than 20 characters."""
    return _FACILITIES[name]()


def _python() -> str:
    """The feature release: with it come new tables of codecs and other dates, zeros and numbers that are read."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _source(module: str) -> str:
    """The beginning of the digest of a module's source: what these say changed in bug-fix releases too."""
    found = importlib.util.find_spec(module)
    path = Path(found.origin) if found and found.origin else None
    # An interpreter may come without sources.
    if path is None or not path.is_file():
        return ".".join(map(str, sys.version_info[:3]))
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_SHOWN]


def _polars() -> str:
    """How many letters and digits the regular expressions of Polars know. Tables only grow, and its versions do not say."""
    every = "".join(np.arange(*each, dtype="<u4").tobytes().decode("utf-32-le") for each in _POINTS)
    return str(pl.Series([every]).str.count_matches(r"[\p{L}\p{N}]").item())


_FACILITIES: Mapping[Facility, Callable[[], str]] = MappingProxyType(
    {
        "Python": _python,
        "Python's ipaddress": partial(_source, "ipaddress"),
        "Python's random": partial(_source, "random"),
        "Python's zipfile": partial(_source, "zipfile"),
        "unicode tables": lambda: unicodedata.unidata_version,
        "unicode tables of polars": _polars,
    }
)
