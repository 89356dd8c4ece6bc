"""What a tier may ask of a model: the protocols, and the values that cross them.

Who answers (an embedded server, a remote one, vLLM in process, fastText) is decided in `resources/`.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, get_args

from tier_assets.errors import StrataError

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "refused", "error"]
MOST_TOKENS = 100_000_000
"""More than any model reads or writes in one request."""


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn. Temperature 0 is greedy. `max_tokens` bounds the completion, in the model's own tokens."""

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Prompt:
    """Everything a completion depends on except the model. `json_schema` constrains the output's grammar."""

    messages: tuple[Message, ...]
    sampling: Sampling
    json_schema: Mapping[str, Any] | None = None

    @property
    def digest(self) -> str:
        """sha256 (64 hex digits) over messages, sampling and schema; with the model's digest it is the cache key."""
        body = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Completion:
    """What a model answered. Token counts are the model's own; `seconds` is the request's wall time, 0 when cached.

    Whatever a model or a cache gives, it is Unicode and its numbers are bounded: an answer without text, or that ended for
    no known reason, is an error; lone surrogates become U+FFFD; a count that cannot be is 0, as where there is none.
    """

    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    seconds: float = 0.0
    cached: bool = False

    def __post_init__(self) -> None:
        known = isinstance(self.text, str) and self.finish_reason in get_args(FinishReason)
        object.__setattr__(self, "text", unicode(self.text) if known else "")
        object.__setattr__(self, "finish_reason", self.finish_reason if known else "error")
        for name in ("prompt_tokens", "completion_tokens"):
            object.__setattr__(self, name, _count(getattr(self, name)))


def unicode(text: str) -> str:
    """The text as UTF-8 can hold it: pairs of surrogates joined, each lone one replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _count(tokens: object) -> int:
    return tokens if type(tokens) is int and 0 <= tokens <= MOST_TOKENS else 0


class LanguageModel(Protocol):
    """A model that completes prompts, wherever it runs."""

    @property
    def name(self) -> str:
        """What a person calls the model, e.g. `SmolLM2-135M-Instruct.Q4_1`."""
        ...

    @property
    def digest(self) -> str:
        """Identity of weights and engine (hex): equal digests and prompts may share completions. Starts no server."""
        ...

    @property
    def profile(self) -> Literal["small", "large"]:
        """Which form of the recipes fits: sentences with examples, or whole documents."""
        ...

    @property
    def context_tokens(self) -> int:
        """The longest prompt plus completion the model takes, in its own tokens."""
        ...

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Complete every prompt; yields (index into `prompts`, completion) as each finishes, in any order.

        A request that fails for good yields a completion with `finish_reason="error"` and empty text.
        Raises ModelUnavailableError when no answer can be had from the model at all.
        """
        ...


def identity(model: LanguageModel) -> str:
    """What a tier's fingerprint holds of a model: its digest, and which form of the prompts it is given."""
    return f"{model.digest}/{model.profile}"


class ModelUnavailableError(StrataError):
    """The model cannot be reached or started; the message says what to do."""


@dataclass(frozen=True)
class Label:
    """A class and its probability in [0, 1]."""

    name: str
    score: float


class TextClassifier(Protocol):
    """A classifier of texts: language identification, a trained quality scorer."""

    @property
    def digest(self) -> str:
        """sha256 (hex) of the model file."""
        ...

    def predict(self, texts: Sequence[str], k: int = 1, min_score: float = 0.0) -> list[list[Label]]:
        """The k best labels of each text, best first; an empty or blank text has none. Any string is accepted.

        Labels below `min_score` may be missing, but for the best.
        """
        ...


@dataclass(frozen=True)
class Finding:
    """Private data in a text: its kind, and where it begins and ends, in characters."""

    kind: Literal["email", "ip", "phone", "key", "card", "iban"]
    start: int
    end: int


class PrivateDataAnalyzer(Protocol):
    """Something other than our own rules that finds private data."""

    @property
    def digest(self) -> str:
        """Identity of its version and model: part of the fingerprint of the tier it serves."""
        ...

    def find(self, texts: Sequence[str], kinds: Sequence[str]) -> list[list[Finding]]:
        """What of the kinds is in each text, in any order; findings may overlap."""
        ...


class ClassifierTrainer(Protocol):
    """Trains a classifier of texts, reproducibly."""

    def train(self, examples: Iterable[tuple[str, str]], target: str, **parameters: float) -> None:
        """Train on (label, text) pairs and write the model to `target`. The same pairs give the same bytes."""
        ...

    def load(self, path: str) -> TextClassifier:
        """A classifier from a file this trainer wrote. Raises ValueError if the file is not a model."""
        ...


Report = Callable[[int, int, str], None]
"""Progress: (done, total, what). Called as often as convenient; whoever listens thins it out."""


def silent(done: int, total: int, what: str) -> None:
    """A `Report` for callers who do not watch."""
