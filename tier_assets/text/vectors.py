"""Instructions for kernels that look at 64 bytes at once: comparisons that give a bit for each byte, and copies.

Each becomes a few machine instructions in the kernel that uses it, on any processor whose lowest byte is the first. They
read and write past `at` without a check: whoever uses them keeps `PADDING` bytes behind the data (`buffers.py`). Kernels
without such padding look at eight bytes at once (`eights.py`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from tier_assets.text.buffers import PADDING

_WORD = ir.IntType(64)
_BYTES = ir.VectorType(ir.IntType(8), PADDING)


def _address(context: Any, builder: Any, kind: Any, array: Any, at: Any, target: Any) -> Any:
    """Where the bytes of an array begin at `at`, as a pointer to `target`."""
    start = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(start, [at]), target.as_pointer())


def _loaded(context: Any, builder: Any, kind: Any, array: Any, at: Any, target: Any) -> Any:
    return builder.load(_address(context, builder, kind, array, at, target), align=1)


def _comparison(operator: str) -> Any:
    """An instruction that compares each of 64 bytes with one."""

    def typed(_: Any, data: Any, at: Any, byte: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array, place, value = arguments
            found = _loaded(context, builder, signature.args[0], array, place, _BYTES)
            one = builder.insert_element(ir.Constant(_BYTES, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
            zeros = ir.Constant(ir.VectorType(ir.IntType(32), PADDING), None)
            every = builder.shuffle_vector(one, ir.Constant(_BYTES, ir.Undefined), zeros)
            return builder.bitcast(builder.icmp_unsigned(operator, found, every), _WORD)

        return types.uint64(data, types.int64, types.uint8), emit

    return typed


def _eight(_: Any, data: Any, at: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, place = arguments
        return _loaded(context, builder, signature.args[0], array, place, _WORD)

    return types.uint64(data, types.int64), emit


def _copy(_: Any, data: Any, at: Any, out: Any, to: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, place, target, target_place = arguments
        found = _loaded(context, builder, signature.args[0], source, place, _BYTES)
        builder.store(found, _address(context, builder, signature.args[2], target, target_place, _BYTES), align=1)
        return context.get_dummy_value()

    return types.void(data, types.int64, out, types.int64), emit


def _first(_: Any, bits: Any) -> Any:
    def emit(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), emit


def _count(_: Any, bits: Any) -> Any:
    def emit(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), emit


equal: Callable[..., np.uint64] = intrinsic(_comparison("=="))
"""`equal(data, at, byte)`: bit i says whether `data[at + i] == byte`."""
below: Callable[..., np.uint64] = intrinsic(_comparison("<"))
"""`below(data, at, byte)`: bit i says whether `data[at + i] < byte`."""
eight: Callable[..., np.uint64] = intrinsic(_eight)
"""`eight(data, at)`: eight bytes as a number, the first as its lowest."""
copy: Callable[..., None] = intrinsic(_copy)
"""`copy(data, at, out, to)`: 64 bytes from one array to another."""
first: Callable[..., int] = intrinsic(_first)
"""`first(bits)`: place of the lowest bit that is set; 64 if none is."""
count: Callable[..., int] = intrinsic(_count)
"""`count(bits)`: how many bits are set."""
