import subprocess
import sys

import numpy as np

from tier_assets.text.compiled import borrowing, compiled, inlined


@inlined
def twice(value: int) -> int:
    return value * 2


@borrowing
def fill(out: np.ndarray, values: np.ndarray) -> None:
    for index in range(values.shape[0]):
        out[index] = values[index]


@compiled
def kept(values: np.ndarray) -> np.ndarray:
    out = np.empty_like(values)
    fill(out, values)
    return out


@compiled
def doubled(values: np.ndarray) -> np.ndarray:
    out = np.empty_like(values)
    for index in range(values.shape[0]):
        out[index] = twice(values[index])
    return out


def test_a_compiled_function_gives_what_the_plain_one_gives():
    assert doubled(np.array([1, 2, 3])).tolist() == [2, 4, 6]


def test_a_compiled_function_is_kept_on_disk_and_lets_other_threads_run():
    assert doubled.targetoptions["nogil"] is True
    assert doubled._cache.__class__.__name__ == "FunctionCache"


def test_kernels_do_without_scipy_and_leave_it_to_others():
    script = (
        "import sys; import numpy as np; from tier_assets.l1_filtered import bloom_kernel\n"
        "bloom_kernel.add(np.zeros(8, np.uint64), np.zeros(0, np.uint64))\n"
        "print([name for name in sys.modules if name.startswith('scipy')])\n"
        "import scipy.linalg"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_a_step_borrowed_is_still_its_callers():
    values = np.arange(1000)
    found = [kept(values) for _ in range(100)]
    assert all((each == values).all() for each in found)
