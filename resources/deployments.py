"""Where this deployment lives: the only reader of the environment.

STRATA_HOME          the home: landing/, lake/, dagster/, models/, strata.toml       (else ~/.strata)
STRATA_LLM_API_KEY   the key of an OpenAI-compatible server
AWS_ENDPOINT_URL_S3  or AWS_ENDPOINT_URL: a store with S3's interface that is not Amazon's; the other aws settings are read by
                     the client itself
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOME_VARIABLE = "STRATA_HOME"
_DAGSTER_VARIABLE = "DAGSTER_HOME"
_KEY_VARIABLE = "STRATA_LLM_API_KEY"


def home(named: str | None = None) -> Path:
    """The home of this process: the one named, else the environment's."""
    named = named or os.environ.get(HOME_VARIABLE)
    return Path(named).expanduser().absolute() if named else Path.home() / ".strata"


def api_key() -> str | None:
    """The language model's key. It is never logged, stored or part of a fingerprint."""
    return os.environ.get(_KEY_VARIABLE) or None


def s3_endpoint() -> str | None:
    """Where an S3 store is that is not Amazon's. Arrow's client does not read this setting itself."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None


def child_environment(place: Path) -> dict[str, str]:
    """The environment for processes that work on the same home: Dagster's, without its telemetry."""
    return {
        **os.environ,
        HOME_VARIABLE: str(place),
        _DAGSTER_VARIABLE: str(place / "dagster"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "VLLM_NO_USAGE_STATS": "1",
        "PYTHONWARNINGS": "ignore",
    }


@contextmanager
def dagster_home(folder: Path) -> Iterator[None]:
    """Within it Dagster's settings that name DAGSTER_HOME mean the folder, in this process; afterwards what they meant."""
    before = os.environ.get(_DAGSTER_VARIABLE)
    os.environ[_DAGSTER_VARIABLE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_DAGSTER_VARIABLE]
        else:
            os.environ[_DAGSTER_VARIABLE] = before
