"""Where the keys of a TOML text stand, for messages: `tomllib` gives values without their lines."""

import tomllib
from collections.abc import Iterator
from typing import Any


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Path of every table and key of a valid TOML text to the line, from 1, on which it is first written.

    A text is cut into statements by parsing: a statement ends with the first line up to which it parses. So an equals sign
    in a string of several lines is no key. What stands in an inline table has the line of its statement.
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, statement in _statements(text):
        paths = list(_paths(tomllib.loads(statement)))
        if statement.lstrip().startswith("["):
            table, paths = max(paths, key=len), [path for path in paths if path]
            below: tuple[str, ...] = ()
        else:
            below = table
        for path in paths:
            found.setdefault((*below, *path), number)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Headers and assignments with the number of their first line; blank lines and comments are left out."""
    pending, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if not pending:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            first = number
        pending += line + "\n"
        try:
            tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue
        yield first, pending
        pending = ""


def _paths(values: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(values, dict):
        for key, value in values.items():
            yield (*above, key)
            yield from _paths(value, (*above, key))
    elif isinstance(values, list):
        for value in values:
            yield from _paths(value, above)
