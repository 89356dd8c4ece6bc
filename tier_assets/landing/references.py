"""Files that are read where they lie: what `_REFERENCES` of a landing folder lists, and whether it still holds.

How files are copied instead is in `copies.py`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tier_assets.files.durable import write_json
from tier_assets.landing.files import Digests, LandedFile, shown
from tier_assets.landing.sources import ASKED_AT_ONCE, S3, Landable, Source, digest_of, object_state

REFERENCES = "_REFERENCES"


@dataclass(frozen=True)
class References:
    """What is listed, by name. `now`: the objects that were not as they landed when last asked for, None for one gone."""

    files: tuple[LandedFile, ...] = ()
    problem: str | None = None
    now: Mapping[str, LandedFile | None] = field(default_factory=dict)


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
        listed = json.loads(text)["files"]
        files = [_file(each) for each in listed]
        now = {
            each["name"]: _file({**each, **each["now"]}) if each["now"] else None for each in listed if "now" in each
        }
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return References(problem=f"{REFERENCES} is damaged: land the files again")
    return References(tuple(sorted(files, key=lambda file: file.name)), now=now)


def _file(each: dict[str, Any]) -> LandedFile:
    location = str(each["location"])
    sha256, etag = each.get("sha256"), each.get("etag")
    # Whoever can write into the zone can write this list: only files that are called like data are opened by it.
    if not location.replace("/", "-").endswith(f"-{each['name']}") or not (
        location.startswith((S3, "/")) and (sha256 or etag)
    ):
        raise ValueError(location)
    return LandedFile(str(each["name"]), int(each["bytes"]), sha256, location, etag)


def write_references(
    folder: Path, files: Sequence[LandedFile], now: Mapping[str, LandedFile | None] | None = None
) -> None:
    """Write the list, atomically and durably."""
    entries: list[dict[str, Any]] = [
        {"name": each.name, "location": each.location, "bytes": each.bytes, "sha256": each.sha256, "etag": each.etag}
        for each in files
    ]
    for entry in entries:
        if now and entry["name"] in now:
            found = now[entry["name"]]
            entry["now"] = {"bytes": found.bytes, "etag": found.etag} if found else None
    write_json(folder / REFERENCES, {"files": entries})


def changed_objects(files: Sequence[LandedFile], endpoint: str | None) -> dict[str, LandedFile | None]:
    """The objects among the files that are not as they landed: as they are now, None for one gone. Their stores are asked,
    several at a time. Raises OSError.
    """
    objects = [file for file in files if file.etag]
    with ThreadPoolExecutor(ASKED_AT_ONCE) as threads:
        found = threads.map(lambda file: _now(file, endpoint), objects)
        return {file.name: now for file, now in zip(objects, found, strict=True) if now != file}


def _now(file: LandedFile, endpoint: str | None) -> LandedFile | None:
    try:
        size, etag = object_state(str(file.location), endpoint)
    except FileNotFoundError:
        return None
    return LandedFile(file.name, size, None, file.location, etag)


def referenced(folder: Path, digests: Digests) -> tuple[list[LandedFile], list[str]]:
    """The files that are referenced and there, as they are now, and a sentence for each that is not as it landed.

    Objects in a bucket are not asked for here, which is done every few seconds, but are as `changed_objects` last found them.
    """
    listed = read_references(folder)
    problems = [listed.problem] if listed.problem else []
    files = []
    for file in listed.files:
        location = str(file.location)
        now = listed.now.get(file.name, file) if file.etag else _local_now(file, digests)
        if now is None:
            problems.append(f"{shown(file.name)} is referenced at {shown(location)} but cannot be found: put it back")
            continue
        if now != file:
            problems.append(f"{shown(location)} has changed since it was referenced: land it again with --replace")
        files.append(now)
    return files, problems


def _local_now(file: LandedFile, digests: Digests) -> LandedFile | None:
    path = Path(str(file.location))
    if not path.is_file():
        return None
    return LandedFile(file.name, path.stat().st_size, digests.of(file.name, path), file.location)
