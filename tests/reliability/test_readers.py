"""A reader in a loop while versions are published: every read is exactly one version, and never an older one than before."""

import json

from tests.reliability.writers import TABLE, ended, publish, publish_all, started
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake

KEY = PartitionKey.parse("crawl.2026-08")


def texts(number):
    return [f"version {number}"] * number


def read_until_last(root, told, last):
    """Read until the last version is there; writes down [texts read, decisions read] of every read."""
    lake, seen = Lake(root), []
    while not seen or seen[-1][0] != texts(last):
        rows = lake.read(TABLE, KEY).collect()["text"].to_list()
        kept = int(lake.decisions(TABLE, KEY).collect()["kept"].sum())
        seen.append([rows, kept])
    told.write_text(json.dumps(seen))


def test_every_read_is_exactly_one_version(tmp_path, often):
    root, told, last = tmp_path / "lake", tmp_path / "told", often(15, 100)
    publish(root, str(KEY), texts(1), "1")
    reader = started(read_until_last, root, told, last)
    writer = started(publish_all, root, [(str(KEY), texts(number), str(number)) for number in range(2, last + 1)])
    assert ended(writer, reader) == [0, 0]
    seen = json.loads(told.read_text())
    assert [rows for rows, _ in seen if rows != texts(len(rows))] == []
    lengths = [len(rows) for rows, _ in seen]
    assert lengths == sorted(lengths)
    # Rows are read first, so their decisions are of the same version or of one promoted in between.
    assert all(len(rows) <= kept for rows, kept in seen)
