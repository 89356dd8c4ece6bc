import io
import time

import pytest

from tier_assets.progress import LogNarrator, TerminalNarrator, remaining


def test_a_log_is_not_flooded():
    lines: list[str] = []
    report = LogNarrator().reporter("filtered crawl.1", lines.append)
    for done in range(100_000):
        report(done, 100_000, "pages")
    assert len(lines) < 10


def test_a_line_that_stays_goes_to_the_stream():
    stream = io.StringIO()
    TerminalNarrator(stream).say("crawl.1: raw")
    assert stream.getvalue() == "crawl.1: raw\n"


def test_what_is_left_is_told_in_seconds_or_minutes():
    assert remaining(10, 30, 10.0) == ", about 20 s left"
    assert remaining(6, 66, 60.0) == ", about 10 min left"
    assert remaining(0, 10, 50.0) == ""
    assert remaining(10, 10, 50.0) == ""


def test_too_early_nothing_is_said_of_what_is_left():
    assert remaining(4, 100, 60.0) == ""
    assert remaining(50, 100, 9.0) == ""


@pytest.fixture
def told(monkeypatch):
    """Reports at given seconds, and the lines that a log gets of them."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    lines: list[str] = []
    report = LogNarrator().reporter("filtered crawl.1", lines.append)

    def tell(second, *seen):
        clock[0] = second
        report(*seen)
        return [line.removeprefix("filtered crawl.1: ") for line in lines]

    return tell


def test_within_a_phase_nothing_goes_backwards(told):
    told(11, 500, 720, "pages extracted")
    assert told(22, 0, 720, "pages extracted")[-1] == "pages extracted 500 of 720"


def test_of_long_work_the_beginning_of_every_phase_is_told_and_its_time_measured_anew(told):
    told(1, 0, 100, "pages extracted")
    told(41, 100, 100, "pages extracted")
    told(42, 0, 100, "pages judged")
    lines = told(62, 50, 100, "pages judged")
    assert lines == ["pages extracted 100 of 100", "pages judged 0 of 100", "pages judged 50 of 100, about 20 s left"]


def test_of_short_work_nothing_is_told(told):
    told(1, 100, 100, "pages extracted")
    assert told(2, 0, 100, "pages judged") == []


def test_the_next_file_of_the_same_bytes_goes_on_measuring_their_time(told):
    told(1, 0, 100, "a.warc")
    told(9, 40, 100, "a.warc")
    assert told(51, 50, 100, "b.warc") == ["b.warc 50 of 100, about 50 s left"]
