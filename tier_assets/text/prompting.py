"""How a tier speaks to a language model: templates with worked examples, and document text made harmless in them.

The templates themselves are in the tiers' `prompts.py`; what comes back is read in `answers.py`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tier_assets.files.digests import text_digest
from tier_assets.inference import Message, Prompt, Sampling

_PLACE = "{text}"
# What chat templates and their models read as structure: <|im_start|>, <｜User｜>, [INST], <<SYS>>, <s>, <start_of_turn>.
_CONTROL = re.compile(
    r"<[|｜][^<>\n]{0,60}[|｜]>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_\w+)\]|<</?SYS>>|</?s>|"
    r"</?(?:start|end)_of_turn>|</?\s*(?:document|tool_call|tool_response|think)\s*>",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Template:
    """A prompt without its text: instruction, worked examples as earlier turns, and `user` with one `{text}`.

    `fields` are the string fields of the JSON object that is asked for.
    """

    system: str
    user: str
    fields: tuple[str, ...]
    examples: tuple[tuple[str, Mapping[str, str]], ...] = ()

    @property
    def digest(self) -> str:
        """sha256 of everything in it: the version of the prompt."""
        examples = json.dumps([[given, dict(wanted)] for given, wanted in self.examples])
        return text_digest(self.system, self.user, *self.fields, examples)

    @property
    def example_text(self) -> str:
        """Everything that the examples say, to recognise it where a model repeats it."""
        return "\n".join("\n".join([given, *wanted.values()]) for given, wanted in self.examples)

    def prompt(self, text: str, sampling: Sampling, schema: Mapping[str, Any] | None = None) -> Prompt:
        """The prompt for one passage, which is made harmless first. `schema` narrows what `fields` alone ask for."""
        messages = [Message("system", self.system)]
        for given, wanted in self.examples:
            messages.append(Message("user", self.user.replace(_PLACE, given)))
            messages.append(Message("assistant", json.dumps(dict(wanted), ensure_ascii=False)))
        messages.append(Message("user", self.user.replace(_PLACE, as_data(text))))
        return Prompt(tuple(messages), sampling, schema or object_schema(*self.fields))


def as_data(text: str) -> str:
    """The text without anything that a chat template or our own delimiter would read as structure."""
    while (clean := _CONTROL.sub(" ", text)) != text:
        text = clean
    return text


def holds_control(text: str) -> bool:
    """Whether the text has something that `as_data` would remove."""
    return _CONTROL.search(text) is not None


def one_line(text: str) -> str:
    """The text on one line, with curly quotation marks: a straight one ends a small model's JSON string too early."""
    pieces = " ".join(text.split()).split('"')
    return "".join(piece + ("“" if index % 2 == 0 else "”") for index, piece in enumerate(pieces[:-1])) + pieces[-1]


def object_schema(*fields: str) -> dict[str, Any]:
    """JSON schema of an object with exactly these string fields."""
    return {
        "type": "object",
        "properties": {field: {"type": "string"} for field in fields},
        "required": list(fields),
        "additionalProperties": False,
    }
