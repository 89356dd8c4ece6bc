import dagster as dg
import pytest

from resources import storage
from tier_assets.errors import PolicyError


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    return tmp_path


def opened(resource):
    with dg.build_resources({"it": resource}) as resources:
        return resources.it


def test_the_folders_are_those_of_the_home(home):
    assert opened(storage.home).root == home
    assert opened(storage.lake).root == home / "lake"
    assert opened(storage.landing).root == home / "landing"


def test_an_edited_policy_needs_no_reload(home):
    assert opened(storage.policies).default.refined.max_documents == 25
    (home / "strata.toml").write_text("[refined]\nmax_documents = 3\n")
    assert opened(storage.policies).default.refined.max_documents == 3


def test_a_policy_that_cannot_be_read_is_an_error_of_whoever_asks(home):
    (home / "strata.toml").write_text("[raw]\nmax_line_byte = 7\n")
    book = opened(storage.policies)
    for _ in range(2):
        with pytest.raises(PolicyError, match="line 2: raw.max_line_byte: no such key"):
            book.for_source("crawl")
