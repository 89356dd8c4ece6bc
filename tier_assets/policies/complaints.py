"""What is wrong with a `strata.toml`, in one line: the file and the line, the key in full, what is allowed, what was meant."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from tier_assets.policies.layers import BESIDE_SECTIONS, Layer, nearest
from tier_assets.policies.section import ANY_NAME, Section, sections

_QUOTED = re.compile(r"'([^']+)'")


def complaint(
    error: ValidationError,
    layers: Sequence[Layer],
    of: type[Section],
    origin: str,
    lines: Mapping[tuple[str, ...], int],
) -> str:
    """The sentence on the first thing that pydantic found wrong with the merged layers of a policy of type `of`."""
    first = error.errors()[0]
    key = tuple(part for part in first["loc"] if isinstance(part, str))
    layer = nearest(layers, key)
    if layer and layer.preset:
        place = where(f"preset {layer.preset}", key, {})
    else:
        place = where(origin, (*(layer.table if layer else ()), *key), lines)
    if first["type"] == "extra_forbidden":
        beside = BESIDE_SECTIONS[layer.table[0] if layer and layer.table else ""] if len(key) == 1 else ()
        known = [*_keys(of, key), *beside]
        return f"{place}: no such key{_meant(of, key, known)}; known keys: {', '.join(known)}"
    given = first["input"]
    shown = f", not {given!r}" if isinstance(given, str | int | float) else ""
    meant = did_you_mean(given, _QUOTED.findall(first.get("ctx", {}).get("expected", "")))
    return f"{place}: {first['msg']}{shown}{meant}"


def where(origin: str, key: tuple[str, ...], lines: Mapping[tuple[str, ...], int]) -> str:
    """`FILE: line N: KEY`, with the line of the nearest table where the key is not written out, or without any."""
    known = next((key[:parts] for parts in range(len(key), 0, -1) if key[:parts] in lines), None)
    line = f"line {lines[known]}: " if known else ""
    return f"{origin}: {line}{'.'.join(key)}"


def did_you_mean(word: Any, known: Iterable[str]) -> str:
    """`; did you mean ...?` where a known word is much like this one, else nothing."""
    close = difflib.get_close_matches(word, list(known), n=1) if isinstance(word, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""


def _keys(of: type[Section], key: tuple[str, ...]) -> list[str]:
    """The keys of the section that a path leads into."""
    for path, section in sections(of):
        if len(path) == len(key) - 1 and all(part in (ANY_NAME, word) for part, word in zip(path, key, strict=False)):
            return list(section.model_fields)
    return list(of.model_fields) if len(key) == 1 else []


def _meant(of: type[Section], key: tuple[str, ...], known: Sequence[str]) -> str:
    """What may have been meant: the same key in another section, the nearest first, or a key that is spelt alike."""
    places = [".".join(path) for path, section in sections(of) if key[-1] in section.model_fields]
    near = [place for place in places if place.startswith(f"{key[0]}.")] or places
    return f"; it is a key of [{'], ['.join(near)}]" if near else did_you_mean(key[-1], known)
