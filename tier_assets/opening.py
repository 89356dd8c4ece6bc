"""The composition root's part without Dagster: what a command opens of a home. `definitions.py` has the rest.

A command that only looks loads neither Dagster nor an asset, which takes seconds.
"""

from resources import deployments
from resources.language_model import language_model as choose_language_model
from resources.text_classifier import language_identifier
from tier_assets.completions import ManagedLanguageModel
from tier_assets.errors import StrataError
from tier_assets.home import Home
from tier_assets.inference import TextClassifier
from tier_assets.landing.zone import LandingZone
from tier_assets.policy_book import PolicyBook


def find_home(named: str | None) -> Home:
    """The home a command works on: the one named, else the environment's.

    Raises StrataError for a path with characters that DuckDB, Delta or SQLite would read as a pattern or an escape.
    """
    home = Home(deployments.home(named))
    flaws = sorted(set("[]*?%{}#") & set(str(home.root)))
    if flaws:
        raise StrataError(f"{home.root}: a home's path cannot hold {' '.join(flaws)}: choose another with --home")
    return home


def open_landing_zone(home: Home) -> LandingZone:
    """The landing zone of a home, with the deployment's S3 store."""
    return LandingZone(home.landing, deployments.s3_endpoint())


def open_language_identifier() -> TextClassifier:
    """The classifier of languages."""
    return language_identifier()


def open_language_model(home: Home, policies: PolicyBook) -> ManagedLanguageModel:
    """The policy's language model with the home's cache; starts nothing until asked. Close it."""
    policy = policies.default.language_model
    return choose_language_model(policy, api_key=deployments.api_key(), cache_path=home.completions)
