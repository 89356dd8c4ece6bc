import pytest

from resources.embedded_server import EmbeddedLanguageModel
from resources.language_model import language_model
from resources.openai_client import OpenAILanguageModel
from tests import misbehaving_server as bad
from tier_assets.completions import CachedLanguageModel
from tier_assets.errors import StrataError
from tier_assets.inference import Message, Prompt, Sampling
from tier_assets.policy import LanguageModelPolicy


def test_the_default_is_the_embedded_model_with_recipes_for_a_small_one():
    with language_model(LanguageModelPolicy()) as model:
        assert isinstance(model, EmbeddedLanguageModel)
        assert (model.name, model.profile, model.context_tokens) == ("SmolLM2-135M-Instruct.Q4_1", "small", 2048)


def test_a_server_gets_recipes_for_a_large_model_unless_the_policy_says_otherwise():
    policy = LanguageModelPolicy(backend="openai", base_url="http://127.0.0.1:1/v1")
    assert isinstance(language_model(policy), OpenAILanguageModel)
    assert language_model(policy).profile == "large"
    assert language_model(policy.model_copy(update={"profile": "small"})).profile == "small"
    assert language_model(LanguageModelPolicy(profile="large")).profile == "large"


@pytest.mark.parametrize(("backend", "setting"), [("openai", "base_url"), ("vllm", "model")])
def test_a_backend_without_what_it_needs_names_the_setting(backend, setting):
    with pytest.raises(StrataError, match=rf"language_model\.{setting}"):
        language_model(LanguageModelPolicy(backend=backend))


def test_with_a_cache_a_second_run_needs_no_answer(tmp_path):
    prompt = Prompt((Message("user", "hello"),), Sampling(max_tokens=3))
    with bad.MisbehavingServer() as server:
        policy = LanguageModelPolicy(backend="openai", base_url=server.url, timeout_seconds=5)
        for cached in (False, True):
            with language_model(policy, api_key="k", cache_path=tmp_path / "completions.sqlite") as model:
                assert isinstance(model, CachedLanguageModel)
                assert [(answer.text, answer.cached) for _, answer in model.generate([prompt])] == [("fine", cached)]
        assert server.keys == ["Bearer k"]
