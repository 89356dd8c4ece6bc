"""One OpenAI-compatible server: a request, and everything that goes wrong between us and it.

Bounded retries, a time limit on the whole answer, what each status means. Which prompts are asked, how many at a time and
when to give up altogether is in `openai_client.py`.
"""

import email.utils
import json
import random
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, TypeVar

from pydantic import BaseModel, Field, ValidationError

from tier_assets.errors import StrataError
from tier_assets.inference import Completion, FinishReason, ModelUnavailableError, Prompt, unicode

if TYPE_CHECKING:
    # Loaded by the first server: with what it draws in it takes a tenth of a second of every command.
    import httpx

_FINISH: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "refused",
    "tool_calls": "refused",
    "function_call": "refused",
}
_REJECTED: Final = frozenset({400, 413, 415, 422})
_TRANSIENT: Final = frozenset({408, 409, 425, 429})
_LONGEST_BODY_BYTES: Final = 16 * 2**20
_LONGEST_MESSAGE: Final = 200
_CONNECT_SECONDS: Final = 10.0
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Retries:
    """How patient a request is. Waits double, with full jitter on their upper half (AWS, "Exponential backoff and jitter")."""

    attempts: int = 6
    timeouts: int = 2
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 60.0

    def wait_seconds(self, failures: int) -> float:
        """Before the next attempt, after so many failures."""
        doubled = min(self.first_wait_seconds * 2 ** (failures - 1), self.longest_wait_seconds)
        return random.uniform(doubled / 2, doubled)


class FailedRequestError(Exception):
    """A request for which no answer could be had after all retries: the server's fault."""


class RejectedRequestError(Exception):
    """A request the server will never answer, such as a prompt that is too long: the prompt's fault."""


class _AttemptError(Exception):
    """One attempt failed and another may succeed."""

    def __init__(self, reason: str, *, timeout: bool = False, lost: bool = False, wait_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.timeout = timeout
        self.lost = lost
        self.wait_seconds = wait_seconds


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: Literal["stop", "length", "content_filter", "tool_calls", "function_call"]


class _Answer(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    # An answer is worth having whatever is said of its tokens.
    usage: Any = None
    model: str | None = None


class _Models(BaseModel):
    data: list[dict[str, Any]]


_Body = TypeVar("_Body", bound=BaseModel)


@dataclass(frozen=True)
class Reply:
    """A completion, the model that says it wrote it, and whether the connection was lost on the way to it."""

    completion: Completion
    model: str | None
    reconnected: bool


class ChatServer:
    """Talks to the server at `base_url` (up to and including `/v1`). Safe for threads. Never shows its key."""

    def __init__(
        self, base_url: str, *, api_key: str | None, timeout_seconds: float, connections: int, retries: Retries
    ) -> None:
        import httpx

        if api_key is not None and not (api_key.isascii() and api_key.isprintable()):
            raise StrataError("the API key holds characters that no header may: check STRATA_LLM_API_KEY")
        self.url = base_url.rstrip("/")
        self._key = api_key
        self._timeout = timeout_seconds
        self._retries = retries
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, _CONNECT_SECONDS)),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            # A proxy of the environment is for other machines, never for our own.
            trust_env=not base_url.removeprefix("http://").startswith(_LOOPBACK),
        )

    def models(self) -> list[dict[str, Any]]:
        """What `GET /models` lists. Raises ModelUnavailableError when there is no such answer."""
        try:
            listed, _ = self._retried("/models", None, _Models, threading.Event())
        except (FailedRequestError, RejectedRequestError) as error:
            raise ModelUnavailableError(
                f"no language model at {self.url} ({error}): start the server, or set language_model.base_url"
            ) from error
        return listed.data

    def complete(self, prompt: Prompt, model: str, stop: threading.Event) -> Reply:
        """Ask once, patiently; `stop` ends the patience. Token counts are 0 where the server gives none that can be.

        Raises FailedRequestError, RejectedRequestError, and ModelUnavailableError where no prompt can be answered.
        """
        started = time.monotonic()
        answer, reconnected = self._retried("/chat/completions", request(prompt, model), _Answer, stop)
        choice = answer.choices[0]
        usage = answer.usage if isinstance(answer.usage, dict) else {}
        completion = Completion(
            text=choice.message.content or "",
            finish_reason="refused" if choice.message.refusal is not None else _FINISH[choice.finish_reason],
            prompt_tokens=usage.get("prompt_tokens", 0),
            completion_tokens=usage.get("completion_tokens", 0),
            seconds=time.monotonic() - started,
        )
        return Reply(completion, answer.model, reconnected)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _retried(
        self, path: str, body: dict[str, Any] | None, form: type[_Body], stop: threading.Event
    ) -> tuple[_Body, bool]:
        """The answer, and whether the connection was lost before it came."""
        failures = timeouts = 0
        reconnected = False
        while True:
            try:
                return form.model_validate_json(self._attempt(path, body)), reconnected
            except ValidationError:
                failure = _AttemptError("the answer is cut or garbage")
            except _AttemptError as error:
                failure = error
            failures += 1
            timeouts += failure.timeout
            reconnected |= failure.lost
            asked = failure.wait_seconds
            if failures >= self._retries.attempts or timeouts >= self._retries.timeouts:
                raise FailedRequestError(str(failure)) from failure
            if asked > self._retries.longest_wait_seconds:
                raise FailedRequestError(f"{failure}, and asks to wait {asked:.0f} s") from failure
            if stop.wait(max(self._retries.wait_seconds(failures), asked)):
                raise FailedRequestError("given up") from failure

    def _attempt(self, path: str, body: dict[str, Any] | None) -> bytes:
        """One exchange, in bounded time and size even from a server that drips. Raises _AttemptError and the final ones."""
        import httpx

        deadline = time.monotonic() + self._timeout
        received = bytearray()
        try:
            with self._client.stream("POST" if body else "GET", self.url + path, json=body) as response:
                for chunk in response.iter_bytes():
                    received += chunk
                    if time.monotonic() > deadline:
                        raise _AttemptError(f"no answer within {self._timeout:g} s", timeout=True)
                    if len(received) > _LONGEST_BODY_BYTES:
                        raise RejectedRequestError(f"the answer is longer than {_LONGEST_BODY_BYTES} bytes")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ModelUnavailableError(f"language_model.base_url is no address: {self._shown(str(error))}") from error
        except httpx.TimeoutException as error:
            raise _AttemptError(f"no answer within {self._timeout:g} s", timeout=True) from error
        except httpx.HTTPError as error:
            raise _AttemptError(f"the connection failed: {self._shown(str(error))}", lost=True) from error
        if response.status_code != HTTPStatus.OK:
            self._raise(response, self._shown(_message(bytes(received))))
        return bytes(received)

    def _raise(self, response: "httpx.Response", message: str) -> NoReturn:
        status = response.status_code
        if status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _AttemptError(f"status {status}: {message}", wait_seconds=_retry_after(response))
        if status in _REJECTED:
            raise RejectedRequestError(f"status {status}: {message}")
        todo = {401: "check STRATA_LLM_API_KEY", 403: "check STRATA_LLM_API_KEY"}.get(
            status, "check language_model.base_url and language_model.model"
        )
        raise ModelUnavailableError(f"the server at {self.url} refuses with status {status} ({message}): {todo}")

    def _shown(self, message: str) -> str:
        """A foreign message as part of one line, without our key."""
        if self._key:
            message = message.replace(self._key, "***")
        line = " ".join("".join(char if char.isprintable() else " " for char in message).split())
        return line if len(line) <= _LONGEST_MESSAGE else line[:_LONGEST_MESSAGE] + "..."


def request(prompt: Prompt, model: str) -> dict[str, Any]:
    """The body of a chat completion request. Lone surrogates, which are no Unicode, become U+FFFD."""
    sampling = prompt.sampling
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": message.role, "content": unicode(message.content)} for message in prompt.messages],
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
    }
    if prompt.json_schema is not None:
        schema = {"name": "answer", "strict": True, "schema": dict(prompt.json_schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def _message(body: bytes) -> str:
    """What an error body says: OpenAI's and vLLM's `error.message`, else the body itself."""
    try:
        said = json.loads(body)["error"]
        return str(said["message"] if isinstance(said, dict) else said)
    except (ValueError, KeyError, TypeError, RecursionError):
        return body.decode("utf-8", "replace")


def _retry_after(response: "httpx.Response") -> float:
    """Seconds that the server asks us to wait: a number or a date (RFC 9110, 10.2.3); 0 if it asks nothing sensible."""
    value = response.headers.get("retry-after", "")
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(email.utils.parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (ValueError, OverflowError):
        return 0.0
