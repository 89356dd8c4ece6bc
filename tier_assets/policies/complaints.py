"""What is wrong with a `strata.toml`, in one line: the file and the line, the key in full, what is allowed, what was meant."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tier_assets.policies.layers import BESIDE_SECTIONS, Layer, nearest
from tier_assets.policies.section import ANY_NAME, Section, sections

_QUOTED = re.compile(r"'([^']+)'")
_SHOWN_CHARS = 60
_SAID = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be a text in quotes",
    "literal_error": "must be {expected}",
    "value_error": "{error}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
}
"""What is said of the errors that a policy's types can raise, each with what was given after it."""

_ELSEWHERE = {
    "preset": "at the top of the file, above its first table, or in [domain.NAME] or [source.NAME]",
    "domain": "in [source.NAME]",
    "source": "at the top of the file: [source.NAME.filtered]",
}
"""Where the keys belong that are of no section."""


def complaint(
    error: ValidationError,
    layers: Sequence[Layer],
    of: type[Section],
    origin: str,
    lines: Mapping[tuple[str, ...], int],
) -> str:
    """The sentence on the first thing that pydantic found wrong with the merged layers of a policy of type `of`."""
    first = error.errors()[0]
    # pydantic's own mark where a name of the user's choice is wrong, not what stands under it.
    key = tuple(part for part in first["loc"] if isinstance(part, str) and part != "[key]")
    layer = nearest(layers, key)
    path = (*(layer.table if layer else ()), *key)
    place = where(f"preset {layer.preset}", key, {}) if layer and layer.preset else where(origin, path, lines)
    if first["type"] == "extra_forbidden":
        elsewhere = _elsewhere(of, key[-1])
        if elsewhere:
            return f"{place}: no such key; it belongs {elsewhere}"
        beside = BESIDE_SECTIONS[layer.table[0] if layer and layer.table else ""] if len(key) == 1 else ()
        known = [*_keys(of, key), *beside]
        return f"{place}: no such key{_meant(of, key, known)}; known keys: {', '.join(known)}"
    meant = did_you_mean(first["input"], _QUOTED.findall(first.get("ctx", {}).get("expected", "")))
    return f"{place}: {_wrong(first, path)}{meant}"


def _wrong(error: ErrorDetails, path: Sequence[str]) -> str:
    """What must be and what is, in the words of TOML: pydantic speaks of Python's tuples and dictionaries."""
    given, bounds = error["input"], error.get("ctx", {})
    if error["type"] == "value_error" and isinstance(given, Mapping):
        # Of a table as a whole: values that do not go together.
        return str(bounds["error"])
    if error["type"] == "too_long":
        return f"must have at most {bounds['max_length']} entries, not {bounds['actual_length']}"
    if error["type"] == "tuple_type":
        example = json.dumps(given if isinstance(given, str) else "...", ensure_ascii=False)
        said = f"must be a list such as [{example}]"
    elif error["type"] in ("model_type", "dict_type"):
        said = f"must be a table such as [{'.'.join(path)}]"
    else:
        round_ones = {name: int(each) for name, each in bounds.items() if isinstance(each, float) and each.is_integer()}
        known = _SAID.get(error["type"])
        said = known.format(**{**bounds, **round_ones}) if known else error["msg"].replace("Input should", "must")
    return f"{'each ' if isinstance(error['loc'][-1], int) else ''}{said}, not {_shown(given)}"


def _shown(given: Any) -> str:
    """A value as `strata.toml` has it, cut where it is long."""
    if isinstance(given, Mapping):
        return "a table"
    if isinstance(given, list | tuple):
        return "a list"
    text = str(given).lower() if isinstance(given, bool) else repr(given) if isinstance(given, str) else str(given)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"


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


def _elsewhere(of: type[Section], word: str) -> str | None:
    """Where a key belongs that stands at the top of the file or of a source's table, in words."""
    return _ELSEWHERE.get(word) or (f"at the top of the file: [{word}]" if word in of.model_fields else None)
