"""Asking a language model many things within a budget of tokens: shared by L3 and L4.

What is asked is in the tiers; who answers, in `resources/`; what was answered before is remembered by `completions.py`.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from tier_assets.errors import PolicyError
from tier_assets.inference import Completion, LanguageModel, Prompt, Report

WAVE = 32
"""Most requests handed over at once. A wave is also no larger than the rest of the budget allows at worst."""


@dataclass(frozen=True)
class Answers:
    """One completion per prompt, in order; None where the budget was spent before it was asked."""

    completions: tuple[Completion | None, ...]

    @property
    def measures(self) -> dict[str, float]:
        """What the answers took: tokens as the model counts them, whether paid now or cached; seconds of new requests."""
        made = [completion for completion in self.completions if completion is not None]
        return {
            "attempts": float(len(made)),
            "tokens_generated": float(sum(completion.completion_tokens for completion in made)),
            "tokens_prompt": float(sum(completion.prompt_tokens for completion in made)),
            "cached": float(sum(completion.cached for completion in made)),
            "seconds": sum(completion.seconds for completion in made),
        }


def ask(model: LanguageModel, prompts: Sequence[Prompt], token_budget: int, report: Report, what: str) -> Answers:
    """Ask in order until `token_budget` generated tokens are used; cached ones count, so a cache changes no outcome.

    The budget is passed by less than one request: a wave is only as large as its `max_tokens` allow, or a single request.
    """
    completions: list[Completion | None] = [None] * len(prompts)
    used = position = 0
    while position < len(prompts) and used < token_budget:
        size = _wave(prompts[position:], token_budget - used)
        done = position
        for index, completion in model.generate(prompts[position : position + size]):
            completions[position + index] = completion
            used += completion.completion_tokens
            done += 1
            report(done, len(prompts), what)
        position += size
    return Answers(tuple(completions))


def need_context(model: LanguageModel, tokens: int) -> None:
    """Raises PolicyError if the model takes fewer tokens than the recipes of its profile need."""
    if model.context_tokens < tokens:
        raise PolicyError(
            f"the {model.profile} recipes need {tokens} tokens of context and {model.name} is given "
            f"{model.context_tokens}: raise language_model.context_tokens in strata.toml"
        )


def identity(*parts: object) -> str:
    """The doc_id of something generated: blake2b-128 (32 hex digits) of the JSON list of `parts`."""
    body = json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def _wave(prompts: Sequence[Prompt], budget: int) -> int:
    size = worst = 0
    for prompt in prompts[:WAVE]:
        worst += prompt.sampling.max_tokens
        if worst > budget:
            break
        size += 1
    return max(size, 1)
