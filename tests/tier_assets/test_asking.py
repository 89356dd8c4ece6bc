"""A budget of tokens is kept whatever the cache holds, and every prompt has its answer or None."""

import pytest

from tests.recorded import RecordedLanguageModel
from tier_assets.asking import WAVE, ask, identity, need_context
from tier_assets.errors import PolicyError
from tier_assets.inference import Completion, Message, Prompt, Sampling, silent


def prompts(count, max_tokens=10):
    return [Prompt((Message("user", str(number)),), Sampling(max_tokens)) for number in range(count)]


def model_of(tokens, cached=False):
    return RecordedLanguageModel(
        lambda prompt: Completion(prompt.messages[0].content, "stop", 2, tokens, seconds=1.0, cached=cached)
    )


def answered(completions):
    return [completion is not None for completion in completions]


def test_answers_are_in_the_order_of_the_prompts():
    answers = ask(model_of(1), prompts(3), 100, silent, "asking")
    assert [completion.text for completion in answers.completions] == ["0", "1", "2"]


@pytest.mark.parametrize(("budget", "asked"), [(0, 0), (1, 1), (10, 1), (11, 2), (25, 3), (1000, 5)])
def test_asking_stops_when_the_budget_is_used(budget, asked):
    answers = ask(model_of(10), prompts(5), budget, silent, "asking")
    assert answered(answers.completions) == [True] * asked + [False] * (5 - asked)


def test_the_budget_is_passed_by_less_than_one_request():
    used = ask(model_of(10), prompts(50), 95, silent, "asking").measures["tokens_generated"]
    assert 95 <= used < 95 + 10


def test_cached_answers_use_the_budget_too_so_that_a_cache_changes_nothing():
    fresh, cached = (ask(model_of(7, kept), prompts(20), 50, silent, "asking") for kept in (False, True))
    assert answered(fresh.completions) == answered(cached.completions)
    assert cached.measures["cached"] == cached.measures["attempts"] == 8


def test_no_wave_is_larger_than_its_limit():
    sizes = []
    model = model_of(1)
    generate = model.generate
    model.generate = lambda wave: sizes.append(len(wave)) or generate(wave)
    ask(model, prompts(WAVE + 5), 10**6, silent, "asking")
    assert sizes == [WAVE, 5]


def test_progress_counts_every_answer():
    seen = []
    ask(model_of(1), prompts(3), 100, lambda *progress: seen.append(progress), "asking")
    assert seen == [(1, 3, "asking"), (2, 3, "asking"), (3, 3, "asking")]


def test_a_context_that_is_too_short_is_refused_with_advice():
    with pytest.raises(
        PolicyError, match=r"need 1024 tokens.*recorded is given 512: raise language_model.context_tokens"
    ):
        need_context(RecordedLanguageModel({}, context_tokens=512), 1024)


def test_identities_are_32_hex_digits_that_depend_on_every_part():
    assert identity(["a"], "edit", 0) == identity(["a"], "edit", 0)
    assert len({identity(["a"], "b"), identity(["a", "b"]), identity("a", "b"), identity(["a"], "c")}) == 4
    assert len(identity("a")) == 32
