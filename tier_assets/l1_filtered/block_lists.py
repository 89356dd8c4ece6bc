"""Lists of blocked domains and URLs that a user gives, as they lie on disk. What they block is `urls.py`'s to say."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tier_assets.l1_filtered.list_files import ListError, is_jsonl, lines_of, rows_of
from tier_assets.policies.complaints import did_you_mean


@dataclass(frozen=True)
class BlockLists:
    """Blocked entries, each with the list that it is on: `domains` without scheme (with all their subdomains), `urls` as
    host/path without scheme. A list is a file, and in JSONL a category of it.
    """

    domains: Mapping[str, str] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """sha256 (hex) of what is blocked and by which list, in whatever order files hold it."""
        digest = hashlib.sha256()
        for entries in (self.domains, self.urls):
            for entry in sorted(entries):
                digest.update(f"{entry}\t{entries[entry]}\n".encode())
            digest.update(b"\0")
        return digest.hexdigest()


def plain_url(url: str) -> str:
    """host/path?query of a URL, lower case: without scheme, `www.`, fragment and the slash at its end."""
    rest = url.strip().lower()
    rest = rest.partition("://")[2] or rest
    return rest.partition("#")[0].removeprefix("www.").rstrip("/")


def load_block_lists(files: Sequence[Path], *, categories: Sequence[str] = ()) -> BlockLists:
    """What the files name, put together; of some categories only, if any are given. An entry of several lists is the first's.

    A file is text, one entry to a line, `#` before comments, its category the name of its folder, as the lists of the
    University of Toulouse are (`adult/domains`, `adult/urls`); or JSONL of {entry, category}; both may be compressed
    (.gz, .zst). An entry with a path is a URL, any other a domain. A list is called by its folder's name and its own, which
    is what `UserFiles.digest` knows of where it lies.
    Raises ListError for a file that cannot be read and for a category that no file has: it would block nothing.
    """
    domains: dict[str, str] = {}
    urls: dict[str, str] = {}
    there: set[str] = set()
    for file in files:
        names: dict[str, str] = {}  # one text for all entries of a list, of which there are millions
        for category, entry in _entries(file):
            there.add(category)
            if entry and (not categories or category in categories):
                if category not in names:
                    names[category] = _name(file, category)
                (urls if "/" in entry else domains).setdefault(entry, names[category])
    for category in categories if files else ():
        if category not in there:
            raise ListError(
                f"filtered.urls.categories: the lists have no category {category!r}{did_you_mean(category, there)}; "
                f"they have {', '.join(sorted(there - {''})) or 'none'}"
            )
    return BlockLists(domains, urls)


def _name(file: Path, category: str) -> str:
    return f"{file.parent.name}/{file.name}" + (f", category {category}" if category and is_jsonl(file) else "")


def _entries(file: Path) -> Iterator[tuple[str, str]]:
    if is_jsonl(file):
        for row in rows_of(file, "entry"):
            yield str(row.get("category") or ""), plain_url(row["entry"])
    else:
        for line in lines_of(file):
            yield file.parent.name, plain_url(line.partition("#")[0])
