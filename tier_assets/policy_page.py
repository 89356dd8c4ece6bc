"""docs/policy.md from `policy.py`: how values are layered, the presets, and every value with its default, meaning and source.

`python -m tier_assets.policy_page > docs/policy.md` writes it; a test compares the page with this.
"""

import sys
from inspect import cleandoc

from pydantic.fields import FieldInfo

from tier_assets.policies.accepted import accepts
from tier_assets.policies.languages import LANGUAGES
from tier_assets.policies.preset_files import DOMAINS, presets
from tier_assets.policies.section import Section, nested, nested_by_name, sections, source_of
from tier_assets.policy import Policy

_HEAD = """\
# The policy

Every threshold and choice, with its default and where the default comes from. A home's `strata.toml` overrides any of them,
for all sources, for a domain or for one source; it is read when a step starts. An edit makes stale just the tiers that read
the value: `strata materialize --plan` says which. Some sections are different. `[landing]`, `[language_model]`, `[selected]`,
`[execution]` and `[retention]` hold one value for all sources. `[selected]` is frozen with the scorer: an edit counts from the
next `strata train`. `[execution]` and `[retention]` change no result, so an edit makes nothing stale. `[audit]` judges what is
computed from now on, and judges again what is held; what is promoted stays.

The key of an OpenAI-compatible server is no policy: it is read from the environment variable `STRATA_LLM_API_KEY`.

## Layers

A value is looked for in five places; the last that gives it wins.

| | where | for |
|---|---|---|
| 1 | the defaults below | all sources |
| 2 | one preset | those for which it is chosen |
| 3 | `[filtered]` and the other sections of `strata.toml` | all sources |
| 4 | `[domain.NAME.filtered]` ... | the sources of a domain |
| 5 | `[source.NAME.filtered]` ... | one source: the partitions `NAME.*` |

`preset = "NAME"` stands at the top of the file, in a domain's table or in a source's; the nearest is the one in force, and
every value of the file lies over it. A source's domain is `web` unless its table says otherwise: `domain = "code"`. Besides
the domains in the table of presets there is `text`; any other is declared by giving it a table. The domains `code` and `math`
bring a preset, which counts as theirs: a preset at the top of the file does not replace it, one in their table does.

`strata policy SOURCE` shows every value in force and where it is from, `--changed` what differs from the defaults,
`strata policy --presets` the presets. A key that is misspelt, a value out of bounds or a name that does not exist ends every
command with the file, the line, the key and what is allowed. A whole number is at most 10^12. A table of a source of which
nothing has landed, or of a domain that no source is of, is remarked on by `strata materialize` and `strata status`; so are
`filtered.urls.categories` where no source that has them has `filtered.urls.lists`.

### An example

```toml
"""

EXAMPLE = """\
preset = "dclm"                     # English, by RefinedWeb's rules

[filtered]                          # for all sources, over the preset
min_language_score = 0.5

[filtered.deduplication]
min_jaccard = 0.7

[domain.code.filtered.code]         # for sources of the domain code
max_line_chars = 2_000

[source.forge]                      # for partitions forge.*
domain = "code"

[source.crawl.filtered.quality]     # for partitions crawl.*, of the domain web
min_words = 30

[source.lectures]
domain = "math"
preset = "fineweb"                  # instead of the domain's own
"""
"""The `strata.toml` that the page explains."""

_EXPLAINED = """\
```

- `crawl` has DCLM's rules and, from `[filtered]`, a language score of 0.5 instead of DCLM's 0.65; near-duplicates from a
  similarity of 0.7 instead of DCLM's 0.8; and its own 30 words instead of 50.
- `forge` has the rules of the preset `code`, not DCLM's: the domain's preset is nearer. But `[filtered]` is for all sources:
  its language score of 0.5 lies over the preset's 0. `[domain.code.filtered] min_language_score = 0` would restore it.
- `lectures` has the preset `fineweb`, with 0.5 and 0.7 from the sections for all sources.
"""


def describe() -> str:
    """The page as Markdown: layers, presets, and a table per section of `strata.toml`."""
    tables = "".join(_section(".".join(path), section) for path, section in sections(Policy))
    return _HEAD + EXAMPLE + _EXPLAINED + _presets() + _languages() + tables


def _presets() -> str:
    rows = [
        f"| `{preset.name}` | {', '.join(f'`{domain}`' for domain, name in DOMAINS.items() if name == preset.name)} "
        f"| {preset.title} | {preset.source} |"
        for preset in presets().values()
    ]
    head = "\n## Presets\n\nEach is a file of `tier_assets/policies/presets/`, with its reasons at its head.\n"
    return (
        head
        + "\n| preset | brought by the domain | what it is | source |\n|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def _languages() -> str:
    codes = ", ".join(f"`{code}`" for code in LANGUAGES)
    return (
        "\n## Codes of languages\n\nWhat `languages` may hold and `[filtered.by_language.CODE]` may be named: the labels of "
        f"the language identifier.\n\n{codes}\n"
    )


def _section(name: str, section: type[Section]) -> str:
    rows = [
        f"| `{key}` | {_shown(field)} | {_cell(accepts(field))} | {field.description} | {source_of(field)} |"
        for key, field in section.model_fields.items()
        if not (nested(field) or nested_by_name(field))
    ]
    head = f"\n## [{name}]\n\n{cleandoc(section.__doc__ or '')}\n"
    columns = "\n| key | default | accepts | meaning | source |\n|---|---|---|---|---|\n"
    return head + columns + "\n".join(rows) + "\n" if rows else head


def _cell(text: str) -> str:
    """Free of what Markdown would take for the end of a cell or for a tag."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def _shown(field: FieldInfo) -> str:
    default = field.default
    if default is None:
        return "none"
    return f"`{list(default)}`" if isinstance(default, tuple) else f"`{default!r}`"


if __name__ == "__main__":
    sys.stdout.write(describe())
