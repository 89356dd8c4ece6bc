"""What is landed when a person names a file, a URL or a folder: the files that result, none of them copied yet.

A folder of pages or source code becomes one tar, since a lake of captures needs no file per page; a Hugging Face dataset,
saved or downloaded, becomes its data files with the path in their names, and the card that states its licence; so do the
objects of a folder in a bucket.
"""

import os
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tier_assets.errors import LandingError
from tier_assets.landing.files import (
    CARD,
    DATASET_INFO,
    ENDINGS,
    INDEXES,
    INVENTORIES,
    MANIFEST,
    ending,
    name_flaw,
    shown,
)
from tier_assets.landing.kinds import DOCUMENT_ENDINGS, kind_of
from tier_assets.landing.sources import S3, Landable, Source, local_source, remote_keys, remote_source, remote_sources

_KINDS = ", ".join(ENDINGS)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_BLOCK = 512
_CHUNK_BYTES = 1 << 20
_DOCUMENTS_ONLY = ".pdf"  # a file by itself, and a page of a folder


@dataclass(frozen=True)
class PackedFolder:
    """A folder as one tar, the same bytes whenever its files are: in the order of their paths, without dates and owners."""

    name: str
    root: Path
    paths: tuple[str, ...]
    size: int = field(init=False)

    def __post_init__(self) -> None:
        sizes = ((len(self._header(path)), (self.root / path).stat().st_size) for path in self.paths)
        object.__setattr__(self, "size", sum(head + _padded(size) for head, size in sizes) + 2 * _BLOCK)

    def chunks(self) -> Iterator[bytes]:
        """See Landable. Raises LandingError if a file changes in the meantime."""
        for path in self.paths:
            header = self._header(path)
            yield header
            size = 0
            with (self.root / path).open("rb") as file:
                while data := file.read(_CHUNK_BYTES):
                    size += len(data)
                    yield data
            yield b"\0" * (_padded(size) - size)
            if self._header(path, size) != header:
                raise LandingError(f"{shown(path)} changed while it was read: land it again")
        yield b"\0" * (2 * _BLOCK)

    def _header(self, path: str, size: int | None = None) -> bytes:
        entry = tarfile.TarInfo(path)
        entry.size = (self.root / path).stat().st_size if size is None else size
        return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def landables(named: Sequence[str | Path], endpoint: str | None) -> tuple[dict[str, Landable], tuple[str, ...]]:
    """What the files, folders and URLs named become, by name, and sentences about what is left out.

    Raises LandingError in one line for what cannot be landed.
    """
    if not named:
        raise LandingError("no files to land: name at least one")
    found: dict[str, Landable] = {}
    notes: list[str] = []
    for each in named:
        is_url = isinstance(each, str) and _URL.match(each)
        files = _remote(str(each), endpoint, notes) if is_url else _local(Path(each), notes)
        for file in files:
            _accept(file, found)
    return found, tuple(notes)


def _remote(url: str, endpoint: str | None, notes: list[str]) -> list[Landable]:
    """An object; all objects below a URL that ends in a slash, with the folders in their names."""
    if not url.startswith(S3):
        raise LandingError(f"{url!r:.300} cannot be landed: only s3:// URLs and local paths can")
    if not url.endswith("/"):
        return [remote_source(url, endpoint)]
    keys = remote_keys(url, endpoint)
    data = [key for key in keys if _is_data(key) or (key.endswith(_DOCUMENTS_ONLY) and not _is_hidden(key))]
    if not data:
        raise LandingError(f"{url!r:.300} holds no object of a supported kind: names must end in one of {_KINDS}")
    wanted = [*data, *(key for key in keys if _says_something(key))]
    if len(wanted) < len(keys):
        left = len(keys) - len(wanted)
        notes.append(f"{url}: {left} of {len(keys)} objects are left out: hidden, or of no kind that is read")
    folder = url.rstrip("/")
    return [*remote_sources({f"{folder}/{key}": key.replace("/", "-") for key in wanted}, endpoint)]


def _accept(file: Landable, found: dict[str, Landable]) -> None:
    flaw = name_flaw(file.name)
    if flaw:
        raise LandingError(f"{shown(file.name)} {flaw}")
    if ending(file.name) is None:
        raise LandingError(f"{shown(file.name)} is of no supported kind: the name must end in one of {_KINDS}")
    if file.name in found:
        raise LandingError(f"two files are called {shown(file.name)}: rename one, or land them as two shards")
    found[file.name] = file


def _local(path: Path, notes: list[str]) -> list[Landable]:
    if not path.exists():
        raise LandingError(f"{shown(str(path))} does not exist")
    if path.is_file():
        return [local_source(path)]
    if not path.is_dir():
        raise LandingError(f"{shown(str(path))} is no file: name files or folders of files")
    return _folder(path, notes)


def _folder(root: Path, notes: list[str]) -> list[Landable]:
    paths = sorted(_walk(root))
    data = [path for path in paths if _is_data(path)]
    pages = [path for path in paths if not _is_data(path) and kind_of(path).media_type]
    written = [path for path in pages if path.endswith(DOCUMENT_ENDINGS) and Path(path).name != CARD]
    if data and any(not path.endswith((".md", ".txt")) for path in written):
        raise LandingError(
            f"{shown(str(root))} holds data files and pages: land {shown(data[0])} and its like by themselves"
        )
    if data:
        return _dataset(root, data, paths)
    pages = [path for path in pages if not (root / path).is_symlink()]
    if not pages:
        raise LandingError(f"{shown(str(root))} holds no file of a supported kind: pages, source code, or data files")
    left = len(paths) - len(pages)
    if left:
        notes.append(
            f"{shown(root.name)}: {left} of {len(paths)} files are left out: links, or of no kind that is read"
        )
    return [PackedFolder(f"{root.resolve().name}.tar", root, tuple(pages))]


def _dataset(root: Path, data: list[str], paths: list[str]) -> list[Landable]:
    """Data files with the folders in their names, and what says something about them."""
    return [_dataset_file(root, path) for path in (*data, *(path for path in paths if _says_something(path)))]


def _dataset_file(root: Path, path: str) -> Source:
    # A download of the hub is a folder of links into the `blobs` beside it.
    inside = (root.resolve(), root.resolve().parent.parent / "blobs")
    found = (root / path).resolve()
    if not any(found.is_relative_to(place) for place in inside):
        raise LandingError(f"{shown(path)} is a link that leads outside {shown(str(root))}: copy the file instead")
    return local_source(root / path, path.replace("/", "-"))


def _is_data(path: str) -> bool:
    found = ending(path)
    known = found is not None and found not in INVENTORIES and found != _DOCUMENTS_ONLY
    return known and not _is_hidden(path)


def _says_something(path: str) -> bool:
    """Whether it is about data files: an index, a manifest, a card."""
    about = path in (CARD, MANIFEST) or path.endswith(INDEXES) or path.rpartition("/")[2] == DATASET_INFO
    return about and not _is_hidden(path)


def _is_hidden(path: str) -> bool:
    """Whether it or a folder above it is marked as no data, as what other programs have not finished is."""
    return path.startswith((".", "_")) or "/." in path or "/_" in path


def _walk(root: Path) -> Iterator[str]:
    """Paths of all files below a folder; hidden files and folders, and links to folders, are no part of it."""
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = Path(folder).relative_to(root)
        for name in files:
            if not name.startswith(".") and (root / below / name).is_file():
                yield (below / name).as_posix()


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
