import dagster as dg
import pytest

from resources import storage


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
