"""A promoted version, and the entry of a Delta log that promoted it: its body, and whether an entry is whole.

An entry tells one promotion: what our body says of it, one app transaction that fences it, the files it adds and those it
removes. All of this must agree, and the body carries a digest, so that a lost line or a flipped bit is noticed. Writing
entries is in `commits.py`, remembering them in `log_index.py`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tier_assets.errors import DamagedError, LakeError
from tier_assets.files.digests import text_digest
from tier_assets.keys import PartitionKey
from tier_assets.lake.candidates import Candidate, StagedFile, now

SHOWN = (
    *("rows_in", "rows_kept", "dropped", "tokens", "tokens_exact", "checks", "seconds", "cost", "notes"),
    *("cut_by_budget", "token_budget"),
)
"""What of a version's summary a list of partitions shows, or goes by."""
BODY = "strata"
"""The name of our body in an entry's `commitInfo`."""


@dataclass(frozen=True)
class Version:
    """One promoted version of a partition, as its commit tells it.

    `promotion` is the identity of the act: the same candidate may be promoted more than once. `files` are those of the kept
    rows, `decided` that of the decisions; of versions made before digests were kept here, their sha256 may be empty.
    """

    table: str
    partition: str
    number: int
    delta_version: int
    candidate: str
    fingerprint: str
    parts: Mapping[str, str]
    content_digest: str
    decisions: str
    summary: Mapping[str, Any]
    kind: str
    actor: str
    reason: str
    run_id: str
    promoted_at: str
    promotion: str = ""
    files: tuple[StagedFile, ...] = ()
    decided: StagedFile | None = field(default=None)


@dataclass(frozen=True)
class Act:
    """A promotion about to happen: its identity, the number of the version it follows, and who wants it why."""

    promotion: str
    basis: int
    kind: str = "promote"
    actor: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Entry:
    """What an entry of a log says: the body of a promotion as JSON, nothing for one that only makes the table."""

    body: str
    partition: str = ""
    number: int = 0
    candidate: str = ""
    promotion: str = ""
    fingerprint: str = ""
    content_digest: str = ""
    looks: str = ""
    shown: str = ""


def app_of(table: str, key: PartitionKey | str) -> str:
    """The name of the app transaction that fences a partition of a table."""
    return f"{table}/{key}"


def fingerprint_of(table: str, key: PartitionKey | str, parts: Mapping[str, str]) -> str:
    """sha256 over all that a promoted partition depends on: equal means there is nothing to do."""
    return text_digest(table, str(key), *(f"{name}={parts[name]}" for name in sorted(parts)))


def body_of(candidate: Candidate, act: Act) -> dict[str, Any]:
    """The body of the entry that promotes a candidate, with a digest over all of it."""
    body = {
        "table": candidate.table,
        "partition": candidate.partition,
        "number": act.basis + 1,
        "candidate": candidate.candidate,
        "promotion": act.promotion,
        "fingerprint": candidate.fingerprint,
        "parts": dict(candidate.parts),
        "content_digest": candidate.content_digest,
        "decisions": candidate.decisions.path,
        "files": [_packed(each) for each in candidate.files],
        "decided": _packed(candidate.decisions),
        "summary": {
            **candidate.summary,
            "decisions_sha256": candidate.decisions.sha256,
            "checks_digest": text_digest(json.dumps(candidate.report, sort_keys=True, default=str)),
        },
        "kind": act.kind,
        "actor": act.actor,
        "reason": act.reason,
        "run_id": candidate.run_id,
        "promoted_at": now(),
    }
    return body | {"digest": body_digest(body)}


def body_digest(body: Mapping[str, Any]) -> str:
    """sha256 over a body less its digest."""
    plain = {name: value for name, value in body.items() if name != "digest"}
    return text_digest(json.dumps(plain, sort_keys=True))


def version_of(body: str, delta_version: int) -> Version:
    """The version that an entry's body tells of."""
    values = json.loads(body)
    values.pop("digest", None)
    files = tuple(StagedFile(*each) for each in values.pop("files", ()))
    decided = StagedFile(*values.pop("decided")) if "decided" in values else None
    return Version(**values, delta_version=delta_version, files=files, decided=decided)


def _completed(body: dict[str, Any], adds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The body of an entry from before files were named in it. Their digests are in the candidate's manifest."""
    path, sha256 = body["decisions"], body["summary"].get("decisions_sha256", "")
    return {
        **body,
        "files": [[add["path"], add["size"], json.loads(add["stats"])["numRecords"], "", 0] for add in adds],
        "decided": [path, -1, -1, sha256, 0],
    }


def _packed(file: StagedFile) -> list[Any]:
    return [file.path, file.bytes, file.rows, file.sha256, file.changed]


def entry_of(data: bytes, before: Version | None, table: str) -> Entry:
    """What an entry of a table's log says, `before` being the promoted version it follows, if it is known whose.

    Raises DamagedError saying what is wrong with it.
    """
    try:
        actions = [json.loads(line) for line in data.decode("utf-8").splitlines() if line.strip()]
        infos, adds, removes, fences = (
            [action[kind] for action in actions if kind in action] for kind in ("commitInfo", "add", "remove", "txn")
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedError(f"it is no list of JSON documents: {error}") from None
    bodies = [info[BODY] for info in infos if isinstance(info, dict) and BODY in info]
    if not bodies:
        if adds or removes or fences or not any("metaData" in action for action in actions):
            raise DamagedError("it tells of no promotion, and makes no table")
        return Entry("")
    try:
        return _promotion(bodies, adds, removes, fences, before, table)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedError(f"what it says of its promotion cannot be read: {error}") from None


def partition_of(data: bytes) -> str:
    """The partition that an entry says it is about, as far as can be seen; empty for none."""
    for line in data.splitlines():
        if b'"txn"' in line:
            try:
                return str(json.loads(line)["txn"]["appId"]).partition("/")[2]
            except (ValueError, TypeError, KeyError, RecursionError):
                return ""
    return ""


def unreadable(folder: Path, why: str) -> LakeError:
    """The error for the log of a table that is damaged."""
    return LakeError(f"{folder}: the table's log cannot be read ({why}): see docs/architecture.md, damage")


def unreadable_entry(path: Path, why: str) -> LakeError:
    """The error for the log of a table, one entry of which is damaged."""
    return unreadable(path.parents[1], f"{path.name}: {why}")


def _promotion(
    bodies: Sequence[str],
    adds: Sequence[Mapping[str, Any]],
    removes: Sequence[Mapping[str, Any]],
    fences: Sequence[Mapping[str, Any]],
    before: Version | None,
    table: str,
) -> Entry:
    (text,) = bodies
    body = json.loads(text)
    if "digest" not in body:
        body = _completed(body, adds)
        text = json.dumps(body, sort_keys=True)
    elif body["digest"] != body_digest(body):
        raise DamagedError("what it says of its promotion is not what was written")
    version = version_of(text, 0)
    if version.table != table or ("digest" not in body and not _fits(version)):
        raise DamagedError("what it says of its promotion is not what was written")
    if [(fence["appId"], fence["version"]) for fence in fences] != [(app_of(table, version.partition), version.number)]:
        raise DamagedError("its app transaction is lost or another one")
    sizes = {each.path: each.bytes for each in version.files}
    if not sizes or {add["path"]: add["size"] for add in adds} != sizes:
        raise DamagedError("the files it adds are not those of its promotion")
    if any(add["partitionValues"] != {"partition": version.partition} for add in adds):
        raise DamagedError("the files it adds are said to be of another partition")
    if version.number != (before.number if before else 0) + 1:
        raise DamagedError(f"it makes version {version.number} of {version.partition}, which does not come next")
    gone = {each.path for each in before.files} - sizes.keys() if before else set()
    if {remove["path"] for remove in removes} != gone:
        raise DamagedError("the files it removes are not those of the version before")
    return Entry(
        text,
        version.partition,
        version.number,
        version.candidate,
        version.promotion,
        version.fingerprint,
        version.content_digest,
        _looks(version),
        json.dumps({name: version.summary[name] for name in SHOWN if name in version.summary}, ensure_ascii=False),
    )


def _looks(version: Version) -> str:
    every = (*version.files, *([version.decided] if version.decided else []))
    return json.dumps([[file.path, file.bytes, file.changed] for file in every])


def _fits(version: Version) -> bool:
    """Whether a body without a digest, as they were, agrees with itself and its files."""
    if any(not each.path.startswith(f"partition={version.partition}/{version.candidate}-") for each in version.files):
        return False
    made = fingerprint_of(version.table, version.partition, version.parts)
    return version.fingerprint == made and version.candidate.startswith(made[:12])
