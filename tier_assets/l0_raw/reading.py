"""L0: landed files to rows and decisions, in pieces. The formats are in `formats.py`, the pieces in `assembly.py`.

What has landed, and whether it is complete, is found in `landing/`; what a promoted partition promises, in `contract.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tier_assets.errors import LandingError
from tier_assets.inference import Report, silent
from tier_assets.l0_raw.assembly import Assembly
from tier_assets.l0_raw.findings import Capture, Finding, Flaw, FlawKind
from tier_assets.l0_raw.formats import findings
from tier_assets.l0_raw.inventories import Inventory
from tier_assets.landing.files import INVENTORIES, ending, shown
from tier_assets.landing.sources import Source, digest_of, object_state, reason
from tier_assets.outcome import Outcome
from tier_assets.policy import RawPolicy


def read_landed(
    files: Sequence[Source],
    *,
    partition: str,
    policy: RawPolicy,
    problems: Sequence[str] = (),
    report: Report = silent,
) -> Iterator[Outcome]:
    """Read what landed, in pieces: one row per capture, one decision per input, files in the order of their names.

    Rows and decisions are sorted by (file, offset), across pieces too; there is at least one piece. Measures add up to:
    `files`, `bytes_read` (as they lie on disk), `entries_seen` in them where they are split, `entries_passed` since they are
    no documents, and how many files are `files_truncated`, `files_incomplete`,
    `files_empty`, `files_unreadable`; `files_missing` is the number of `problems`, which the landing zone found. Notes name
    each of them. `report` is called with bytes done and in all. A piece holds about 16 MB of payloads and texts, more only
    by its last row. Indexes, manifests and cards give no rows: they say what the other files should hold, and their
    licence. Raises LandingError for a file that cannot be read.
    """
    assembly = Assembly(partition)
    ordered = sorted(files, key=lambda source: source.name)
    total = sum(source.size for source in ordered)
    assembly.count({f"files_{kind}": 0.0 for kind in FlawKind})
    measures = {"files": float(len(ordered)), "bytes_read": float(total), "files_missing": float(len(problems))}
    assembly.count(measures, tuple(problems))
    inventory = Inventory()
    for source in (each for each in ordered if ending(each.name) in INVENTORIES):
        yield from assembly.add_all(source.name, _inventory(source, inventory))
    for name, flaw in inventory.strangers({source.name for source in ordered}):
        yield from assembly.add(name, flaw)
    done = 0
    for source in ordered:
        if ending(source.name) not in INVENTORIES:
            for read, finding in _documents(source, inventory, policy):
                yield from assembly.add(source.name, finding)
                report(done + read, total, source.name)
        done += source.size
        report(done, total, source.name)
    yield from assembly.rest()


def _inventory(source: Source, inventory: Inventory) -> Iterator[Flaw]:
    try:
        if changed := _change(source):
            yield changed
            return
        with source.open() as file:
            yield from inventory.read(source.name, file)
    except OSError as error:
        raise LandingError(f"{shown(source.name)} cannot be read: {reason(error)}") from error


def _documents(source: Source, inventory: Inventory, policy: RawPolicy) -> Iterator[tuple[int, Finding]]:
    """What is in a file, each with the bytes of the file read so far; at its end, what should be there and is not."""
    tally = inventory.tally(source.name, source.size)
    license_id = inventory.license_of(source.name)
    try:
        changed = _change(source)
        if changed:
            yield 0, changed
            return
        for read, finding in findings(source, policy):
            tally.tick(finding)
            if license_id and isinstance(finding, Capture) and not finding.license:
                yield read, replace(finding, license=license_id)
            else:
                yield read, finding
    except OSError as error:
        raise LandingError(f"{shown(source.name)} cannot be read: {reason(error)}") from error
    yield from ((source.size, flaw) for flaw in tally.flaws())


def _change(source: Source) -> Flaw | None:
    """A flaw where a file or a referenced object is no longer what landed: looked at only when it is read."""
    if source.sha256 and digest_of(source) != source.sha256:
        # Its size and times are those it had, or the landing zone had told of it.
        return Flaw(FlawKind.UNREADABLE, f"{shown(source.location)} is not what landed: land it again with --replace")
    if not source.etag:
        return None
    try:
        now = object_state(source.location, source.endpoint)
    except FileNotFoundError:
        return Flaw(
            FlawKind.UNREADABLE, f"{source.location} cannot be found: put it back, or land it again with --replace"
        )
    if now != (source.size, source.etag):
        return Flaw(
            FlawKind.UNREADABLE, f"{source.location} has changed since it was referenced: land it again with --replace"
        )
    return None
