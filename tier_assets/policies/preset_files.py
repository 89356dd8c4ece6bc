"""Presets and domains that come with the product: recipes of the literature as TOML files in `presets/`.

A file starts with a comment: its first line says what it is, the one after `# Source:` where its values come from. How a
preset lies under a home's own values is in `policy_book.py`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

DOMAINS: Mapping[str, str | None] = {"web": None, "code": "code", "math": "math", "text": None}
"""Domains that need no table in `strata.toml`, each with its preset."""

DEFAULT_DOMAIN = "web"
"""The domain of a source that names none."""

_SUFFIX = ".toml"
_SOURCE = "Source:"


@dataclass(frozen=True)
class Preset:
    """Sections under a name. `values` is the parsed file."""

    name: str
    title: str
    source: str
    values: Mapping[str, Any]


@cache
def presets() -> Mapping[str, Preset]:
    """All presets by name, in the order of their names."""
    folder = files("tier_assets.policies") / "presets"
    found = sorted(each.name for each in folder.iterdir() if each.name.endswith(_SUFFIX))
    return {
        name.removesuffix(_SUFFIX): _parsed(name.removesuffix(_SUFFIX), (folder / name).read_text("utf-8"))
        for name in found
    }


def _parsed(name: str, text: str) -> Preset:
    comments = [line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#")]
    source = next(line.removeprefix(_SOURCE).strip() for line in comments if line.startswith(_SOURCE))
    return Preset(name, comments[0], source, tomllib.loads(text))
