"""Models as Dagster resources: which one answers is the policy's one setting; they start when first asked."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Literal

import dagster as dg

from resources import deployments
from resources.language_model import language_model as choose
from resources.text_classifier import FastTextTrainer
from resources.text_classifier import language_identifier as lid
from tier_assets.completions import ManagedLanguageModel
from tier_assets.home import Home
from tier_assets.inference import ClassifierTrainer, Completion, LanguageModel, Prompt, TextClassifier
from tier_assets.policy_book import PolicyBook


@dg.resource(description="fastText lid.176: 176 languages.")
def language_identifier(_: dg.InitResourceContext) -> TextClassifier:
    """The classifier of languages."""
    return lid()


@dg.resource(description="fastText, one thread, seeded: the same examples give the same bytes.")
def classifier_trainer(_: dg.InitResourceContext) -> ClassifierTrainer:
    """The trainer of quality scorers."""
    return FastTextTrainer()


@dg.resource(description="The language model of the policy: embedded, an OpenAI-compatible server, or vLLM in process.")
def language_model(_: dg.InitResourceContext) -> Iterator[LanguageModel]:
    """The language model, with the home's cache of completions in front; closed when the step ends."""
    with closing(PolicysLanguageModel(Home(deployments.home()))) as model:
        yield model


class PolicysLanguageModel:
    """The language model that the policy names when it is first asked anything; closed, it holds nothing.

    What is wrong with the policy is then the step's to say: a resource that raised would end the run before its step.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._chosen: ManagedLanguageModel | None = None

    @property
    def name(self) -> str:
        """The chosen model's name."""
        return self._model.name

    @property
    def digest(self) -> str:
        """The chosen model's digest."""
        return self._model.digest

    @property
    def profile(self) -> Literal["small", "large"]:
        """The chosen model's profile."""
        return self._model.profile

    @property
    def context_tokens(self) -> int:
        """The chosen model's longest prompt and completion."""
        return self._model.context_tokens

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """What the chosen model answers."""
        return self._model.generate(prompts)

    def close(self) -> None:
        """Close the model if one was chosen."""
        if self._chosen is not None:
            self._chosen.close()

    @property
    def _model(self) -> ManagedLanguageModel:
        """Raises PolicyError for a policy that cannot be read, StrataError for one that lacks what its backend needs."""
        if self._chosen is None:
            policy = PolicyBook.read(self._home.policy).default.language_model
            self._chosen = choose(policy, api_key=deployments.api_key(), cache_path=self._home.completions)
        return self._chosen
