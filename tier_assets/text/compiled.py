"""How kernels are compiled: numba to machine code, kept on disk, without the interpreter's lock.

Only kernel modules import this one, and they are imported inside functions: numba alone takes half a second.
numba does not notice when a kernel of ANOTHER module changes, so kernels never call across modules.
"""

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar, cast


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


def compiled(function: F) -> F:
    """The function as machine code, compiled at its first call for each set of argument types."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))


def inlined(function: F) -> F:
    """As `compiled`, and copied into its callers: for steps of a few instructions."""
    return cast(F, numba.njit(inline="always")(function))


def borrowing(function: F) -> F:
    """As `compiled`, for steps of a kernel that make no arrays: those they are given are not counted as held anew.

    numba counts who holds an array at each call, in atomic instructions: half of the time of a kernel of small steps.
    """
    return cast(F, numba.njit(nogil=True, _nrt=False)(function))
