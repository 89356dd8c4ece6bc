import os
from pathlib import Path

import pytest

from resources import deployments


def test_the_home_is_the_one_named_else_the_environments_else_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("STRATA_HOME", str(tmp_path / "env"))
    assert deployments.home(str(tmp_path / "named")) == tmp_path / "named"
    assert deployments.home() == tmp_path / "env"
    monkeypatch.delenv("STRATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert deployments.home() == tmp_path / ".strata"


def test_a_home_is_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert deployments.home("here") == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert deployments.home("~/x") == tmp_path / "x"


def test_an_empty_key_is_no_key(monkeypatch):
    monkeypatch.setenv("STRATA_LLM_API_KEY", "")
    assert deployments.api_key() is None
    monkeypatch.setenv("STRATA_LLM_API_KEY", "secret")
    assert deployments.api_key() == "secret"


def test_a_store_that_is_not_amazons_is_found_by_awss_own_settings(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    assert deployments.s3_endpoint() is None
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all")
    assert deployments.s3_endpoint() == "http://all"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3")
    assert deployments.s3_endpoint() == "http://s3"


def test_dagsters_processes_work_on_the_same_home_without_telemetry():
    environment = deployments.child_environment(Path("/h"))
    assert (environment["STRATA_HOME"], environment["DAGSTER_HOME"]) == ("/h", "/h/dagster")
    assert environment["DAGSTER_DISABLE_TELEMETRY"] == "1"
    assert environment["VLLM_NO_USAGE_STATS"] == "1"


@pytest.mark.parametrize("before", [None, "/elsewhere"])
def test_dagsters_home_is_named_only_within(monkeypatch, tmp_path, before):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    if before:
        monkeypatch.setenv("DAGSTER_HOME", before)
    with pytest.raises(ZeroDivisionError), deployments.dagster_home(tmp_path):
        assert os.environ["DAGSTER_HOME"] == str(tmp_path)
        raise ZeroDivisionError
    assert os.environ.get("DAGSTER_HOME") == before
