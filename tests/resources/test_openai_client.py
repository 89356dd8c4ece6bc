import threading

import pytest

from resources.chat_server import Retries
from resources.openai_client import OpenAILanguageModel
from tests import misbehaving_server as bad
from tier_assets.errors import StrataError
from tier_assets.inference import Completion, Message, ModelUnavailableError, Prompt, Sampling

QUICK = Retries(attempts=2, first_wait_seconds=0.001, longest_wait_seconds=0.01)


def prompts(count: int) -> list[Prompt]:
    return [Prompt((Message("user", f"prompt {number}"),), Sampling(max_tokens=5)) for number in range(count)]


@pytest.fixture
def server():
    with bad.MisbehavingServer() as running:
        yield running


@pytest.fixture
def connect(server):
    """Makes a model of the server, closed at the end."""
    opened = []

    def make(**settings):
        settings = {"timeout_seconds": 2.0, "retries": QUICK, "concurrency": 2} | settings
        opened.append(OpenAILanguageModel(server.url, **settings))
        return opened[-1]

    yield make
    for model in opened:
        model.close()


def test_every_prompt_is_answered_under_its_index(server, connect):
    def echo(handler):
        bad.says(handler.server.requests[-1]["messages"][0]["content"])(handler)

    server.otherwise = echo
    answers = dict(connect(concurrency=1).generate(prompts(5)))
    assert {index: answer.text for index, answer in answers.items()} == {i: f"prompt {i}" for i in range(5)}


def test_so_many_prompts_are_in_flight_as_the_policy_says(server, connect):
    met = threading.Barrier(3, timeout=10)

    def meet(handler):
        met.wait()
        bad.says("together")(handler)

    server.otherwise = meet
    answers = dict(connect(concurrency=3).generate(prompts(6)))
    assert [answers[index].text for index in range(6)] == ["together"] * 6


def test_no_prompts_ask_for_nothing(server, connect):
    server.models_status = 500
    assert list(connect().generate([])) == []


def test_a_prompt_that_fails_for_good_is_an_error_and_the_others_go_on(server, connect, caplog):
    server.script += [bad.says("one"), bad.fails(400, "too long"), bad.fails(500), bad.fails(500), bad.says("four")]
    answers = dict(connect(concurrency=1).generate(prompts(4)))
    assert [answers[index].finish_reason for index in range(4)] == ["stop", "error", "error", "stop"]
    assert answers[1] == Completion("", "error", 0, 0)
    assert "too long" in caplog.text


def test_a_server_that_fails_eight_prompts_in_a_row_is_not_asked_ten_thousand(server, connect):
    server.otherwise = bad.fails(500, "out of memory")
    answers = connect(concurrency=1).generate(prompts(10_000))
    seen = []
    with pytest.raises(ModelUnavailableError, match=r"failed 8 prompts in a row .*out of memory.* start again"):
        seen.extend(answers)
    assert len(seen) == 7
    assert len(server.requests) == 16


def test_failures_that_are_not_in_a_row_are_forgiven(server, connect):
    for _ in range(10):
        server.script += [bad.fails(500), bad.fails(500), bad.says("fine")]
    answers = dict(connect(concurrency=1).generate(prompts(20)))
    assert sum(answer.finish_reason == "error" for answer in answers.values()) == 10


def test_a_server_that_has_never_taken_a_prompt_is_given_up(server, connect):
    server.otherwise = bad.fails(400, "response_format is not supported")
    with pytest.raises(ModelUnavailableError, match="response_format is not supported"):
        list(connect(concurrency=1).generate(prompts(100)))
    assert len(server.requests) == 8


def test_many_documents_that_are_too_long_do_not_condemn_a_server_that_works(server, connect):
    server.script += [bad.says("fine")] + [bad.fails(400, "too long")] * 20
    answers = dict(connect(concurrency=1).generate(prompts(21)))
    assert sum(answer.finish_reason == "error" for answer in answers.values()) == 20


def test_a_wrong_key_ends_the_work_at_the_first_prompt(server, connect):
    server.otherwise = bad.fails(401, "who are you")
    with pytest.raises(ModelUnavailableError, match="STRATA_LLM_API_KEY"):
        list(connect(api_key="wrong", concurrency=1).generate(prompts(50)))
    assert len(server.requests) == 1


def test_what_was_in_flight_when_the_server_gave_up_is_still_handed_over(server, connect):
    slow, refused = threading.Event(), bad.fails(401)

    def late(handler):
        slow.wait(10)
        bad.says("paid for")(handler)

    def refuse(handler):
        refused(handler)
        slow.set()

    server.script += [late, refuse]
    seen = []
    with pytest.raises(ModelUnavailableError):
        seen.extend(connect(concurrency=2).generate(prompts(9)))
    # Both answers may arrive at once: then one more prompt is asked before the refusal is known.
    texts = [answer.text for _, answer in seen]
    assert texts[0] == "paid for"
    assert len(texts) <= 2


def test_a_restart_in_the_middle_is_survived(connect, server):
    server.script += [bad.says("before"), bad.hangs_up]
    answers = dict(connect(concurrency=1).generate(prompts(3)))
    assert [answers[index].text for index in range(3)] == ["before", "fine", "fine"]


def test_other_weights_after_a_restart_are_noticed(server, connect):
    def swap(handler):
        handler.server.models = [{"id": "m", "meta": {"n_params": 8}}]
        bad.hangs_up(handler)

    server.models = [{"id": "m", "meta": {"n_params": 7}}]
    server.script += [bad.says("before"), swap]
    with pytest.raises(ModelUnavailableError, match="other weights"):
        list(connect(concurrency=1).generate(prompts(3)))


def test_an_answer_by_another_model_ends_the_work(server, connect):
    server.script += [bad.says("mine", model="m"), bad.says("its", model="m-other")]
    with pytest.raises(ModelUnavailableError, match="answered as m-other"):
        list(connect(concurrency=1).generate(prompts(3)))


def test_a_hosted_model_may_answer_under_a_dated_name(server, connect):
    server.otherwise = bad.says("fine", model="m-2024-08-06")
    assert len(dict(connect().generate(prompts(3)))) == 3


def test_a_server_need_not_name_the_model_in_its_answers(server, connect):
    server.otherwise = bad.says("fine", model=None)
    assert len(dict(connect().generate(prompts(3)))) == 3


def test_the_only_model_of_a_server_needs_no_name(server, connect):
    assert connect().name == "m"


def test_one_of_several_models_must_be_named(server, connect):
    server.models = [{"id": "b"}, {"id": "a"}]
    with pytest.raises(StrataError, match=r"set language_model\.model to one of a, b"):
        _ = connect().name
    assert connect(model="b").name == "b"


def test_a_model_the_server_has_not_is_an_error_that_lists_those_it_has(server, connect):
    with pytest.raises(ModelUnavailableError, match=r"has no model x: set language_model\.model to one of m"):
        _ = connect(model="x").digest


def test_the_digest_is_that_of_the_weights_not_of_the_day(server, connect):
    server.models = [{"id": "m", "created": 1, "permission": [{"id": "p1"}], "meta": {"n_params": 7, "n_ctx": 2048}}]
    first = connect().digest
    server.models = [{"id": "m", "created": 2, "permission": [{"id": "p2"}], "meta": {"n_params": 7, "n_ctx": 4096}}]
    assert connect().digest == first
    server.models = [{"id": "m", "created": 2, "meta": {"n_params": 8, "n_ctx": 4096}}]
    assert connect().digest != first


def test_an_empty_address_names_the_setting():
    with pytest.raises(StrataError, match=r"language_model\.base_url is not set"):
        OpenAILanguageModel("")


def test_the_key_is_not_in_the_representation(connect):
    assert "k-secret" not in repr(connect(api_key="k-secret"))
