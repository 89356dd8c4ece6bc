"""Files of lists that a user gives: lines of text, or JSONL, plain or compressed. What is in the lists is their readers'.

The readers are `block_lists.py` and `bad_words.py`.
"""

import io
import json
from collections.abc import Iterator
from pathlib import Path

from tier_assets.errors import StrataError
from tier_assets.files.compressed import DAMAGE, plain


class ListError(StrataError, ValueError):
    """A list that cannot be read, or does not hold what the policy asks for."""


def is_jsonl(file: Path) -> bool:
    """Whether its lines are JSON objects, by its name."""
    return ".jsonl" in file.suffixes


def lines_of(file: Path) -> Iterator[str]:
    """The lines of a file in UTF-8, compressed if its name ends in .gz or .zst. Raises ListError."""
    try:
        with io.TextIOWrapper(io.BytesIO(plain(file)), "utf-8-sig") as text:
            yield from text
    except (*DAMAGE, UnicodeDecodeError) as error:
        raise ListError(f"{file} cannot be read as a list: {error}") from error


def rows_of(file: Path, *required: str) -> Iterator[dict[str, str]]:
    """The objects of a JSONL file, each with strings under the `required` keys. Raises ListError naming the line."""
    for number, line in enumerate(lines_of(file), 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in required):
            raise ListError(f"{file}, line {number}: not a JSON object with {' and '.join(required)}")
        yield row
