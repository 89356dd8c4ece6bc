"""Files that the policy names: lists of URLs and words, benchmarks. Their content belongs to what a partition depends on.

What is in them is for those to read who use them: `l1_filtered/block_lists.py`, `l1_filtered/bad_words.py`,
`benchmark_items.py`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tier_assets.errors import PolicyError
from tier_assets.files.digests import file_digest, text_digest


class UserFiles:
    """Files and folders named relative to a home (or absolutely)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[Path, tuple[tuple[int, int], str]] = {}

    def paths(self, names: Sequence[str]) -> list[Path]:
        """The files named, those of folders in the order of their paths. Hidden ones are left out.

        Raises PolicyError for a name that leads nowhere.
        """
        return [path for name in names for path in self._files(name)]

    def _files(self, name: str) -> Iterator[Path]:
        path = self.root / name
        if path.is_file():
            yield path
        elif path.is_dir():
            inside = (each for each in sorted(path.rglob("*")) if each.is_file())
            yield from (
                each for each in inside if not any(part.startswith((".", "_")) for part in each.relative_to(path).parts)
            )
        else:
            raise PolicyError(f"{path} is not there: the policy names it, so put it there or take its name out")

    def digest(self, names: Sequence[str]) -> str:
        """sha256 over the files' names, with their folder's, and contents; empty without names.

        A folder may be the category of what is in it. A file that has not changed is read once.
        """
        if not names:
            return ""
        named = ((path.parent.name, path.name, self._digest(path)) for path in self.paths(names))
        return text_digest(*(part for each in named for part in each))

    def _digest(self, path: Path) -> str:
        found = path.stat()
        stamp = (found.st_size, found.st_mtime_ns)
        if path not in self._known or self._known[path][0] != stamp:
            self._known[path] = (stamp, file_digest(path))
        return self._known[path][1]
