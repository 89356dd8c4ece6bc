"""The same partition materialized by two commands at once, and many first commands on a home that is not there yet."""

import signal
import time

from tests.reliability.commands import answer, page_lines, start, strata
from tests.reliability.kills import Point

KEY = "crawl.2026-08"
ATTEMPT_UNWRITTEN = Point(1, "after mkdir in Attempts._write", signal.SIGSTOP)
BASIS_READ = Point(1, "after replace in Attempts._write", signal.SIGSTOP)


def versions(home):
    return [(entry["version"], entry["kind"]) for entry in answer(home, "history", "raw")["history"]]


def test_two_commands_at_once_both_end_well_and_make_one_version(home):
    both = [start(home, "materialize", "raw") for _ in range(2)]
    assert [command.wait() for command in both] == [0, 0], [command.said for command in both]
    assert versions(home) == [(1, "promote")]
    assert "Traceback" not in both[0].said + both[1].said


def test_the_loser_of_a_race_with_the_same_result_ends_with_0_and_says_so(home):
    first = start(home, "materialize", "raw", at=ATTEMPT_UNWRITTEN)
    first.stopped()
    second = start(home, "materialize", "raw", at=BASIS_READ)
    second.stopped()
    first.go_on()
    assert first.wait() == 0, first.said
    second.go_on()
    assert second.wait() == 0, second.said
    assert f"{KEY}: raw was promoted by another run at the same time (version 1)" in second.said
    assert "another run" not in first.said
    assert versions(home) == [(1, "promote")]


def test_the_loser_of_a_race_with_another_result_ends_with_1_and_says_so(home):
    first = start(home, "materialize", "raw", at=ATTEMPT_UNWRITTEN)
    first.stopped()
    (home / "strata.toml").write_text("[raw]\nmax_payload_bytes = 1_000_000\n")
    second = start(home, "materialize", "raw", at=BASIS_READ)
    second.stopped()
    first.go_on()
    assert first.wait() == 0, first.said
    second.go_on()
    assert second.wait() == 1, second.said
    assert f"failed: {KEY}: raw {KEY}: lost the race, another run promoted version 1" in second.said
    assert "Traceback" not in second.said
    assert versions(home) == [(1, "promote")]
    assert strata(home, "materialize", "raw").wait() == 0
    assert versions(home) == [(2, "promote"), (1, "promote")]


def test_a_command_waits_for_another_that_is_at_work_on_the_partition_and_computes_nothing_again(home):
    first = start(home, "materialize", "raw", at=BASIS_READ)
    first.stopped()
    second = start(home, "materialize", "raw")
    while "waiting" not in second.said:
        assert second.process.is_alive(), second.said
        # It says so on its own time.
        time.sleep(0.05)
    assert f"{KEY}: raw is being computed by another process" in second.said
    first.go_on()
    assert (first.wait(), second.wait()) == (0, 0)
    assert versions(home) == [(1, "promote")]


def test_many_first_commands_on_a_new_home_are_in_nobodys_way(tmp_path):
    home = tmp_path / "new" / "home"
    home.parent.mkdir()
    commands = [
        # `materialize` makes Dagster's storage.
        start(home, name)
        for name in (*("init", "materialize", "status") * 2, "materialize", "materialize")
    ]
    assert [command.wait() for command in commands] == [0] * 8, [command.said for command in commands]
    pages = tmp_path / "pages.jsonl"
    pages.write_text(page_lines(["acueducto"]), "utf-8")
    assert strata(home, "land", KEY, str(pages)).wait() == 0
    assert strata(home, "materialize", "raw").wait() == 0
    assert [row["state"] for row in answer(home, "status", "raw")["rows"]] == ["current"]
