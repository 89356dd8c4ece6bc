"""Which language model answers: the policy's one setting. The models themselves are in the modules imported here."""

from pathlib import Path

from resources.embedded_server import EmbeddedLanguageModel
from resources.openai_client import OpenAILanguageModel
from resources.vllm_engine import VllmLanguageModel
from tier_assets.completions import CachedLanguageModel
from tier_assets.policy import LanguageModelPolicy


def language_model(
    policy: LanguageModelPolicy, *, api_key: str | None = None, cache_path: Path | None = None
) -> EmbeddedLanguageModel | OpenAILanguageModel | VllmLanguageModel | CachedLanguageModel:
    """The model of the policy, remembering its completions in `cache_path` if given. Starts nothing yet; close it.

    Raises StrataError if the policy lacks what its backend needs.
    """
    model = _backend(policy, api_key)
    return CachedLanguageModel(model, cache_path) if cache_path is not None else model


def _backend(
    policy: LanguageModelPolicy, api_key: str | None
) -> EmbeddedLanguageModel | OpenAILanguageModel | VllmLanguageModel:
    match policy.backend:
        case "embedded":
            return EmbeddedLanguageModel(
                gguf=policy.model,
                profile="small" if policy.profile == "auto" else policy.profile,
                context_tokens=policy.context_tokens,
                concurrency=policy.concurrency,
                timeout_seconds=policy.timeout_seconds,
                threads=policy.threads,
            )
        case "openai":
            return OpenAILanguageModel(
                policy.base_url,
                model=policy.model,
                api_key=api_key,
                profile="large" if policy.profile == "auto" else policy.profile,
                context_tokens=policy.context_tokens,
                concurrency=policy.concurrency,
                timeout_seconds=policy.timeout_seconds,
            )
        case "vllm":
            return VllmLanguageModel(
                policy.model,
                profile="large" if policy.profile == "auto" else policy.profile,
                context_tokens=policy.context_tokens,
                concurrency=policy.concurrency,
            )
