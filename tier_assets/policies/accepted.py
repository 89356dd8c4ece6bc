"""What a value of the policy may be, as types with bounds, and how that is said in a few words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import Field, GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from tier_assets.policies.languages import LANGUAGES

# Sums of such numbers fit in 64 bits. TOML knows no bound, and a number beyond would end in a traceback.
MOST = 10**12


@dataclass(frozen=True)
class Form:
    """What a text must look like: an expression, and the same said to people."""

    pattern: str
    said: str

    def __call__(self, text: str) -> str:
        """The text. Raises ValueError for one of another form."""
        if not re.fullmatch(self.pattern, text):
            raise ValueError(f"must be {self.said}")
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Asked after pydantic's own checks."""
        return core_schema.no_info_after_validator_function(self, handler(source))


Count = Annotated[int, Field(ge=0, le=MOST)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Share = Annotated[float, Field(ge=0, le=1)]
Ratio = Annotated[float, Field(ge=0, le=MOST)]
"""Of things that need not be parts of one another: line breaks per word, a price per second."""

Seconds = Annotated[float, Field(gt=0, le=10**6)]
Processes = Annotated[int, Field(ge=0, le=1024)]

Path = Annotated[str, Form(r"(?s).+", "a path")]
Name = Annotated[str, Form(r"\S(.*\S)?", "a name")]
Word = Annotated[str, Form(r"\S+", "a word, without spaces")]
Phrase = Annotated[str, Form(r"\S.*\S", "a phrase of two characters or more, without spaces around it")]
UrlWord = Annotated[str, Form(r"[a-z0-9]+", "a word of small letters a to z and digits")]
FolderName = Annotated[str, Form(r"[^/A-Z]+", "a folder's name in small letters")]
MediaType = Annotated[
    str, Form(r"\*|[^\s/A-Z]+/[^\s/A-Z]+", 'a media type in small letters, such as "text/html" or "text/*"')
]
Address = Annotated[str, Form(r"(https?://\S+)?", "a URL that starts with http:// or https://")]
# In angle brackets and without digits, a placeholder is part of nothing that could be found again.
Placeholder = Annotated[
    str, Form(r"<[A-Za-z_|]{1,20}>", "1 to 20 letters in angle brackets, such as <EMAIL>; _ and | may be among them")
]
LanguageCode = Annotated[
    str,
    Form(
        "|".join(LANGUAGES),
        f'one of the {len(LANGUAGES)} codes that the language identifier knows, such as "en" for English',
    ),
]


def accepts(field: FieldInfo) -> str:
    """What a value may be: `0 to 1`, `whole number, 0 or more`, the choices there are."""
    return _said(field.annotation, field.metadata)


def _said(kind: Any, bounds: Sequence[Any]) -> str:
    form = next((each for each in bounds if isinstance(each, Form)), None)
    if form:
        return form.said
    if get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        inner = [each for field in more for each in (field.metadata if isinstance(field, FieldInfo) else [field])]
        return _said(kind, [*inner, *bounds])
    if get_origin(kind) is Literal:
        return ", ".join(f'"{choice}"' for choice in get_args(kind))
    if get_origin(kind) is tuple:
        most = _bounds(bounds, "max_length")
        return f"list{f' of at most {most[0]}' if most else ''}: {_said(get_args(kind)[0], [])}"
    if NoneType in get_args(kind):
        return _said(next(each for each in get_args(kind) if each is not NoneType), bounds)
    if kind is int:
        return f"whole number, {_range(bounds)}"
    return {bool: "true or false", str: "text"}.get(kind) or _range(bounds)


def _range(bounds: Sequence[Any]) -> str:
    """The narrowest of all bounds; that a number is at most `MOST` goes without saying."""
    least, above = max(_bounds(bounds, "ge"), default=None), _bounds(bounds, "gt")
    most, below = min(_bounds(bounds, "le"), default=MOST), _bounds(bounds, "lt")
    start = f"more than {max(above)}" if above else f"{least}"
    if below:
        return f"{start}, less than {min(below)}"
    if most == MOST:
        return start if above else f"{start} or more"
    return f"{start}, at most {most}" if above else f"{start} to {most}"


def _bounds(bounds: Sequence[Any], name: str) -> list[Any]:
    """Those of one kind: `ge`, `gt`, `le`, `lt`, `max_length`."""
    return [getattr(each, name) for each in bounds if getattr(each, name, None) is not None]
