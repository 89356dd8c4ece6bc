import json
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from resources.chat_server import ChatServer, FailedRequestError, RejectedRequestError, Retries, request
from tests import misbehaving_server as bad
from tier_assets.errors import StrataError
from tier_assets.inference import Message, ModelUnavailableError, Prompt, Sampling

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
PROMPT = Prompt((Message("system", "Be brief."), Message("user", "Hello")), Sampling(max_tokens=9, seed=4), SCHEMA)
QUICK = Retries(attempts=4, timeouts=2, first_wait_seconds=0.001, longest_wait_seconds=0.01)


@pytest.fixture
def server():
    with bad.MisbehavingServer() as running:
        yield running


@pytest.fixture
def ask(server):
    """Asks PROMPT once, with quick retries."""
    chat = ChatServer(server.url, api_key="k-secret", timeout_seconds=0.2, connections=1, retries=QUICK)
    yield lambda: chat.complete(PROMPT, "m", threading.Event())
    chat.close()


def test_the_request_carries_messages_sampling_and_schema(server, ask):
    ask()
    assert server.requests == [
        {
            "model": "m",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
            "max_tokens": 9,
            "temperature": 0.0,
            "top_p": 1.0,
            "seed": 4,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
            },
        }
    ]
    assert server.keys == ["Bearer k-secret"]


def test_a_lone_surrogate_of_a_document_is_sent_as_a_replacement_character():
    prompt = Prompt((Message("user", "a\ud800b"),), Sampling(max_tokens=1))
    assert request(prompt, "m")["messages"] == [{"role": "user", "content": "a\ufffdb"}]


def test_an_answer_has_text_counts_and_the_time_it_took(server, ask):
    completion = ask().completion
    assert (completion.text, completion.prompt_tokens, completion.completion_tokens) == ("fine", 7, 3)
    assert completion.seconds > 0
    assert not completion.cached


@pytest.mark.parametrize(
    ("behaviour", "text", "finish_reason"),
    [
        (bad.says("done", "stop"), "done", "stop"),
        (bad.says(" \n" * 500, "length"), " \n" * 500, "length"),
        (bad.says("", "content_filter"), "", "refused"),
        (bad.says(None, "tool_calls"), "", "refused"),
        (bad.says(None, "stop", refusal="I will not"), "", "refused"),
    ],
)
def test_why_the_model_stopped_is_kept(server, ask, behaviour, text, finish_reason):
    server.script.append(behaviour)
    completion = ask().completion
    assert (completion.text, completion.finish_reason) == (text, finish_reason)


@pytest.mark.parametrize(
    "trouble",
    [
        bad.fails(429, retry_after="0"),
        bad.fails(500),
        bad.fails(503, "loading the model"),
        bad.hangs,
        bad.drips,
        bad.cuts,
        bad.hangs_up,
        bad.sends(b"<html>busy</html>"),
        bad.sends(b'{"choices": [], "usage": {}}'),
        bad.sends(b'{"choices": [{"message": {"content": "\\ud800"}, "finish_reason": "stop"}]}'),
        bad.says("half", finish_reason=None),
        bad.says("half", finish_reason="eos"),
        bad.says(["half"]),
        bad.says({"text": "half"}),
        bad.says(7),
        bad.says("half", refusal=["no"]),
        bad.sends(b"[" * 100_000),
        bad.sends(b'{"choices":' * 100_000),
        bad.sends(b"null"),
        bad.sends(b'{"choices": {"0": 1}}'),
        bad.sends(b"\xff\xfe\x00"),
    ],
    ids=(
        "429 500 503 hang drip cut reset garbage empty surrogate unfinished eos list object number refusal nested deep null "
        "keyed bytes"
    ).split(),
)
def test_what_may_pass_is_tried_again(server, ask, trouble):
    server.script.append(trouble)
    assert ask().completion.text == "fine"
    assert len(server.requests) == 2


USAGES = {
    "huge": {"prompt_tokens": 10**30, "completion_tokens": 10**30},
    "negative": {"prompt_tokens": -7, "completion_tokens": -3},
    "fraction": {"prompt_tokens": 7.5, "completion_tokens": 1e300},
    "not a number": {"prompt_tokens": float("nan"), "completion_tokens": float("inf")},
    "text": {"prompt_tokens": "7", "completion_tokens": "many"},
    "truth": {"prompt_tokens": True, "completion_tokens": False},
    "null": {"prompt_tokens": None, "completion_tokens": None},
    "nested": {"prompt_tokens": [7], "completion_tokens": {"all": 3}},
    "empty": {},
    "none": None,
    "list": [7, 3],
}


@pytest.mark.parametrize("usage", USAGES.values(), ids=USAGES)
def test_an_answer_is_taken_whatever_is_said_of_its_tokens_and_counts_that_cannot_be_are_none(server, ask, usage):
    choice = {"finish_reason": "stop", "message": {"content": "done"}}
    server.script.append(bad.sends(json.dumps({"choices": [choice], "usage": usage}).encode()))
    completion = ask().completion
    assert (completion.text, completion.prompt_tokens, completion.completion_tokens) == ("done", 0, 0)
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"error":' * 100_000, b'{"error": ' + b"9" * 5_000 + b"}"])
def test_an_error_that_nobody_can_read_is_shown_cut(server, ask, body):
    server.otherwise = lambda handler: bad.send(handler, 400, body)
    with pytest.raises(RejectedRequestError, match=r"^status 400: .*\.\.\.$"):
        ask()


def test_a_server_that_stays_broken_is_asked_four_times(server, ask):
    server.otherwise = bad.fails(500, "out of memory")
    with pytest.raises(FailedRequestError, match="status 500: out of memory"):
        ask()
    assert len(server.requests) == 4


def test_a_prompt_that_hangs_is_asked_twice(server, ask):
    server.otherwise = bad.hangs
    with pytest.raises(FailedRequestError, match=r"no answer within 0\.2 s"):
        ask()
    assert len(server.requests) == 2


def test_a_longer_pause_than_we_are_ready_to_wait_ends_the_request(server, ask):
    server.otherwise = bad.fails(429, "slow down", retry_after="3600")
    with pytest.raises(FailedRequestError, match="asks to wait 3600 s"):
        ask()
    assert len(server.requests) == 1


def test_a_pause_may_be_asked_for_as_a_date(server, ask):
    tomorrow = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
    server.otherwise = bad.fails(503, retry_after=tomorrow)
    with pytest.raises(FailedRequestError, match="asks to wait 8[56]"):
        ask()


def test_a_pause_in_the_past_or_in_no_known_form_is_no_pause(server, ask):
    server.script += [bad.fails(429, retry_after="Thu, 01 Jan 1970 00:00:00 GMT"), bad.fails(429, retry_after="soon")]
    server.script += [bad.fails(429, retry_after="Mon, 01 Jan 0001 00:00:00 -0000")]
    assert ask().completion.text == "fine"


def test_waits_double_up_to_the_longest():
    retries = Retries(first_wait_seconds=1.0, longest_wait_seconds=5.0)
    bounds = {1: (0.5, 1.0), 2: (1.0, 2.0), 3: (2.0, 4.0), 4: (2.5, 5.0), 9: (2.5, 5.0)}
    for failures, (least, most) in bounds.items():
        assert all(least <= retries.wait_seconds(failures) <= most for _ in range(50))


def test_who_stops_does_not_wait_for_a_retry(server):
    stop = threading.Event()
    stop.set()
    server.otherwise = bad.fails(500)
    patient = Retries(attempts=9, first_wait_seconds=1000, longest_wait_seconds=1000)
    chat = ChatServer(server.url, api_key=None, timeout_seconds=5, connections=1, retries=patient)
    with pytest.raises(FailedRequestError, match="given up"):
        chat.complete(PROMPT, "m", stop)
    chat.close()


def test_a_prompt_that_is_too_long_is_rejected_at_once(server, ask):
    server.otherwise = bad.fails(400, "request (3031 tokens) exceeds the available context size (2048 tokens)")
    with pytest.raises(RejectedRequestError, match="3031 tokens"):
        ask()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "todo"),
    [(401, "STRATA_LLM_API_KEY"), (403, "STRATA_LLM_API_KEY"), (404, r"language_model\.model"), (301, "base_url")],
)
def test_a_server_that_refuses_us_says_what_to_set(server, ask, status, todo):
    server.otherwise = bad.fails(status, "no")
    with pytest.raises(ModelUnavailableError, match=todo):
        ask()
    assert len(server.requests) == 1


def test_the_key_is_never_shown(server, ask):
    server.otherwise = bad.fails(400, "bad key k-secret\nof yours")
    with pytest.raises(RejectedRequestError) as refused:
        ask()
    assert str(refused.value) == "status 400: bad key *** of yours"
    chat = ChatServer(server.url, api_key="k-secret", timeout_seconds=1, connections=1, retries=QUICK)
    assert "k-secret" not in repr(chat)
    chat.close()


def test_a_key_that_no_header_may_hold_is_refused_unseen():
    with pytest.raises(StrataError, match="STRATA_LLM_API_KEY") as refused:
        ChatServer("http://127.0.0.1:1/v1", api_key="k-sec\nret", timeout_seconds=1, connections=1, retries=QUICK)
    assert "k-sec" not in str(refused.value)


def test_nobody_at_the_address_is_one_line_that_says_what_to_do():
    with bad.MisbehavingServer() as server:
        url = server.url
    chat = ChatServer(url, api_key=None, timeout_seconds=1, connections=1, retries=QUICK)
    with pytest.raises(ModelUnavailableError, match=r"start the server, or set language_model\.base_url"):
        chat.models()
    chat.close()


@pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://localhost/v1", "http://[/v1"])
def test_an_address_that_is_none_is_named_as_such(url):
    with pytest.raises(ModelUnavailableError, match=r"language_model\.base_url"):
        ChatServer(url, api_key=None, timeout_seconds=1, connections=1, retries=QUICK).models()
