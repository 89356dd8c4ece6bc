"""Homes that the tests of the command line start from, made once and copied for each test."""

import shutil

import pytest

from tests.reliability.commands import page_lines, strata

KEY = "crawl.2026-08"


@pytest.fixture(scope="session")
def landed(tmp_path_factory):
    """A home with one landed partition: two pages, and a line that is no JSON."""
    home = tmp_path_factory.mktemp("landed") / "home"
    pages = home.parent / "pages.jsonl"
    pages.write_text(page_lines(["acueducto", "afsluitdijk"]) + "a private remark\n", "utf-8")
    assert strata(home, "land", KEY, str(pages)).wait() == 0
    assert strata(home, "init").wait() == 0
    return home


@pytest.fixture(scope="session")
def materialized(landed, tmp_path_factory):
    """The same home after an uninterrupted run up to L1."""
    home = tmp_path_factory.mktemp("materialized") / "home"
    shutil.copytree(landed, home)
    done = strata(home, "materialize", "filtered")
    assert done.wait() == 0, done.said
    return home


@pytest.fixture
def home(landed, tmp_path):
    """A landed home of the test's own."""
    return shutil.copytree(landed, tmp_path / "home")
