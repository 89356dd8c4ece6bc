from datetime import UTC, datetime

import pytest

from tier_assets.l0_raw.dates import from_epoch, from_iso


@pytest.mark.parametrize(
    "text", ["2026-03-01T10:00:00Z", "2026-03-01T12:00:00+02:00", "2026-03-01 10:00:00", "20260301T100000Z"]
)
def test_iso_8601_is_read_as_utc(text):
    assert from_iso(text) == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_nanoseconds_are_cut_to_microseconds():
    assert from_iso("2026-03-01T10:00:00.123456789Z") == datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_date_is_none(text):
    assert from_iso(text) is None


def test_epoch_seconds_are_read_as_utc():
    assert from_epoch(1_700_000_000) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [1_700_000_000_000, float("nan"), float("inf"), 10**400, -(10**15)])
def test_seconds_beyond_the_calendar_are_none(seconds):
    assert from_epoch(seconds) is None
