import dagster as dg
import pytest

from resources import models
from tier_assets.errors import PolicyError
from tier_assets.inference import ModelUnavailableError


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    return tmp_path


def test_languages_are_identified_by_a_real_model():
    with dg.build_resources({"it": models.language_identifier}) as resources:
        (labels,) = resources.it.predict(["Der schnelle braune Fuchs springt über den faulen Hund."])
    assert labels[0].name == "de"


def test_the_trainer_is_fasttext(tmp_path):
    with dg.build_resources({"it": models.classifier_trainer}) as resources:
        assert type(resources.it).__name__ == "FastTextTrainer"


def test_the_language_model_is_the_policys_and_starts_nothing_until_asked():
    with dg.build_resources({"it": models.language_model}) as resources:
        assert "SmolLM2" in resources.it.name
        assert len(resources.it.digest) == 64


def test_another_backend_is_one_setting(home):
    (home / "strata.toml").write_text(
        '[language_model]\nbackend = "openai"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
    )
    with (
        dg.build_resources({"it": models.language_model}) as resources,
        pytest.raises(ModelUnavailableError, match=r"no language model at http://127\.0\.0\.1:9/v1"),
    ):
        resources.it.name  # noqa: B018 - asking is the point


def test_a_policy_that_cannot_be_read_is_an_error_of_whoever_asks(home):
    (home / "strata.toml").write_text("[raw]\nmax_line_byte = 7\n")
    with dg.build_resources({"it": models.language_model}) as resources:
        for _ in range(2):
            with pytest.raises(PolicyError, match="line 2: raw.max_line_byte: no such key"):
                resources.it.digest  # noqa: B018 - asking is the point
