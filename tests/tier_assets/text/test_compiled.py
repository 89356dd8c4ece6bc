import numpy as np

from tier_assets.text.compiled import compiled, inlined


@inlined
def twice(value: int) -> int:
    return value * 2


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
