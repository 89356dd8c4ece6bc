import io

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
    assert remaining(10, 30, 5.0) == ", about 10 s left"
    assert remaining(1, 61, 10.0) == ", about 10 min left"
    assert remaining(0, 10, 5.0) == ""
    assert remaining(10, 10, 5.0) == ""
