"""Files that are read where they lie: what `_REFERENCES` of a landing folder lists, and whether it still holds.

How files are copied instead is in `landing.py`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tier_assets.durable import write_json
from tier_assets.landed_files import Digests, LandedFile, shown
from tier_assets.landed_sources import S3, Landable, Source, digest_of

REFERENCES = "_REFERENCES"


@dataclass(frozen=True)
class References:
    """What is listed, by name."""

    files: tuple[LandedFile, ...] = ()
    problem: str | None = None


def refer(file: Source, progress: Callable[[Landable], Landable]) -> LandedFile:
    """A file as it will be listed: a local one with its sha256, for which it is read; an object with its etag."""
    if file.remote:
        return LandedFile(file.name, file.size, None, file.location, file.etag)
    return LandedFile(file.name, file.size, digest_of(progress(file)), file.location)


def read_references(folder: Path) -> References:
    """What a folder lists; nothing where it lists nothing."""
    try:
        text = (folder / REFERENCES).read_bytes()
    except FileNotFoundError:
        return References()
    try:
        files = [_file(each) for each in json.loads(text)["files"]]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return References(problem=f"{REFERENCES} is damaged: land the files again")
    return References(tuple(sorted(files, key=lambda file: file.name)))


def _file(each: dict[str, str]) -> LandedFile:
    location = str(each["location"])
    sha256, etag = each.get("sha256"), each.get("etag")
    # Whoever can write into the zone can write this list: only files that are called like data are opened by it.
    if not location.replace("/", "-").endswith(f"-{each['name']}") or not (
        location.startswith((S3, "/")) and (sha256 or etag)
    ):
        raise ValueError(location)
    return LandedFile(str(each["name"]), int(each["bytes"]), sha256, location, etag)


def write_references(folder: Path, files: list[LandedFile]) -> None:
    """Write the list, atomically and durably."""
    entries = [
        {"name": each.name, "location": each.location, "bytes": each.bytes, "sha256": each.sha256, "etag": each.etag}
        for each in files
    ]
    write_json(folder / REFERENCES, {"files": entries})


def referenced(folder: Path, digests: Digests) -> tuple[list[LandedFile], list[str]]:
    """The files that are referenced and there, as they are now, and a sentence for each that is not as it landed.

    Objects in a bucket are not asked for here, which is done every few seconds, but when they are read.
    """
    listed = read_references(folder)
    problems = [listed.problem] if listed.problem else []
    files = []
    for file in listed.files:
        location = str(file.location)
        if file.etag:
            files.append(file)
            continue
        path = Path(location)
        if not path.is_file():
            problems.append(f"{shown(file.name)} is referenced at {shown(location)} but cannot be found: put it back")
            continue
        size, sha256 = path.stat().st_size, digests.of(file.name, path)
        if (size, sha256) != (file.bytes, file.sha256):
            problems.append(f"{shown(location)} has changed since it was referenced: land it again with --replace")
        files.append(LandedFile(file.name, size, sha256, location))
    return files, problems
