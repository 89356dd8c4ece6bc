from dataclasses import replace

import pytest

from tier_assets.inference import MOST_TOKENS, Completion, Message, Prompt, Sampling, silent

PROMPT = Prompt((Message("user", "Why?"),), Sampling(max_tokens=8), {"type": "object"})


def test_a_prompts_digest_covers_messages_sampling_and_schema():
    others = [
        replace(PROMPT, messages=(Message("user", "Why not?"),)),
        replace(PROMPT, messages=(Message("system", "Why?"),)),
        replace(PROMPT, sampling=Sampling(max_tokens=9)),
        replace(PROMPT, sampling=Sampling(max_tokens=8, seed=1)),
        replace(PROMPT, json_schema=None),
    ]
    assert len({PROMPT.digest, *(other.digest for other in others)}) == 6


def test_equal_prompts_have_this_digest():
    # Written down: a release that changes it pays for every completion again.
    assert PROMPT.digest == "10b9969927153742976824ec01aaf5f38e4e598323016331f844a689520bfb3a"


def test_a_lone_surrogate_has_a_digest():
    assert len(Prompt((Message("user", "\ud800"),), Sampling(1)).digest) == 64


@pytest.mark.parametrize("count", [10**30, -1, MOST_TOKENS + 1, True, "7", 7.0, float("nan"), None, [7]])
def test_a_count_of_tokens_that_cannot_be_is_none(count):
    completion = Completion("a", "stop", count, count)
    assert (completion.prompt_tokens, completion.completion_tokens) == (0, 0)
    assert type(completion.prompt_tokens) is int


@pytest.mark.parametrize(("text", "reason"), [(None, "stop"), (["a"], "stop"), ("a", "eos"), ("a", None), ("a", 1)])
def test_an_answer_without_text_or_of_no_known_end_is_an_error(text, reason):
    assert Completion(text, reason, 7, 3) == Completion("", "error", 7, 3)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("a\ud800b", "a\ufffdb"), ("\ud83d\ude00", "\U0001f600"), ("\udfff", "\ufffd"), ("a\0\r\n", "a\0\r\n")],
)
def test_a_text_is_one_that_every_file_can_hold(text, kept):
    assert Completion(text, "stop", 1, 1).text == kept


def test_nobody_need_watch():
    silent(1, 2, "things")
