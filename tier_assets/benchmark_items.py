"""The benchmarks a home keeps its training data clear of: the items that the rows of their files are, checked.

What counts as repeating an item is in `text/contamination.py`, how files are read in `benchmark_files.py`. A row has the
question as `question`, `text` or `prompt`; `id` and `benchmark` are optional (else the row's number and the file's name),
and other fields are ignored.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from functools import lru_cache
from pathlib import Path

from tier_assets.benchmark_files import ENDINGS, BenchmarkError, Row, read_rows, stem
from tier_assets.policies.filtered import Contamination
from tier_assets.text.contamination import Index, Item, build, words
from tier_assets.user_files import UserFiles

_TEXTS = ("question", "text", "prompt")
_FIELDS = (*_TEXTS, "benchmark", "id")
_MOST_SHOWN, _LONGEST_SHOWN = 20, 40
_Stamp = tuple[Path, int, int]


@dataclass(frozen=True)
class BenchmarkItems:
    """Items by benchmark and name. `digest` (64 hex digits) is of what they say, not of how files hold them."""

    items: tuple[Item, ...] = field(compare=False, repr=False)
    digest: str

    def index(self, policy: Contamination) -> Index:
        """The items ready to be searched for; the one built last in this process is kept."""
        return _built(self, policy)


def load(files: UserFiles, policy: Contamination) -> BenchmarkItems | None:
    """The items of the policy's files and folders, None where it names none: then nothing is checked.

    Reads the files again only when one of them has changed. Raises BenchmarkError for one that cannot be read or has no
    items, and for a row that is no item; PolicyError for one that is not there.
    """
    if not policy.benchmarks:
        return None
    return _read(tuple(stamp for name in policy.benchmarks for stamp in _stamps(files, name)))


def _stamps(files: UserFiles, name: str) -> list[_Stamp]:
    found = [path for path in files.paths([name]) if path.name.endswith(ENDINGS)]
    if not found:
        raise BenchmarkError(f"benchmarks: {name} has no file that ends in {', '.join(ENDINGS)}")
    return [(path, stat.st_size, stat.st_mtime_ns) for path in found for stat in (path.stat(),)]


@lru_cache(maxsize=2)
def _read(stamps: tuple[_Stamp, ...]) -> BenchmarkItems:
    items: list[Item] = []
    for path, _, _ in stamps:
        before = len(items)
        items += [_item(row, stem(path)) for row in read_rows(path, _FIELDS)]
        if len(items) == before:
            raise BenchmarkError(f"benchmarks: {path} has no items: a table needs a header, JSON lines need a line")
    items.sort(key=astuple)
    return BenchmarkItems(tuple(items), _digest(items))


@lru_cache(maxsize=1)
def _built(items: BenchmarkItems, policy: Contamination) -> Index:
    return build(items.items, policy)


def _digest(items: Sequence[Item]) -> str:
    """sha256 over names and compared words: neither the layout of the files nor the punctuation matters."""
    lines = (json.dumps([item.benchmark, item.name, words(item.text)]) for item in items)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _item(row: Row, file: str) -> Item:
    text = next((found for name in _TEXTS if (found := _value(row, name)) not in (None, "")), None)
    if not isinstance(text, str) or not text.strip():
        there = "" if any(name in row.fields for name in _TEXTS) else f"; it has {_shown(row)}"
        raise BenchmarkError(f"{row.where}: has no text under {', '.join(_TEXTS)}{there}")
    return Item(_label(row, "benchmark", file), _label(row, "id", str(row.number)), text)


def _label(row: Row, name: str, default: str) -> str:
    found = _value(row, name)
    if found is None or found == "":
        return default
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise BenchmarkError(f"{row.where}: {name} is neither text nor a number")
    return str(found)


def _value(row: Row, name: str) -> object:
    """A field, bytes read as UTF-8."""
    found = row.fields.get(name)
    try:
        return found.decode() if isinstance(found, bytes) else found
    except UnicodeDecodeError as error:
        raise BenchmarkError(f"{row.where}: is not UTF-8") from error


def _shown(row: Row) -> str:
    names = [repr(name[:_LONGEST_SHOWN]) for name in row.fields]
    return ", ".join([*names[:_MOST_SHOWN], *(["..."] if len(names) > _MOST_SHOWN else [])]) or "nothing"
