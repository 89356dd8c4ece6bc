"""Models as Dagster resources: which one answers is the policy's one setting; they start when first asked."""

from collections.abc import Iterator

import dagster as dg

from resources import deployments
from resources.language_model import language_model as choose
from resources.text_classifier import FastTextTrainer
from resources.text_classifier import language_identifier as lid
from tier_assets.home import Home
from tier_assets.inference import ClassifierTrainer, LanguageModel, TextClassifier
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
    home = Home(deployments.home())
    policy = PolicyBook.read(home.policy).default.language_model
    with choose(policy, api_key=deployments.api_key(), cache_path=home.completions) as model:
        yield model
