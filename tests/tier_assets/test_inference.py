from dataclasses import replace

from tier_assets.inference import Message, Prompt, Sampling, silent

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


def test_nobody_need_watch():
    silent(1, 2, "things")
