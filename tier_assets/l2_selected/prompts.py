"""The prompt that asks a language model whether a text is worth training on; asking and reading is in `rating.py`."""

import json

from tier_assets.files.digests import text_digest

RATING_SYSTEM = "You judge texts from the web. Answer in JSON."

RATING_TEMPLATE = """Text:
{text}

A text is good if a reader learns something from it: it explains, informs or argues in whole sentences.
A text is bad if it is advertising, a list of links, an error message, boilerplate or nonsense.
Is the text above good? Answer {{"good": true}} or {{"good": false}}."""

RATING_SCHEMA = {
    "type": "object",
    "properties": {"good": {"type": "boolean"}},
    "required": ["good"],
    "additionalProperties": False,
}

RATING_MAX_TOKENS = 16

RATING_DIGEST = text_digest(RATING_SYSTEM, RATING_TEMPLATE, json.dumps(RATING_SCHEMA), str(RATING_MAX_TOKENS))
"""Version of the prompt: part of the fingerprint of a scorer that learns from ratings."""
