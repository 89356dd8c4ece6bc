import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

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


USES = """
import sys, tier_assets
tier_assets.__path__.append(sys.argv[1])
from tier_assets.adding_kernel import add
print(add(1), sum(add.stats.cache_hits.values()))
"""


def used(folder: Path) -> str:
    """What a new process gets of the kernel `add` in this folder for a 1, and how many kernels it finds on disk."""
    done = subprocess.run([sys.executable, "-c", USES, str(folder)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("changed", ["adding_steps.py", "adding_constants.py"])
def test_a_kernel_is_compiled_anew_when_a_module_changes_that_it_takes_steps_or_constants_from(tmp_path, changed):
    sources = {
        "adding_constants.py": "BY = 2",
        "adding_steps.py": (
            "from tier_assets import adding_constants\nfrom tier_assets.text.compiled import inlined\n"
            "BY = adding_constants.BY\n@inlined\ndef added(value):\n    return value + 1 * BY"
        ),
        "adding_kernel.py": (
            "from tier_assets.adding_steps import (\n    added,\n)\nfrom tier_assets.text.compiled import compiled\n"
            "@compiled\ndef add(value):\n    return added(value)"
        ),
    }
    for name, source in sources.items():
        (tmp_path / name).write_text(source)
    assert [used(tmp_path), used(tmp_path)] == ["3 0", "3 1"]
    (tmp_path / changed).write_text(sources[changed].replace("1 * BY", "10 * BY").replace("= 2", "= 20"))
    assert [used(tmp_path), used(tmp_path)] == ["21 0", "21 1"]


def test_a_module_that_changed_while_the_process_ran_is_not_kept_as_if_it_had_been_compiled(tmp_path):
    """Else a step loaded before the change would be found on disk, as that of the module behind it, for good."""
    (tmp_path / "adding_steps.py").write_text("BY = 2")
    (tmp_path / "adding_kernel.py").write_text(
        "from tier_assets.adding_steps import BY\nfrom tier_assets.text.compiled import compiled\n"
        "@compiled\ndef add(value):\n    return value + BY"
    )
    meanwhile = (
        "import sys, tier_assets.files.digests\ntier_assets.__path__.append(sys.argv[1])\nimport tier_assets.adding_steps\n"
        "open(tier_assets.adding_steps.__file__, 'w').write('BY = 20')\n"
        "from tier_assets.adding_kernel import add\nassert add(1) == 3"
    )
    subprocess.run([sys.executable, "-c", meanwhile, str(tmp_path)], check=True)
    assert [used(tmp_path), used(tmp_path)] == ["21 0", "21 1"]


def test_kernels_are_plain_functions_where_numba_is_told_so():
    script = (
        "import numpy as np; from tier_assets.l1_filtered import bloom_kernel\n"
        "bloom_kernel.add(np.zeros(8, np.uint64), np.zeros(0, np.uint64))"
    )
    subprocess.run([sys.executable, "-c", script], env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, check=True)


def test_modules_may_import_each_other(tmp_path):
    (tmp_path / "adding_steps.py").write_text("import sys\nBY = 2\nfrom tier_assets import adding_kernel")
    (tmp_path / "adding_kernel.py").write_text(
        "from tier_assets import adding_steps\nfrom tier_assets.text.compiled import compiled\n"
        "@compiled\ndef add(value):\n    return value + 2"
    )
    assert [used(tmp_path), used(tmp_path)] == ["3 0", "3 1"]
