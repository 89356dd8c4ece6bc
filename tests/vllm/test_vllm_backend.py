"""The vLLM backend for real, on a CPU or a GPU: `make test-vllm`. Skips where vLLM is not installed.

VLLM_TEST_MODEL names a folder that `tests/vllm/convert.py` wrote.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("vllm", reason="vLLM is not installed: run `make test-vllm`", exc_type=ImportError)
FOLDER = os.environ.get("VLLM_TEST_MODEL", "")
pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="VLLM_TEST_MODEL is not set: run `make test-vllm`"),
    pytest.mark.filterwarnings("default"),
]
ROOT = Path(__file__).parents[2]

# In a program of its own: the engine starts processes, and what reaches stdout and is left behind can be seen.
PROGRAM = """
import contextlib, json, os, pathlib, sys
from resources.vllm_engine import VllmLanguageModel
from tier_assets.inference import Message, Prompt, Sampling

SCHEMA = {
    "type": "object",
    "properties": {"subject": {"type": "string", "maxLength": 20}, "capital": {"enum": ["Paris", "Rome"]}},
    "required": ["subject", "capital"],
    "additionalProperties": False,
}

def ask(text, max_tokens, schema=None):
    return Prompt((Message("system", "Answer briefly."), Message("user", text)), Sampling(max_tokens, seed=1), schema)

def engines():
    found = []
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
            if int(fields["PPid"]) == os.getpid() and "Z" not in fields["State"] and "VLLM" in fields["Name"]:
                found.append(fields["Name"].strip())
    return found

if __name__ == "__main__":
    prompts = [ask(f"What is the capital of {land}?", 60, SCHEMA) for land in ("France", "Italy", "Spain", "Chile")]
    prompts += [ask("Tell me a very long story.", 8), ask("word " * 3000, 8)]
    with VllmLanguageModel(sys.argv[1], context_tokens=1024, concurrency=4) as model:
        answers = dict(model.generate(prompts))
        again = dict(model.generate(prompts[:1]))
        abandoned = model.generate(prompts)
        next(abandoned)
        abandoned.close()
        after = dict(model.generate(prompts[:1]))
        digest, before = model.digest, engines()
    print(json.dumps({
        "answers": [[a.text, a.finish_reason, a.prompt_tokens, a.completion_tokens, a.seconds]
                    for _, a in sorted(answers.items())],
        "again": again[0].text, "after": after[0].text, "digest": digest, "engines": [before, engines()],
    }))
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    program = tmp_path_factory.mktemp("vllm") / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, str(program), FOLDER],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=500,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return json.loads(done.stdout)


def test_four_constrained_prompts_give_four_valid_answers(result):
    for text, finish_reason, prompt_tokens, completion_tokens, seconds in result["answers"][:4]:
        assert json.loads(text)["capital"] in {"Paris", "Rome"}
        assert finish_reason == "stop"
        assert prompt_tokens > 20
        assert 5 < completion_tokens <= 60
        assert seconds > 0


def test_an_answer_stops_at_max_tokens_and_says_so(result):
    _, finish_reason, _, completion_tokens, _ = result["answers"][4]
    assert (finish_reason, completion_tokens) == ("length", 8)


def test_a_prompt_longer_than_the_context_is_an_error_of_that_prompt_only(result):
    assert result["answers"][5] == ["", "error", 0, 0, 0.0]


def test_the_engine_answers_again_and_after_a_caller_has_walked_away(result):
    assert json.loads(result["again"])["subject"] == json.loads(result["answers"][0][0])["subject"]
    assert json.loads(result["after"])["capital"] in {"Paris", "Rome"}


def test_closing_ends_the_engines_processes(result):
    before, after = result["engines"]
    assert len(before) == 1
    assert after == []


def test_the_digest_is_one_sha256(result):
    assert len(bytes.fromhex(result["digest"])) == 32
