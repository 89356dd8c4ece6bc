"""Files into the folder of one partition: copied or referenced, so that a cut anywhere leaves it incomplete or as it was.

Which folder that is, and who holds its lock, is in `zone.py`; what files there are to land, in `folders.py`.
"""

from collections.abc import Mapping, Set
from pathlib import Path

from tier_assets.errors import LandingError
from tier_assets.files.digests import file_digest
from tier_assets.files.durable import sync_folder, write_json
from tier_assets.keys import PartitionKey
from tier_assets.landing.files import (
    LANDING,
    SUCCESS,
    Digests,
    LandedFile,
    Listing,
    copy_durably,
    disagreements,
    entries,
    read_listing,
    shown,
    write_listing,
)
from tier_assets.landing.references import REFERENCES, read_references, refer, write_references
from tier_assets.landing.sources import Landable, Progress, Source, digest_of


def copy_into(
    key: PartitionKey, folder: Path, wanted: Mapping[str, Landable], replace: bool, progress: Progress
) -> bool:
    """Copy files, in place of any others if `replace` is given; False if just these bytes are already there.

    What is not there yet is copied, so that a copy cut short goes on. Raises LandingError for a folder that holds anything
    else, OSError.
    """
    listing = read_listing(folder)
    there = _names(folder)
    same = {name for name in there & wanted.keys() if _equal(folder / name, wanted[name])}
    listed = read_references(folder)
    difference = _difference(there, same, wanted.keys(), listing)
    if listed.files or listed.problem:
        difference = "its files are referenced, not copied"
    _refuse(key, difference, replace)
    digests = Digests(folder)
    if listing and same == there == wanted.keys() and not difference and _agree(there, listing, folder, digests):
        (folder / LANDING).unlink(missing_ok=True)
        return False
    _begin(folder, wanted)
    landed = [
        LandedFile(name, file.size, digests.of(name))
        if name in same
        else copy_durably(progress.over(file), folder / name)
        for name, file in sorted(wanted.items())
    ]
    for name in there - wanted.keys():
        (folder / name).unlink()
    (folder / REFERENCES).unlink(missing_ok=True)
    for file in landed:
        digests.remember(file)
    digests.save()
    write_listing(folder, landed)
    _end(folder)
    return True


def refer_into(
    key: PartitionKey, folder: Path, wanted: Mapping[str, Landable], replace: bool, progress: Progress
) -> bool:
    """List files to be read where they lie, under the names they have there; False if just these are already listed.

    Local ones are read once, for their sha256. Raises LandingError for a folder that holds anything else and for what can
    only be copied, OSError.
    """
    sources = [file for _, file in sorted(wanted.items()) if isinstance(file, Source)]
    if len(sources) < len(wanted):
        raise LandingError("a folder of pages is packed when it is landed: it cannot be referenced")
    files = [refer(file, progress.over) for file in sources]
    there = _names(folder)
    listed = read_references(folder)
    difference = "its files are copied, not referenced" if there else None
    if listed.problem or (listed.files and list(listed.files) != files):
        difference = difference or "other files are referenced, or have changed"
    _refuse(key, difference, replace)
    if not difference and listed.files and not listed.now and read_listing(folder):
        (folder / LANDING).unlink(missing_ok=True)
        return False
    _begin(folder, wanted)
    write_references(folder, files)
    for name in there:
        (folder / name).unlink()
    write_listing(folder, [])
    _end(folder)
    return True


def _agree(there: Set[str], listing: Listing, folder: Path, digests: Digests) -> bool:
    found = {name: LandedFile(name, (folder / name).stat().st_size, digests.of(name)) for name in there}
    return not disagreements(there, found, listing)


def _names(folder: Path) -> set[str]:
    return {entry.name for entry in entries(folder) if not entry.is_dir()}


def _begin(folder: Path, wanted: Mapping[str, Landable]) -> None:
    """From here on the partition is incomplete."""
    for leftover in folder.glob("._*.tmp"):
        leftover.unlink(missing_ok=True)
    write_json(folder / LANDING, sorted(wanted))
    (folder / SUCCESS).unlink(missing_ok=True)
    sync_folder(folder)


def _end(folder: Path) -> None:
    (folder / LANDING).unlink()
    sync_folder(folder)


def _refuse(key: PartitionKey, difference: str | None, replace: bool) -> None:
    if difference and not replace:
        raise LandingError(f"{key} holds other content ({difference}): use --replace, or land under another key")


def _equal(one: Path, other: Landable) -> bool:
    return one.is_file() and one.stat().st_size == other.size and file_digest(one) == digest_of(other)


def _difference(there: set[str], same: set[str], sources: Set[str], listing: Listing | None) -> str | None:
    """What is in a partition that landing these files would lose or add to, for people."""
    if there - same:
        name = min(there - same)
        return f"{shown(name)} {'has other bytes' if name in sources else 'is not among the files'}"
    new = sources - there - (listing.files or {}).keys() if listing else ()
    return f"{shown(min(new))} would be new to it" if new else None
