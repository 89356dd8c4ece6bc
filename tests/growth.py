"""Homes of many partitions, made in a moment: one partition really promoted through all tiers, then multiplied on the disk.

Every partition has the same landed file, rows and decisions (hard links), a key, fingerprints, candidates and log entries of
its own. What a reader sees is what as many promotions would have left, less the worker's temporary files; Dagster's event
log is multiplied in the same way. `main` makes one: `python -m tests.growth HOME PARTITIONS [SOURCES]`.
"""

import json
import os
import secrets
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
from deltalake import DeltaTable

from tier_assets.commands.face import Session
from tier_assets.definitions import orchestrator
from tier_assets.files.digests import text_digest
from tier_assets.files.documents import read_document
from tier_assets.gate.audit import AuditReport
from tier_assets.gate.contract import Contract
from tier_assets.gate.summaries import summarize
from tier_assets.home import Home
from tier_assets.keys import PartitionKey
from tier_assets.lake.candidates import manifest_path
from tier_assets.lake.lake import Lake
from tier_assets.lake.versions import Version, body_digest, fingerprint_of
from tier_assets.landing.zone import Arrival, LandingZone
from tier_assets.outcome import Outcome, Totals
from tier_assets.planning import CONTRACTS
from tier_assets.policy_book import PolicyBook
from tier_assets.promotion.partitions import PARTITIONS
from tier_assets.schemas import TABLES
from tier_assets.staleness import Contents, Fingerprints
from tier_assets.tiers import Tier

TEXT = "The ferry leaves the northern quay at seven and is back before noon."
_DOC_ID = "0" * 32
_CHECKPOINT_LAG = 50


@dataclass(frozen=True)
class Promoted:
    """What one promotion left: its version, its candidate's manifest, its log entry as the actions that stand in it."""

    version: Version
    manifest: dict[str, Any]
    actions: Sequence[dict[str, Any]]


def keys_of(partitions: int, sources: int = 4) -> list[PartitionKey]:
    """The keys of a home, in the total order."""
    return sorted(PartitionKey(f"crawl-{number % sources}", f"{number:06}") for number in range(partitions))


def grow(home: Home, partitions: int, sources: int = 4, highest: Tier = Tier.ORGANIZED) -> list[PartitionKey]:
    """Make a home in which so many partitions are current in the tiers up to the highest; returns their keys."""
    home.prepare()
    keys = keys_of(partitions, sources)
    first = keys[0]
    arrivals = _land(home, keys)
    lake, session = Lake(home.lake), Session(home, as_json=False)
    book, models = session.policies(), session.models()
    patterns: dict[Tier, Promoted] = {}
    for tier in list(Tier)[: highest.level + 1]:
        contract = CONTRACTS[tier]
        parents = {table: patterns[Tier(table)].version.content_digest for table in contract.parents}
        fingerprints = Fingerprints(book, models)
        parts = fingerprints.parts(contract, first, Contents(parents, _earlier(contract, []), None, arrivals[first]))
        patterns[tier] = _promoted(lake, contract, first, parts, book)
        _multiply(lake, contract, patterns, keys, arrivals, fingerprints)
    _tell_dagster(home, keys, [tier.asset_name for tier in patterns])
    return keys


def _land(home: Home, keys: Sequence[PartitionKey]) -> dict[PartitionKey, Arrival]:
    zone = LandingZone(home.landing)
    page = home.root / "pages.jsonl"
    page.write_text(json.dumps({"text": TEXT}) + "\n", "utf-8")
    zone.land(keys[0], [page])
    pattern = zone.folder(keys[0])
    for key in keys[1:]:
        folder = zone.folder(key)
        folder.mkdir(parents=True)
        for name in (page.name, "_SUCCESS"):
            (folder / name).write_bytes((pattern / name).read_bytes())
    page.unlink()
    # A first look notes the digests of all files.
    return {arrival.key: arrival for arrival in zone.arrivals_now(0)}


def outcome_of(table: str) -> Outcome:
    """One kept document and its decision, as small as the table lets it be."""
    schema = TABLES[table]
    known = {"doc_id": _DOC_ID, "uri": "https://example.org/ferry", "text": TEXT, "text_chars": len(TEXT)}
    document = pl.DataFrame({name: [value] for name, value in known.items() if name in schema.rows.names})
    decision = pl.DataFrame({"doc_id": [_DOC_ID], "uri": [known["uri"]], "kept": [True]})
    return Outcome(schema.rows.conform(document), schema.decisions.conform(decision))


def promote(lake: Lake, contract: Contract, key: PartitionKey, parts: dict[str, str], book: PolicyBook) -> Version:
    """Stage, record and promote that outcome, as a step does, without its audit."""
    totals = Totals()
    (outcome,) = totals.over([outcome_of(contract.table)])
    candidate = lake.stage(contract.table, key, outcome, basis=lake.basis(contract.table, key), parts=parts)
    report = AuditReport((), {"kept_share": 1.0})
    summary = summarize(contract, totals, report, seconds=0.1, policy=book.for_source(key.source), pool="cpu")
    candidate = candidate.with_report("staged", {**summary, "token_budget": 0}, report.rows())
    lake.record(candidate)
    return lake.promote(candidate)


def _promoted(lake: Lake, contract: Contract, key: PartitionKey, parts: dict[str, str], book: PolicyBook) -> Promoted:
    version = promote(lake, contract, key, parts, book)
    folder = lake.folder(contract.table, key.source)
    manifest = manifest_path(folder, str(key), version.candidate)
    entry = folder / "_delta_log" / f"{version.delta_version:020d}.json"
    actions = [json.loads(line) for line in entry.read_text("utf-8").splitlines()]
    return Promoted(version, read_document(manifest), actions)


def _multiply(
    lake: Lake,
    contract: Contract,
    patterns: dict[Tier, Promoted],
    keys: Sequence[PartitionKey],
    arrivals: dict[PartitionKey, Arrival],
    fingerprints: Fingerprints,
) -> None:
    """Give every other partition what the first one has in a table."""
    pattern = patterns[Tier(contract.table)]
    parents = {table: patterns[Tier(table)].version.content_digest for table in contract.parents}
    origin = lake.folder(contract.table, keys[0].source)
    entries: dict[str, int] = {keys[0].source: pattern.version.delta_version + 1}
    before: dict[str, list[str]] = {keys[0].source: [pattern.version.content_digest]}
    for number, key in enumerate(keys[1:], 1):
        folder, earlier = lake.folder(contract.table, key.source), before.setdefault(key.source, [])
        if key.source not in entries:
            _make_table(origin, folder)
            entries[key.source] = 1
        # That partitions compare with those of their own source is the policy's default.
        parts = fingerprints.parts(contract, key, Contents(parents, _earlier(contract, earlier), None, arrivals[key]))
        fingerprint = fingerprint_of(contract.table, key, parts)
        candidate = f"{fingerprint[:12]}-{number:08x}"
        names = [
            (pattern.version.candidate, candidate),
            (pattern.version.fingerprint, fingerprint),
            (str(keys[0]), str(key)),
        ]
        _link(origin, folder, pattern.manifest, names)
        manifest = {**_renamed(pattern.manifest, names), "parts": parts}
        path = manifest_path(folder, str(key), candidate)
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", "utf-8")
        _write_entry(folder, entries[key.source], [_entered(each, names, parts) for each in pattern.actions])
        earlier.append(pattern.version.content_digest)
        entries[key.source] += 1
    for source, newest in entries.items():
        _checkpoint(lake.folder(contract.table, source), newest - 1)


def _earlier(contract: Contract, digests: Sequence[str]) -> str | None:
    """The digest of the chain of earlier partitions, of which only the content is asked."""
    return text_digest(*digests) if contract.neighbours else None


def _renamed(value: Any, names: Sequence[tuple[str, str]]) -> Any:
    text = json.dumps(value)
    for old, new in names:
        text = text.replace(old, new)
    return json.loads(text)


def _entered(action: dict[str, Any], names: Sequence[tuple[str, str]], parts: dict[str, str]) -> dict[str, Any]:
    """An action of the pattern's entry as another partition's; the body of our commit is a JSON text in one of them."""
    if "commitInfo" not in action:
        renamed: dict[str, Any] = _renamed(action, names)
        return renamed
    info = dict(action["commitInfo"])
    body = {**_renamed(json.loads(info["strata"]), names), "parts": parts, "promotion": secrets.token_hex(8)}
    info["strata"] = json.dumps({**body, "digest": body_digest(body)}, sort_keys=True)
    return {"commitInfo": info}


def _link(origin: Path, folder: Path, manifest: dict[str, Any], names: Sequence[tuple[str, str]]) -> None:
    for staged in (*manifest["files"], manifest["decisions"]):
        path = folder / _renamed(staged["path"], names)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(origin / staged["path"], path)


def _make_table(origin: Path, folder: Path) -> None:
    (folder / "_delta_log").mkdir(parents=True)
    (folder / "_attempts").mkdir()
    first = f"_delta_log/{0:020d}.json"
    text = (origin / first).read_text("utf-8")
    (folder / first).write_text(text.replace(f"/{origin.name}/", f"/{folder.name}/"), "utf-8")


def _write_entry(folder: Path, number: int, actions: Sequence[dict[str, Any]]) -> None:
    lines = "\n".join(json.dumps(each, separators=(",", ":")) for each in actions)
    (folder / "_delta_log" / f"{number:020d}.json").write_text(lines, "utf-8")


def _checkpoint(folder: Path, newest: int) -> None:
    """A checkpoint some entries before the newest, as a table in use has one."""
    if newest > 2 * _CHECKPOINT_LAG:
        DeltaTable(str(folder), version=newest - _CHECKPOINT_LAG).create_checkpoint()


def _tell_dagster(home: Home, keys: Sequence[PartitionKey], assets: Sequence[str]) -> None:
    """Register all keys; report the first partition's versions, and copy the rows of their events for the others."""
    heads = {tier.asset_name: tier for tier in Tier}
    dagster, lake = orchestrator(home), Lake(home.lake)
    with dagster.instance() as instance:
        instance.add_dynamic_partitions(PARTITIONS.name or "", [str(key) for key in keys])
        for asset in assets:
            dagster.report(instance, heads[asset], keys[0], "new")
    for asset in assets:
        versions = {key: version.fingerprint for key, version in _heads(lake, heads[asset], keys)}
        _copy_events(home.dagster / "event_log.db", asset, versions)


def _heads(lake: Lake, tier: Tier, keys: Sequence[PartitionKey]) -> Iterator[tuple[PartitionKey, Version]]:
    found = {name: head for source in lake.sources(tier) for name, head in lake.heads(tier, source).items()}
    return ((key, found[str(key)]) for key in keys)


def _copy_events(index: Path, asset: str, versions: dict[PartitionKey, str]) -> None:
    (first, fingerprint), *others = versions.items()
    asset_key = dg.AssetKey(asset).to_string()
    with sqlite3.connect(index) as database:
        columns = [column[1] for column in database.execute("pragma table_info(event_logs)") if column[1] != "id"]
        events = database.execute(
            f"select {', '.join(columns)}, id from event_logs where asset_key = ? and partition = ?",
            (asset_key, str(first)),
        ).fetchall()
        (newest,) = database.execute("select max(id) from event_logs").fetchone()
        marks = ", ".join("?" * (len(columns) + 1))
        for key, other in others:
            for *values, old in events:
                newest += 1
                texts = [_instead(value, (str(first), str(key)), (fingerprint, other)) for value in values]
                database.execute(
                    f"insert into event_logs ({', '.join(columns)}, id) values ({marks})", (*texts, newest)
                )
                tags = "asset_event_tags (event_id, asset_key, key, value, event_timestamp)"
                database.execute(
                    f"insert into {tags} select ?, asset_key, key, replace(value, ?, ?), event_timestamp "
                    "from asset_event_tags where event_id = ?",
                    (newest, fingerprint, other, old),
                )
    database.close()


def _instead(value: Any, *names: tuple[str, str]) -> Any:
    for old, new in names if isinstance(value, str) else ():
        value = value.replace(old, new)
    return value


def main(root: str, partitions: str, sources: str = "4") -> None:
    """Make a home."""
    grow(Home(Path(root)), int(partitions), int(sources))


if __name__ == "__main__":
    main(*sys.argv[1:])
