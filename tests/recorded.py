"""A language model for tests: it says what the test tells it to say, and counts what it was asked. Tests only."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Literal

from tier_assets.inference import Completion, Prompt

Answer = str | Completion | None


class RecordedLanguageModel(AbstractContextManager["RecordedLanguageModel"]):
    """Answers from a dict {prompt digest: answer} or a function of the prompt.

    An answer is a text (it stopped by itself), a whole Completion, or None (the request failed for good). A prompt that a
    dict does not hold fails the test with a KeyError. Tokens are counted as words. `asked` is every prompt, in order.
    """

    def __init__(
        self,
        answers: Mapping[str, Answer] | Callable[[Prompt], Answer],
        *,
        name: str = "recorded",
        digest: str = "recorded",
        profile: Literal["small", "large"] = "small",
        context_tokens: int = 2048,
    ) -> None:
        self._answers = answers
        self.name = name
        self.digest = digest
        self.profile = profile
        self.context_tokens = context_tokens
        self.asked: list[Prompt] = []
        self.closed = False

    @property
    def calls(self) -> int:
        """How many prompts it was asked."""
        return len(self.asked)

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Last prompt first, because nobody may rely on the order."""
        for index, prompt in reversed(list(enumerate(prompts))):
            self.asked.append(prompt)
            answer = self._answers(prompt) if callable(self._answers) else self._answers[prompt.digest]
            yield index, _completion(prompt, answer)

    def close(self) -> None:
        """Nothing to give back."""
        self.closed = True

    def __exit__(self, *_: object) -> None:
        self.close()


def _completion(prompt: Prompt, answer: Answer) -> Completion:
    if answer is None:
        return Completion("", "error", 0, 0)
    if isinstance(answer, Completion):
        return answer
    read = sum(len(message.content.split()) for message in prompt.messages)
    return Completion(answer, "stop", read, len(answer.split()), seconds=0.5)
