"""What arrives may be cut, empty, junk or malicious: one line, the right exit status, and nothing outside the home."""

import gzip
import os
import shutil

import pytest

from tests.reliability.commands import PAGES, answer, page_lines, strata

KEY = "crawl.2026-08"
HOSTILE_KEYS = (
    "../x", "crawl.1/../../x", "/etc/passwd", "x'.1", 'x".1', "x.1\ny.2", "x.1\x1b[31m", "x." + "1" * 300, "", ".", "..",
    "X.1", "crawl.1;touch x", "crawl.1 ", "crawl.é", "crawl.\u202e1", "crawl.1,crawl.2", "%2e%2e.1", "crawl",
)  # fmt: skip
HOSTILE_FOLDERS = (
    "evil\nname", "a b", "x'; drop table x; --", "-rf", "UPPER", "\u202eabc", "\x1b[31mred", "n" * 255, "é", "\udcff\udcfe",
    "..hidden", "~", "%s%n", "__import__",
)  # fmt: skip


def assert_one_line(command, *statuses):
    assert command.wait() in statuses, command.said
    assert command.printed == ""
    assert len(command.said.splitlines()) == 1, command.said
    assert command.said.startswith("strata: ")
    assert command.said.removesuffix("\n").isprintable()


def files_of(folder):
    return sorted(str(path) for path in folder.rglob("*"))


@pytest.mark.parametrize("key", HOSTILE_KEYS, ids=ascii)
def test_a_hostile_key_is_refused_in_one_line_by_every_command_and_nothing_is_written(home, key):
    file = home.parent / "pages.jsonl"
    file.write_text(page_lines(["anning"]))
    before = files_of(home.parent)
    for arguments in (
        ("land", key, str(file)),
        ("materialize", "-p", key),
        ("status", "-p", key),
        ("read", "raw", "-p", key),
        ("history", "raw", "-p", key),
        ("promote", "raw", "-p", key, "--reason", "why not"),
    ):
        command = strata(home, *arguments)
        assert_one_line(command, 1, 2)
        assert "is no partition key: use SOURCE.SNAPSHOT[.SHARD]" in command.said
    assert files_of(home.parent) == before


def test_an_option_is_no_key(home):
    assert_one_line(strata(home, "land", "--key", str(PAGES / "anning.html")), 2)


def test_hostile_folders_in_the_landing_zone_are_named_and_not_entered(home):
    for name in HOSTILE_FOLDERS:
        for folder in (home / "landing" / name, home / "landing" / "crawl" / name):
            folder.mkdir()
            (folder / "_SUCCESS").touch()
            (folder / "a.jsonl").write_text(page_lines(["anning"]))
    (home / "landing" / "outside").symlink_to("/etc")
    (home / "landing" / "crawl" / "outside").symlink_to("/etc")
    status = strata(home, "status", "raw")
    assert status.wait() == 0
    named = status.printed.splitlines()[3:]
    assert len(named) >= len(HOSTILE_FOLDERS)
    assert all(line.isprintable() for line in named)
    done = strata(home, "materialize", "raw")
    assert done.wait() == 0, done.said
    assert {row["partition"] for row in answer(home, "status", "raw")["rows"]} <= {
        KEY,
        "crawl.UPPER",
        "crawl.__import__",
    }


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "name", "ending"])
def test_a_file_that_cannot_be_landed_is_refused_in_one_line(home, kind):
    path = home.parent / {"name": "x\ny.jsonl", "ending": "x.exe"}.get(kind, "x.jsonl")
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind != "missing":
        path.write_text("{}")
    assert_one_line(strata(home, "land", "crawl.2026-09", str(path)), 1, 2)


def warc(pages):
    """A WARC of one response per page."""
    out = b""
    for number in range(pages):
        body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>page"
        head = (
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://example.org/{number}\r\n"
            f"WARC-Date: 2026-08-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:{number:032x}>\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        out += gzip.compress(head.encode() + body + b"\r\n\r\n")
    return out


def test_truncated_empty_and_junk_files_are_held_saying_why_and_a_person_may_override(landed, tmp_path):
    home = shutil.copytree(landed, tmp_path / "home")
    shutil.rmtree(home / "landing" / "crawl")
    contents = {
        "cut.warc.gz": (warc(3)[:-20], "truncated"),
        "empty.warc.gz": (b"", "empty"),
        "empty.jsonl": (b"", "empty"),
        "junk.warc.gz": (b"junk" * 100, "is something else"),
        "junk.parquet": (b"PAR1 junk PAR1", "is no Parquet file"),
    }
    keys = {}
    for number, (name, (content, _)) in enumerate(contents.items()):
        (tmp_path / name).write_bytes(content)
        keys[name] = f"crawl.{number}"
        assert strata(home, "land", keys[name], str(tmp_path / name)).wait() == 0
    done = strata(home, "materialize", "filtered")
    assert done.wait() == 3, done.said
    assert "Traceback" not in done.said
    lines = done.said.splitlines()
    for name, (_, word) in contents.items():
        (held,) = [line for line in lines if line.startswith(f"held: raw {keys[name]}: completeness: ")]
        assert word in held
        assert f"blocked: filtered {keys[name]}: raw is held" in lines
    assert strata(home, "promote", "raw", "-p", "crawl.0", "--reason", "two of three pages will do").wait() == 0
    assert len(answer(home, "read", "raw", "-p", "crawl.0")["rows"]) == 2


def test_a_line_that_is_no_json_is_one_counted_drop(materialized):
    (row,) = answer(materialized, "status", "raw")["rows"]
    assert (row["state"], row["rows_in"], row["rows_kept"], row["dropped"]) == ("current", 3, 2, {"unreadable": 1})
    decisions = answer(materialized, "read", "raw", "--decisions")["rows"]
    (drop,) = [decision for decision in decisions if not decision["kept"]]
    assert drop["drop_reason"] == "unreadable"
    assert "private" not in str(drop)
