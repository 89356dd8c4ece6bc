"""How kernels are compiled: numba to machine code, kept on disk, without the interpreter's lock.

Only kernels and the steps they share import this module, and they are imported inside functions: numba alone takes half a
second. Machine code holds steps and constants of other modules too, of which numba would not notice a change: `compiled`
does.
"""

import hashlib
import importlib
import re
import sys
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

from tier_assets.files.digests import LOADED_NS


def _without_scipy() -> ModuleType:
    """The module numba. Where SciPy is installed numba would load its BLAS, which no kernel calls, into every process:
    a hundred modules, a fifth of a second and 15 MB.
    """
    modules: dict[str, Any] = sys.modules
    if "scipy" not in modules:
        modules["scipy"] = None
        importlib.import_module("numba.np.arraymath")
        del modules["scipy"]
    return importlib.import_module("numba")


numba: Any = _without_scipy()

F = TypeVar("F", bound=Callable[..., object])

# Of our own modules. Python's parser would take 50 ms of every process.
_IMPORTS = re.compile(r"^from (tier_assets[\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)


def compiled(function: F) -> F:
    """The function as machine code, compiled at its first call for each set of argument types, and kept on disk.

    What is on disk counts as long as neither its module has changed nor one that this imports from.
    """
    kernel = numba.njit(cache=True, nogil=True)(function)
    # NUMBA_DISABLE_JIT, which debuggers want, gives the function itself.
    if kernel is not function:
        file = kernel._cache._cache_file
        file._source_stamp = (file._source_stamp, _digest(function.__module__))
    return cast(F, kernel)


@cache
def _digest(module: str) -> bytes:
    """Of the sources of a module and of all of ours that it imports from, directly or not."""
    found, names = hashlib.sha256(), [module]
    # Grows as it goes.
    for name in names:
        source, imported = _source(name)
        found.update(source)
        names += [each for each in imported if each not in names]
    return found.digest()


@cache
def _source(module: str) -> tuple[bytes, list[str]]:
    """A module's source, and which of our modules it imports from."""
    path = Path(str(sys.modules[module].__file__))
    source = path.read_text("utf-8")
    if path.stat().st_mtime_ns > LOADED_NS:
        # Perhaps not what this process runs, which must not be kept as if it were.
        source += str(uuid.uuid4())
    imported = [
        name
        for package, names in _IMPORTS.findall(source)
        # A name may be that of a module.
        for name in (package, *(f"{package}.{part}" for part in re.findall(r"\w+", names)))
        if name in sys.modules
    ]
    return source.encode(), imported


def inlined(function: F) -> F:
    """As `compiled`, and copied into its callers, be they of other modules: for steps of a few instructions."""
    return cast(F, numba.njit(inline="always")(function))


def borrowing(function: F) -> F:
    """As `compiled`, for steps of kernels that make no arrays: those they are given are not counted as held anew.

    numba counts who holds an array at each call, in atomic instructions: half of the time of a kernel of small steps.
    """
    return cast(F, numba.njit(nogil=True, _nrt=False)(function))
