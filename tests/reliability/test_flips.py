"""Single bits that change in every kind of file of a home, as a disk changes them: the time of change stays.

Nothing is served as other data: every command says the truth or ends with one line that names the file. And each flip is
named, by the command that met it or by `strata scrub`, or its file is derived and was made again.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass

import polars as pl
import pytest

from tests.growth import promote
from tests.reliability.commands import answer, strata
from tier_assets.cli import main
from tier_assets.completions import CompletionCache
from tier_assets.files.digests import file_digest, text_digest
from tier_assets.files.documents import write_document
from tier_assets.files.leases import FileLease
from tier_assets.files.processes import Owner
from tier_assets.files.sealed import write_sealed
from tier_assets.home import Home
from tier_assets.inference import Completion
from tier_assets.keys import PartitionKey
from tier_assets.lake import commits
from tier_assets.lake.lake import Lake
from tier_assets.outcome import Outcome
from tier_assets.planning import CONTRACTS
from tier_assets.policy_book import PolicyBook
from tier_assets.schemas import TABLES
from tier_assets.tiers import Tier

KEY = PartitionKey.parse("crawl.2026-08")
OTHER = PartitionKey.parse("crawl.2026-09")
COMMANDS = (
    *(("read", tier) for tier in Tier),
    *(("read", tier, "--decisions") for tier in (Tier.FILTERED, Tier.ORGANIZED)),
    ("read", Tier.FILTERED, "--decisions", "--held"),
    ("history", Tier.FILTERED),
    ("lookup", "ferry"),
)
STATUS = ("status",)
FACT = "The ferry leaves the northern quay at seven."


@dataclass(frozen=True)
class Kind:
    """Files of a home by pattern. `by_digest`: all their bytes are under a digest, so that every flip is found."""

    pattern: str
    by_digest: bool = True


KINDS = {
    "rows": Kind("lake/*/crawl/partition=*/*.parquet"),
    "decisions": Kind("lake/*/crawl/_decisions/partition=*/*.parquet"),
    "log entries": Kind("lake/*/crawl/_delta_log/*1.json"),
    # What makes a table carries no digest: only the index of the logs knows what it was.
    "first log entries": Kind("lake/*/crawl/_delta_log/*0.json", by_digest=False),
    "checkpoint": Kind("lake/filtered/crawl/_delta_log/*.checkpoint.*"),
    "hint of the checkpoint": Kind("lake/filtered/crawl/_delta_log/_last_checkpoint", by_digest=False),
    "manifests": Kind("lake/*/crawl/_candidates/partition=*/*.json"),
    "attempts": Kind("lake/filtered/crawl/_attempts/*.json"),
    "index of the logs": Kind("lake/_index/log.sqlite", by_digest=False),
    "policy values": Kind("lake/*/crawl/_policies/*.json"),
    "cached measurements": Kind("lake/_cache/*/*.parquet"),
    "dedup runs": Kind("lake/_cache/dedup/*"),
    "answers of models": Kind("lake/_cache/completions.sqlite", by_digest=False),
    "index of facts": Kind("lake/_index/facts.sqlite"),
    "digest of that": Kind("lake/_index/facts.sqlite.sha256"),
    "landed": Kind("landing/crawl/*/*.jsonl"),
    "its listing": Kind("landing/crawl/2026-08/_SUCCESS"),
    "its digests": Kind("landing/crawl/2026-08/_digests.json"),
    "references": Kind("landing/crawl/2026-09/_REFERENCES", by_digest=False),
    "scorers": Kind("models/*.bin"),
    "leases": Kind("lake/_leases/0123456789abcdef", by_digest=False),
    "policy": Kind("strata.toml", by_digest=False),
    "Dagster's settings": Kind("dagster/dagster.yaml", by_digest=False),
    "Dagster's storage": Kind("dagster/**/*.db", by_digest=False),
}


@pytest.fixture(scope="module")
def whole(materialized, tmp_path_factory):
    """A home with every kind of file."""
    home = Home(shutil.copytree(materialized, tmp_path_factory.mktemp("flips") / "home"))
    lake, book = Lake(home.lake), PolicyBook.read(home.policy)
    for tier in (Tier.SELECTED, Tier.REFINED):
        promote(lake, CONTRACTS[tier], KEY, {"code": "1"}, book)
    lake.promote(lake.stage(Tier.ORGANIZED, KEY, facts(), basis=0, parts={"code": "1"}))
    rows = lake.read(Tier.FILTERED, KEY).drop("partition").collect()
    decisions = TABLES[Tier.FILTERED].decisions.conform(rows.select("doc_id", "uri", pl.lit(True).alias("kept")))
    held = lake.stage(Tier.FILTERED, KEY, Outcome(rows, decisions), basis=1, parts={"code": "2"})
    lake.record(held.with_report("held", {"rows_in": 2, "rows_kept": 2}, ()))
    lake.attempts(Tier.FILTERED, KEY).fail("a run", "the disk was full")
    # Entry 0 makes the table: a checkpoint is due at every hundredth.
    commits.keep_checkpoint(lake.folder(Tier.FILTERED, "crawl"), 0)
    cache = CompletionCache(home.completions)
    for number in range(40):
        cache.put(f"{number:064x}", "model", Completion(f"answer {number} " * 9, "stop", 7, 9))
    cache.close()
    (home.models / "new").write_bytes(bytes(range(256)) * 9)
    (home.models / "new").rename(home.models / f"{file_digest(home.models / 'new')}.bin")
    elsewhere = home.root / "pages.jsonl"
    elsewhere.write_text(json.dumps({"text": FACT}) + "\n")
    assert strata(home.root, "land", "--reference", str(OTHER), str(elsewhere)).wait() == 0
    write_sealed(lake.cache_path("dedup", "0" * 64, ".runs"), lambda path: path.write_bytes(bytes(range(256)) * 9))
    elsewhere = Owner("another boot", 7, "7", "7", "0123456789abcdef")
    FileLease(home.lake / "_leases" / elsewhere.lease).take(elsewhere)
    attempt = {"state": "running", "run_id": "", "started_at": "2026-11-28", "message": "", "owner": asdict(elsewhere)}
    write_document(home.lake / f"selected/crawl/_attempts/{KEY}.json", attempt)
    for command in (("lookup", "ferry"), ("status",)):
        assert strata(home.root, *command).wait() == 0
    return home.root


def facts():
    """One fact with its evidence."""
    span = {"doc_id": "s", "uri": "https://example.org/", "file": "a.warc", "offset": 7, "start": 0, "end": 1}
    row = {"doc_id": "d", "fact_id": "f", "text": FACT, "evidence": [{"text": FACT, **span}]}
    decision = pl.DataFrame({"doc_id": ["d"], "uri": ["https://example.org/"], "kept": [True]})
    schema = TABLES[Tier.ORGANIZED]
    return Outcome(schema.rows.conform(pl.DataFrame([row])), schema.decisions.conform(decision))


def texts(home):
    return sorted(row["text"] for row in answer(home, "read", "filtered")["rows"])


@pytest.mark.parametrize("pattern", ["partition=*", "_decisions/partition=*"])
def test_what_scrub_finds_damaged_is_stale_and_made_again(materialized, tmp_path, pattern):
    home = shutil.copytree(materialized, tmp_path / "home")
    before = texts(home)
    (path,) = (home / "lake" / "filtered" / "crawl").glob(f"{pattern}/*.parquet")
    flip(path, 1, 3)
    assert [row["state"] for row in answer(home, "status", "filtered")["rows"]] == ["current"]
    found = strata(home, "scrub", "filtered", "--json")
    assert found.wait() == 1, found.said
    (damage,) = json.loads(found.printed)["damaged"]
    remedy = "`strata materialize filtered -p crawl.2026-08`"
    assert damage == {"path": str(path), "what": "is not what was promoted", "remedy": remedy}
    assert [row["state"] for row in answer(home, "status", "filtered")["rows"]] == ["stale"]
    done = strata(home, "materialize", "filtered")
    assert done.wait() == 0, done.said
    assert texts(home) == before
    assert answer(home, "status", "filtered")["rows"][0]["version"] == 2


def test_a_landed_file_that_changed_before_it_was_read_is_held_not_served(landed, tmp_path):
    home = shutil.copytree(landed, tmp_path / "home")
    page = home / "landing" / "crawl" / "2026-08" / "pages.jsonl"
    flip(page, 1, 3)
    believe(page)
    assert strata(home, "materialize", "raw").wait() == 3
    assert answer(home, "read", "raw")["rows"] == []
    (held,) = answer(home, "history", "raw")["history"]
    assert (held["kind"], "files_unreadable" in held["reason"]) == ("held", True)


def believe(page):
    """Note for a file as it is now what was noted before: its times have not changed, for all that the disk knows."""
    notes = page.with_name("_digests.json")
    known = json.loads(notes.read_text())
    (sha256,) = (each["sha256"] for each in json.loads(page.with_name("_SUCCESS").read_text())["files"])
    found = page.stat()
    stamp = f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"
    notes.write_text(json.dumps({**known, page.name: [stamp, sha256, text_digest(page.name, stamp, sha256)]}))


def flip(path, number, of):
    """Change one bit at one of so many places, as a disk does it, which tells nobody."""
    data, before = bytearray(path.read_bytes()), path.stat()
    data[number * (len(data) - 1) // max(of - 1, 1)] ^= 1 << number % 8
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def run(capsys):
    """A function from a home and a command to its exit status, and what it printed and said."""

    def run(home, *command):
        with pytest.raises(SystemExit) as ended:
            main([*map(str, command), "--home", str(home)])
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def truth():
    """What every command printed of the whole home: filled by the first test."""
    return {}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_flipped_bit_is_served_as_no_other_data_and_named(whole, tmp_path, run, truth, often, kind):
    if not truth:
        truth.update({command: run(whole, *command, "--json") for command in (*COMMANDS, STATUS)})
        assert all(code == 0 for code, _, _ in truth.values())
    count = often(8, 200)
    for number in range(count):
        home = tmp_path / str(number)
        shutil.copytree(whole, home)
        if number % 2:
            # Else the copy has no index of its logs that fits, and reads them.
            run(home, "status", "raw")
        paths = sorted(path for path in home.glob(kind.pattern) if path.is_file())
        path = paths[number % len(paths)]
        flip(path, number, count)
        check(home, path, run, truth, kind, apart=number == 0, with_status=number % 4 < 2)
        shutil.rmtree(home)


def states(out):
    return {row["state"] for row in json.loads(out)["rows"]}


def check(home, path, run, truth, kind, *, apart, with_status):
    """One flip: what every command says of it."""
    harmed, name = path.read_bytes(), path.stem if path.suffix == ".sha256" else path.name
    if apart:
        for command in (STATUS, ("scrub", "--json")):
            assert "Traceback" not in strata(home, *command).said
    named = False
    for command in (*COMMANDS, *([STATUS] if with_status else [])):
        code, out, err = run(home, *command, "--json")
        if (code, out) == truth[command][:2]:
            continue
        assert code == 1 or command == STATUS, f"{path}: {command} printed other data: {out}"
        assert len(err.splitlines()) == (1 if code else 0), err
        if code == 0 and states(out) == {*states(truth[command][1]), "stale"}:
            continue
        assert name in out + err, f"{path}: {command} said {err!r} {out}"
        named = True
    code, out, _ = run(home, "scrub", "--json")
    damaged = json.loads(out)["damaged"]
    assert code == (1 if damaged else 0)
    named = named or any(name in each["path"] + each["what"] for each in damaged)
    made_again = not path.exists() or path.read_bytes() != harmed
    assert named or made_again or not kind.by_digest, f"{path} was flipped, and nothing said so: {damaged}"
