"""Which licence a LICENSE file states, as its SPDX identifier, by sentences that only this licence has.

The identifiers are those of the SPDX licence list; the sentences are from the licences themselves.
"""

import re

_SPACE = re.compile(r"[\s*#>/]+")
_STATED = re.compile(r"spdx-license-identifier: ([a-z0-9.+-]+(?: (?:and|or|with) [a-z0-9.+-]+)*)", re.IGNORECASE)
# The first whose sentences all occur; a licence that quotes another stands before it.
_PHRASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("AGPL-3.0", ("gnu affero general public license", "version 3, 19 november 2007")),
    ("LGPL-3.0", ("gnu lesser general public license", "version 3, 29 june 2007")),
    ("LGPL-2.1", ("gnu lesser general public license", "version 2.1, february 1999")),
    ("GPL-3.0", ("gnu general public license", "version 3, 29 june 2007")),
    ("GPL-2.0", ("gnu general public license", "version 2, june 1991")),
    ("MPL-2.0", ("mozilla public license", "version 2.0")),
    ("EPL-2.0", ("eclipse public license - v 2.0",)),
    ("Apache-2.0", ("apache license", "version 2.0")),
    ("BSL-1.0", ("boost software license - version 1.0",)),
    ("CC0-1.0", ("cc0 1.0 universal",)),
    ("CC-BY-SA-4.0", ("attribution-sharealike 4.0 international",)),
    ("CC-BY-4.0", ("attribution 4.0 international",)),
    ("Unlicense", ("this is free and unencumbered software released into the public domain",)),
    (
        "BSD-3-Clause",
        ("redistribution and use in source and binary forms", "endorse or promote products derived from this software"),
    ),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms",)),
    ("ISC", ("permission to use, copy, modify, and/or distribute this software for any purpose with or without fee",)),
    ("Zlib", ("this software is provided 'as-is', without any express or implied warranty", "altered source versions")),
    ("MIT-0", ("permission is hereby granted, free of charge", "to do so. the software is provided")),
    (
        "MIT",
        ("permission is hereby granted, free of charge", "shall be included in all copies or substantial portions"),
    ),
)


def spdx_of(text: str) -> str | None:
    """The SPDX identifier of a licence text; None for one that is not known. A stated identifier is taken at its word."""
    plain = _SPACE.sub(" ", text).lower()
    stated = _STATED.search(text)
    if stated:
        return stated[1]
    return next((name for name, phrases in _PHRASES if all(phrase in plain for phrase in phrases)), None)
