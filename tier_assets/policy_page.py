"""docs/policy.md from `policy.py`: every value with its default, meaning and source.

`python -m tier_assets.policy_page > docs/policy.md` writes it; a test compares the page with this.
"""

import sys
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tier_assets.policy import Policy

_HEAD = """\
# The policy

Every threshold and choice, with its default and where the default comes from. A home's `strata.toml` overrides any of them,
for all sources or for one; it is read when a step starts. An edit makes stale just the tiers that read the value:
`strata materialize --plan` says which. Three sections are different. `[landing]`, `[language_model]` and `[selected]` hold one
value for all sources. `[selected]` is frozen with the scorer: an edit counts from the next `strata train`. `[audit]` judges
what is computed from now on, and judges again what is held; what is promoted stays.

```toml
[filtered]                        # for all sources
min_language_score = 0.5

[source.crawl.filtered.quality]   # for partitions crawl.*
min_words = 30
```

The key of an OpenAI-compatible server is no policy: it is read from the environment variable `STRATA_LLM_API_KEY`.
"""


def describe() -> str:
    """The page as Markdown: a table per section of `strata.toml`."""
    return _HEAD + "".join(_section(name, section) for name, section in _sections(Policy))


def _sections(of: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in of.model_fields.items():
        below = _nested(field)
        if below:
            yield f"{prefix}{name}", below
            yield from _sections(below, f"{prefix}{name}.")


def _nested(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _section(name: str, section: type[BaseModel]) -> str:
    rows = [
        f"| `{key}` | {_shown(field)} | {field.description} | {_source(field)} |"
        for key, field in section.model_fields.items()
        if not _nested(field)
    ]
    head = f"\n## [{name}]\n\n{section.__doc__}\n"
    return (
        head + "\n| key | default | meaning | source |\n|---|---|---|---|\n" + "\n".join(rows) + "\n" if rows else head
    )


def _shown(field: FieldInfo) -> str:
    default = field.default
    if default is None:
        return "none"
    return f"`{list(default)}`" if isinstance(default, tuple) else f"`{default!r}`"


def _source(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    return str(extra["source"]) if isinstance(extra, dict) else ""


if __name__ == "__main__":
    sys.stdout.write(describe())
