"""Lists of blocked domains and URLs that a user gives, as they lie on disk. What they block is `urls.py`'s to say."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tier_assets.l1_filtered.list_files import files_of, is_jsonl, lines_of, rows_of


@dataclass(frozen=True)
class BlockLists:
    """Blocked entries: `domains` without scheme (with all their subdomains), `urls` as host/path without scheme."""

    domains: frozenset[str] = frozenset()
    urls: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """sha256 (hex) of what is blocked, whatever files it came from."""
        digest = hashlib.sha256()
        for entries in (self.domains, self.urls):
            digest.update("\n".join(sorted(entries)).encode() + b"\0")
        return digest.hexdigest()


def plain_url(url: str) -> str:
    """host/path?query of a URL, lower case: without scheme, `www.`, fragment and the slash at its end."""
    rest = url.strip().lower()
    rest = rest.partition("://")[2] or rest
    return rest.partition("#")[0].removeprefix("www.").rstrip("/")


def load_block_lists(paths: Sequence[Path], *, categories: Sequence[str] = ()) -> BlockLists:
    """What the files and folders name, put together; of some categories only, if any are given.

    A folder stands for all files in it and below. A file is text, one entry to a line, `#` before comments, its
    category the name of its folder, as the lists of the University of Toulouse are (`adult/domains`, `adult/urls`); or
    JSONL of {entry, category}; both may be compressed with zstd (.zst). An entry with a path is a URL, any other a domain.
    Raises ListError for a path that is not there and for a file that cannot be read.
    """
    domains: set[str] = set()
    urls: set[str] = set()
    for file in files_of(paths, value="filtered.urls.lists"):
        for category, entry in _entries(file):
            if entry and (not categories or category in categories):
                (urls if "/" in entry else domains).add(entry)
    return BlockLists(frozenset(domains), frozenset(urls))


def _entries(file: Path) -> Iterator[tuple[str | None, str]]:
    if is_jsonl(file):
        for row in rows_of(file, "entry"):
            yield row.get("category"), plain_url(row["entry"])
    else:
        for line in lines_of(file):
            yield file.parent.name, plain_url(line.partition("#")[0])
