"""A language model behind any OpenAI-compatible server: `vllm serve`, llama.cpp, a hosted one, or our own embedded one.

Which model it is, how many prompts are in flight, when to give up altogether. One request and its retries are in
`chat_server.py`.
"""

import hashlib
import json
import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, Final, Literal

from resources.chat_server import ChatServer, FailedRequestError, RejectedRequestError, Reply, Retries
from tier_assets.errors import StrataError
from tier_assets.inference import Completion, ModelUnavailableError, Prompt

_IDENTITY: Final = ("id", "root", "parent", "owned_by")
_FAILURES_TO_GIVE_UP: Final = 8

_log = logging.getLogger(__name__)


class OpenAILanguageModel(AbstractContextManager["OpenAILanguageModel"]):
    """The model `model` of the server at `base_url`, or its only one.

    Its digest is that of what the server lists: id, origin and, from llama.cpp, the shape and size of the weights. The
    address is not part of it, so that a server may move. Two servers that list the same are taken for the same model.
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str = "",
        api_key: str | None = None,
        profile: Literal["small", "large"] = "large",
        context_tokens: int = 2048,
        concurrency: int = 4,
        timeout_seconds: float = 120.0,
        retries: Retries | None = None,
    ) -> None:
        if not base_url:
            raise StrataError(
                "language_model.base_url is not set: the backend openai needs a server's address, "
                "e.g. http://127.0.0.1:8000/v1"
            )
        self._asked_for = model
        self._profile = profile
        self._context_tokens = context_tokens
        self._concurrency = concurrency
        self._server = ChatServer(
            base_url,
            api_key=api_key,
            timeout_seconds=timeout_seconds,
            connections=concurrency,
            retries=retries or Retries(),
        )
        self._lock = threading.Lock()
        self._identity: tuple[str, str] | None = None
        self._answers_as: str | None = None
        self._answered = False
        self._failures = 0

    @property
    def name(self) -> str:
        """The id under which the server lists the model. Asks the server once."""
        return self._known()[0]

    @property
    def digest(self) -> str:
        """sha256 over what the server lists of the model. Asks the server once."""
        return self._known()[1]

    @property
    def profile(self) -> Literal["small", "large"]:
        """As constructed."""
        return self._profile

    @property
    def context_tokens(self) -> int:
        """As constructed."""
        return self._context_tokens

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Complete every prompt, `concurrency` at a time, as they finish.

        Raises ModelUnavailableError when the server cannot be reached, refuses us, serves another model than it did, or
        fails several prompts in a row; what had been asked by then is still yielded first.
        """
        if not prompts:
            return
        self._known()
        waiting = iter(enumerate(prompts))
        stop = threading.Event()
        unavailable: ModelUnavailableError | None = None
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="requests") as pool:

            def submit(count: int) -> dict[Future[Completion], int]:
                return {pool.submit(self._complete, prompt, stop): i for i, prompt in islice(waiting, count)}

            running = submit(self._concurrency)
            try:
                while running:
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        index = running.pop(future)
                        try:
                            completion = future.result()
                        except ModelUnavailableError as error:
                            unavailable = unavailable or error
                            stop.set()
                            continue
                        if unavailable is None:
                            running |= submit(1)
                        yield index, completion
            finally:
                stop.set()
        if unavailable is not None:
            raise unavailable

    def close(self) -> None:
        """Close all connections."""
        self._server.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _complete(self, prompt: Prompt, stop: threading.Event) -> Completion:
        try:
            reply = self._server.complete(prompt, self.name, stop)
        except RejectedRequestError as error:
            return self._failed(prompt, str(error), counts=not self._answered)
        except FailedRequestError as error:
            return self._failed(prompt, str(error), counts=not stop.is_set())
        self._succeeded(reply)
        return reply.completion

    def _failed(self, prompt: Prompt, reason: str, *, counts: bool) -> Completion:
        """A rejected prompt is its own fault, unless the server has never taken one: then it is ours or the server's."""
        with self._lock:
            self._failures += counts
            given_up = self._failures >= _FAILURES_TO_GIVE_UP
        if given_up:
            raise ModelUnavailableError(
                f"the server at {self._server.url} failed {_FAILURES_TO_GIVE_UP} prompts in a row ({reason}): "
                "mend it and start again, finished prompts are not asked again"
            )
        _log.warning("%s did not complete prompt %s: %s", self.name, prompt.digest[:12], reason)
        return Completion("", "error", 0, 0)

    def _succeeded(self, reply: Reply) -> None:
        """The answer is our model's: by the name it gives, and, after a lost connection, by what the server lists now."""
        known, digest = self._known()
        with self._lock:
            self._failures = 0
            self._answered = True
            expected = self._answers_as
            # Hosted models answer under a dated name: gpt-4o as gpt-4o-2024-08-06.
            if expected is None and reply.model is not None and reply.model.startswith(known):
                self._answers_as = expected = reply.model
        if reply.model not in {None, expected}:
            raise self._swapped(expected or known, f"answered as {reply.model}")
        if reply.reconnected and self._look_up()[1] != digest:
            raise self._swapped(known, "came back with other weights")

    def _swapped(self, expected: str, what: str) -> ModelUnavailableError:
        return ModelUnavailableError(
            f"the server at {self._server.url} {what}, not as {expected} was when the run began: start again"
        )

    def _known(self) -> tuple[str, str]:
        with self._lock:
            if self._identity is None:
                self._identity = self._look_up()
            return self._identity

    def _look_up(self) -> tuple[str, str]:
        """(name, digest) of the model as the server lists it now."""
        listed = self._server.models()
        names = sorted(str(entry.get("id")) for entry in listed)
        chosen = [entry for entry in listed if self._asked_for in {"", str(entry.get("id"))}]
        if not self._asked_for and len(chosen) > 1:
            raise StrataError(
                f"the server at {self._server.url} has several models: set language_model.model to one of "
                + ", ".join(names)
            )
        if not chosen:
            raise ModelUnavailableError(
                f"the server at {self._server.url} has no model {self._asked_for or 'at all'}: "
                f"set language_model.model to one of {', '.join(names) or 'what it should serve'}"
            )
        return str(chosen[0].get("id")), _digest(chosen[0])


def _digest(listed: dict[str, Any]) -> str:
    """Of what stays the same over a restart: not of dates, permissions and the size of the context."""
    identity: dict[str, Any] = {key: listed[key] for key in _IDENTITY if key in listed}
    meta = listed.get("meta")
    if isinstance(meta, dict):
        identity["meta"] = {key: value for key, value in meta.items() if key != "n_ctx"}
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
