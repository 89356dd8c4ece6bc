"""The benchmarks a home keeps its training data clear of: files of JSON lines, and folders of them, read and checked.

What counts as repeating an item is in `text/contamination.py`. A line is an object with the question as `question`, `text` or
`prompt`; `id` and `benchmark` are optional (else the line's number and the file's name), and other fields are ignored.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import zstandard

from tier_assets.errors import StrataError
from tier_assets.policies.filtered import Contamination
from tier_assets.text.contamination import CONTAMINATION, Index, Item, build, words

ENDINGS = (".jsonl", ".jsonl.gz", ".jsonl.zst")
_TEXTS = ("question", "text", "prompt")
_Stamp = tuple[Path, int, int]


class BenchmarkError(StrataError):
    """A folder of benchmarks that cannot be read; the message names the file and the line."""


@dataclass(frozen=True)
class BenchmarkItems:
    """Items by benchmark and name. `digest` (64 hex digits) is of what they say, not of how files hold them."""

    items: tuple[Item, ...] = field(compare=False, repr=False)
    digest: str

    def index(self, policy: Contamination) -> Index:
        """The items ready to be searched for; the one built last in this process is kept."""
        return _built(self, policy)


def load(home: Path, policy: Contamination) -> BenchmarkItems | None:
    """The items of the policy's files and folders below `home`, None where it names none: then nothing is checked.

    Reads the files again only when one of them has changed. Raises BenchmarkError for one that is not there, cannot be
    read or has no items, and for a line that is no item.
    """
    if not policy.benchmarks:
        return None
    return _read(tuple(stamp for name in policy.benchmarks for stamp in _stamps(home / name, name)))


def digest(home: Path, policy: Contamination) -> str:
    """What a tier's fingerprint holds of the benchmarks: version of the method and the items' digest; empty without any."""
    found = load(home, policy)
    return f"{CONTAMINATION}/{found.digest}" if found else ""


def _stamps(path: Path, name: str) -> list[_Stamp]:
    if not path.exists():
        raise BenchmarkError(f"benchmarks: there is no {name} in the home: put it there, or mend the policy")
    inside = [path] if path.is_file() else sorted(path.rglob("*"))
    files = [each for each in inside if each.name.endswith(ENDINGS) and not each.name.startswith((".", "_"))]
    if not files:
        raise BenchmarkError(f"benchmarks: {name} has no file that ends in {', '.join(ENDINGS)}")
    return [(each, found.st_size, found.st_mtime_ns) for each in files for found in (each.stat(),)]


@lru_cache(maxsize=2)
def _read(stamps: tuple[_Stamp, ...]) -> BenchmarkItems:
    items = [item for path, _, _ in stamps for item in _items(path)]
    if not items:
        raise BenchmarkError(f"benchmarks: {stamps[0][0].parent} has no items: the files are empty")
    items.sort(key=astuple)
    return BenchmarkItems(tuple(items), _digest(items))


@lru_cache(maxsize=1)
def _built(items: BenchmarkItems, policy: Contamination) -> Index:
    return build(items.items, policy)


def _digest(items: Sequence[Item]) -> str:
    """sha256 over names and compared words: neither the layout of the files nor the punctuation matters."""
    lines = (json.dumps([item.benchmark, item.name, words(item.text)]) for item in items)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _items(path: Path) -> Iterator[Item]:
    stem = path.name[: path.name.rindex(".jsonl")]
    try:
        data = _plain(path)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise BenchmarkError(f"benchmarks: {path} cannot be read: {error}") from error
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield _item(line, stem, number, f"benchmarks: {path}, line {number}")


def _plain(path: Path) -> bytes:
    data = path.read_bytes()
    if path.name.endswith(".gz"):
        return gzip.decompress(data)
    return _undo_zstd(data) if path.name.endswith(".zst") else data


def _undo_zstd(data: bytes) -> bytes:
    parts = []
    while data:
        # Frame by frame: the library's stream reader ends without a word where a file was cut.
        frame = zstandard.ZstdDecompressor().decompressobj()
        parts.append(frame.decompress(data))
        if not frame.eof:
            raise EOFError("it ends within a zstd frame")
        data = frame.unused_data
    return b"".join(parts)


def _item(line: bytes, stem: str, number: int, where: str) -> Item:
    try:
        row: Any = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise BenchmarkError(f"{where}: is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise BenchmarkError(f"{where}: is not JSON: {error}") from error
    if not isinstance(row, dict):
        raise BenchmarkError(f"{where}: is not a JSON object")
    text = next((row[name] for name in _TEXTS if row.get(name) is not None), None)
    if not isinstance(text, str) or not text.strip():
        raise BenchmarkError(f"{where}: has no text under {', '.join(_TEXTS)}")
    return Item(_label(row, "benchmark", stem, where), _label(row, "id", str(number), where), text)


def _label(row: dict[str, Any], name: str, default: str, where: str) -> str:
    found = row.get(name)
    if found is None or found == "":
        return default
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise BenchmarkError(f"{where}: {name} is neither text nor a number")
    return str(found)
