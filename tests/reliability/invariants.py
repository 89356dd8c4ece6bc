"""What must hold of a lake after anything: every promise of the protocol, looked up on the disk itself."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from deltalake import DeltaTable

from tests.reliability.writers import TABLE, outcome
from tier_assets.files.digests import content_digest
from tier_assets.keys import PartitionKey
from tier_assets.lake.candidates import manifest_path
from tier_assets.lake.lake import Lake


def broken(root: Path, source: str, expected: Mapping[str, tuple[Sequence[str], int]]) -> list[str]:
    """Every broken promise as a sentence. `expected`: texts and number of versions by partition."""
    lake = Lake(root)
    found = []
    for name, (texts, number) in expected.items():
        key = PartitionKey.parse(name)
        made = outcome(key, texts)
        versions = lake.versions(TABLE, key)
        if [version.number for version in versions] != list(range(number, 0, -1)):
            found.append(f"{name} has versions {[version.number for version in versions]}, not {number}")
            continue
        rows = lake.read(TABLE, key).drop("partition").collect()
        digests = {content_digest(made.rows), content_digest(rows), versions[0].content_digest}
        if len(digests) != 1:
            found.append(f"{name} holds {rows['text'].to_list()}, not what an uninterrupted run makes")
        decisions = lake.decisions(TABLE, key).drop("partition").collect()
        if not decisions.equals(made.decisions.sort("doc_id")):
            found.append(f"{name} has other decisions")
    found += [f"the log names {path}, which is not there" for path in dangling(lake.folder(TABLE, source))]
    counts = Counter(
        version.partition for name in expected for version in lake.versions(TABLE, PartitionKey.parse(name))
    )
    live = DeltaTable(str(lake.folder(TABLE, source))).file_uris()
    if len(live) != len(counts):
        found.append(f"{len(live)} live files for {len(counts)} partitions")
    return found + [f"{path} is an orphan" for path in orphans(lake, source)]


def dangling(folder: Path) -> list[str]:
    """Files that the log calls live and the disk does not have."""
    return [path for path in DeltaTable(str(folder)).file_uris() if not Path(path).is_file()]


def orphans(lake: Lake, source: str) -> list[str]:
    """Files of a table that are neither log, live, of a past version, nor of a held candidate."""
    folder = lake.folder(TABLE, source)
    explained = {folder / "_promotion.lock", folder / "_staging.lock"}
    for key in (key for key in lake.partitions(TABLE) if key.source == source):
        promoted = {version.candidate for version in lake.versions(TABLE, key)}
        for candidate in lake.candidates(TABLE, key):
            if candidate.candidate in promoted or candidate.state == "held":
                explained.add(manifest_path(folder, str(key), candidate.candidate))
                explained.update(folder / staged.path for staged in (*candidate.files, candidate.decisions))
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path not in explained and not _is_log(path)
    )


def _is_log(path: Path) -> bool:
    return (
        path.parent.name == "_delta_log"
        and (path.suffix in (".json", ".parquet", ".sha256") or path.name == "_last_checkpoint")
        and not path.name.startswith(".")
    )
