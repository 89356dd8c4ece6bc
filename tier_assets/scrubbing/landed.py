"""The landing zone: every file against the sha256 with which it landed, or that was noted when it was first seen.

What has been referenced is read where it lies only if it has changed since. What arrives at this moment is left alone.
"""

from collections.abc import Iterator
from pathlib import Path

from tier_assets.files.digests import file_digest
from tier_assets.lake.scrub import Checked, Damage
from tier_assets.landing.files import DIGESTS, LANDING, SUCCESS, Digests, Listing, notes_are_whole, parse_listing
from tier_assets.landing.places import Place, Places
from tier_assets.landing.references import REFERENCES, referenced


def scrub_landed(zone: Path) -> Iterator[Checked]:
    """Look at every file of a landing zone; gives one answer for each."""
    for place in Places(zone).walk():
        # What is in no partition's folder is `strata status`' to tell.
        if isinstance(place, Place) and not place.holds(LANDING):
            yield from _partition(place)


def _partition(place: Place) -> Iterator[Checked]:
    if place.flaw:
        yield Damage(place.folder, f"cannot be read: {place.flaw}", "mend its permissions or its disk")
        return
    before = _listed(place)
    looks = list(_looks(place, before))
    # Landed again meanwhile, it was looked at in part as it was and in part as it is.
    changed = (place.folder / LANDING).exists() or _listed(place) != before
    yield from (None if changed else look for look in looks)


def _listed(place: Place) -> bytes | None:
    try:
        return (place.folder / SUCCESS).read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return None


def _looks(place: Place, listed: bytes | None) -> Iterator[Checked]:
    again = f"land it again: `strata land --replace {place.key} FILE...`"
    listing = Listing()
    if listed is not None:
        listing = parse_listing(listed)
        # Other tools write an empty one, or what they like; ours has digests.
        ours = listing.problem or (listing.files is None and b'"sha256"' in listed)
        yield Damage(place.folder / SUCCESS, "is not what was written", again) if ours else None
    digests = Digests(place.folder)
    for entry in place.visible:
        if entry.is_file():
            yield _file(Path(entry.path), listing, digests, again)
    for name in sorted((listing.files or {}).keys() - {entry.name for entry in place.visible}):
        yield Damage(place.folder / name, f"is gone, while {SUCCESS} lists it", again)
    if place.holds_file(DIGESTS):
        derived = "nothing: it is made anew when the files are next looked at"
        whole = notes_are_whole(place.folder)
        yield None if whole else Damage(place.folder / DIGESTS, "is not what was written", derived)
    if place.holds(REFERENCES):
        _, problems = referenced(place.folder, digests)
        for problem in problems:
            yield Damage(place.folder / REFERENCES, problem, again)
        if not problems:
            yield None


def _file(path: Path, listing: Listing, digests: Digests, again: str) -> Checked:
    try:
        if listing.files is None:
            wanted, why = digests.noted(path.name), "is not what it was when it was first seen"
        elif path.name in listing.files:
            wanted, why = str(listing.files[path.name].sha256), f"is not what {SUCCESS} lists"
        else:
            # Whoever looks at what has arrived complains of it.
            return None
        return Damage(path, why, again) if wanted and file_digest(path) != wanted else None
    except FileNotFoundError:
        return None
    except OSError as error:
        return Damage(path, f"cannot be read ({error.strerror})", again)
