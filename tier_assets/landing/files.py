"""The files of one landing folder: which names are data, what `_SUCCESS` lists, what each file's digest is.

Which folder is which partition, and when it is complete, is in `zone.py`; what the bytes hold, in `l0_raw/`.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tier_assets.files.digests import file_digest, text_digest
from tier_assets.files.durable import sync_file, sync_folder, write_json
from tier_assets.landing.sources import Landable

ENDINGS = (
    ".warc", ".warc.gz", ".wet", ".wet.gz", ".arc", ".arc.gz", ".jsonl", ".jsonl.gz", ".jsonl.zst", ".csv", ".csv.gz",
    ".csv.zst", ".tsv", ".tsv.gz", ".tsv.zst", ".parquet", ".arrow", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".zip", ".pdf",
)  # fmt: skip
# What says something about the files it lies beside, and is no document: see l0_raw/inventories.py.
INDEXES = (".cdx", ".cdx.gz", ".cdxj", ".cdxj.gz")
MANIFEST = "manifest.json"
CARD = "README.md"
DATASET_INFO = "dataset_info.json"
INVENTORIES = (*INDEXES, MANIFEST, CARD, DATASET_INFO)
SUCCESS = "_SUCCESS"
LANDING = "_LANDING"
DIGESTS = "_digests.json"

_TEMPORARY = ".landing.tmp"
_LONGEST_SHOWN = 300
_LONGEST_NAME = 200


@dataclass(frozen=True)
class LandedFile:
    """A file of a partition. `sha256` is None while its partition is still arriving.

    One that is read where it lies has a `location`, a path or an `s3://` URL; an object there has an `etag` for a sha256.
    """

    name: str
    bytes: int
    sha256: str | None = None
    location: str | None = None
    etag: str | None = None

    @property
    def identity(self) -> str | None:
        """What changes whenever its content does."""
        return self.sha256 or self.etag


@dataclass(frozen=True)
class Listing:
    """What `_SUCCESS` says: files by name, or None where it lists none (the empty file of other tools)."""

    files: Mapping[str, LandedFile] | None = None
    problem: str | None = None


def ending(name: str) -> str | None:
    """The supported ending of a file name, the longest that fits; None for other files."""
    return max((each for each in (*ENDINGS, *INVENTORIES) if name.endswith(each)), key=len, default=None)


def name_flaw(name: str) -> str | None:
    """What is wrong with a file name, as the rest of a sentence: it will stand in ids, URIs and reports."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "has a name that is no Unicode text: rename it"
    if name.startswith((".", "_")):
        return "has a name that begins with '.' or '_', which marks files that are no data: rename it"
    if not name or "/" in name or not name.isprintable():
        return "has a name with characters that cannot be printed: rename it"
    return f"has a name longer than {_LONGEST_NAME} bytes: rename it" if size > _LONGEST_NAME else None


def shown(name: str) -> str:
    """A name as it may stand in one line of a message: quoted and escaped where it is not plain, cut where it is long."""
    plain = name if name.isprintable() and name else ascii(name)
    return plain if len(plain) <= _LONGEST_SHOWN else f"{plain[: _LONGEST_SHOWN - 3]}..."


def read_listing(folder: Path) -> Listing | None:
    """What `_SUCCESS` lists, None without one. One that is not ours counts as an empty one."""
    path = folder / SUCCESS
    return parse_listing(path.read_bytes()) if path.is_file() else None


def parse_listing(text: bytes) -> Listing:
    """What the bytes of a `_SUCCESS` list."""
    if not text.lstrip().startswith(b"{"):
        return Listing()
    try:
        files = [
            LandedFile(str(each["name"]), int(each["bytes"]), str(each["sha256"])) for each in json.loads(text)["files"]
        ]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return Listing(problem=f"{SUCCESS} is damaged: land the files again")
    return Listing({each.name: each for each in files})


def write_listing(folder: Path, files: Sequence[LandedFile]) -> None:
    """Write `_SUCCESS`, atomically and durably."""
    entries = [{"name": each.name, "bytes": each.bytes, "sha256": each.sha256} for each in files]
    write_json(folder / SUCCESS, {"files": entries})


def copy_durably(file: Landable, target: Path) -> LandedFile:
    """Copy a file under a temporary name, fsync it, give it its name. The caller holds the partition's lock."""
    digest = hashlib.sha256()
    size = 0
    temporary = target.with_name(_TEMPORARY)
    with temporary.open("wb") as writing:
        for data in file.chunks():
            digest.update(data)
            writing.write(data)
            size += len(data)
    sync_file(temporary)
    temporary.replace(target)
    sync_folder(target.parent)
    return LandedFile(target.name, size, digest.hexdigest())


class Digests:
    """sha256 of the files of a folder, remembered in `_digests.json` by size and times of change.

    The cache is disposable: each entry carries a digest of itself, and a damaged one is ignored; where it cannot be written,
    files are read again each time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = _read_cache(folder / DIGESTS)
        self._asked: dict[str, list[str]] = {}

    def of(self, name: str, path: Path | None = None) -> str:
        """The digest of a file, of one elsewhere where a path is given. Raises OSError if it cannot be read."""
        path = path or self._folder / name
        stamp = _stamp(path.stat())
        known = self._known.get(name)
        sha256 = known[1] if known and known[0] == stamp else file_digest(path)
        self._asked[name] = _entry(name, stamp, sha256)
        return sha256

    def noted(self, name: str) -> str:
        """The digest that was noted for a file of the folder as it lies there; empty without one. Raises OSError."""
        stamp, sha256, *_ = self._known.get(name, ["", ""])
        return sha256 if stamp == _stamp((self._folder / name).stat()) else ""

    def remember(self, file: LandedFile) -> None:
        """Note a digest that was computed while the file was copied."""
        if file.sha256:
            stamp = _stamp((self._folder / file.name).stat())
            self._asked[file.name] = _entry(file.name, stamp, file.sha256)

    def save(self) -> None:
        """Keep what was asked for, and nothing else."""
        if self._asked != self._known:
            try:
                write_json(self._folder / DIGESTS, self._asked)
            except OSError:
                return  # a read-only landing zone has no cache


def _stamp(found: os.stat_result) -> str:
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


def _read_cache(path: Path) -> dict[str, list[str]]:
    try:
        found: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: each for name, each in found.items() if _is_entry(name, each)}


def notes_are_whole(folder: Path) -> bool:
    """Whether `_digests.json` holds nothing but what was written; true without one. Raises OSError."""
    path = folder / DIGESTS
    try:
        found: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        return True
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.keys() == _read_cache(path).keys()


def _entry(name: str, stamp: str, sha256: str) -> list[str]:
    """What is remembered of a file, and the digest of that: else a flipped bit would be what the file is believed to hold."""
    return [stamp, sha256, text_digest(name, stamp, sha256)]


def _is_entry(name: str, each: Any) -> bool:
    texts = isinstance(each, list) and len(each) == 3 and all(isinstance(part, str) for part in each)
    return texts and each == _entry(name, *each[:2])


def entries(folder: Path) -> list["os.DirEntry[str]"]:
    """What may be data in a folder, by name; nothing where there is no folder."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as found:
        return sorted((entry for entry in found if not entry.name.startswith((".", "_"))), key=lambda entry: entry.name)


def disagreements(names: Set[str], found: Mapping[str, LandedFile], listing: Listing) -> list[str]:
    """A sentence for each file that is not as `_SUCCESS` lists it. `names`: all that lie there; `found`: as they are now,
    those that are listed.
    """
    if listing.files is None:
        return []
    sentences = []
    for name in sorted(names | listing.files.keys()):
        listed, now = listing.files.get(name), found.get(name)
        if listed is None:
            sentences.append(f"{shown(name)} is not listed in {SUCCESS}: land it with the others, or remove it")
        elif now is None:
            sentences.append(f"{shown(name)} is listed in {SUCCESS} but cannot be found")
        elif now.bytes != listed.bytes:
            sentences.append(f"{shown(name)} has {now.bytes} bytes, {SUCCESS} says {listed.bytes}")
        elif now.sha256 != listed.sha256:
            sentences.append(f"{shown(name)} has other content than {SUCCESS} says")
    return sentences
