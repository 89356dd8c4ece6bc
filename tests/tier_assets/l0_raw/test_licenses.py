import pytest

from tier_assets.l0_raw.licenses import spdx_of

BSD = "Redistribution and use in source and binary forms, with or without modification, are permitted"


@pytest.mark.parametrize(
    "text, expected",
    [
        (
            "MIT License\n\nPermission is hereby granted, free of\ncharge, to any person [...] shall be included in all\n"
            "copies or substantial portions of the Software.",
            "MIT",
        ),
        (
            "                              Apache License\n                        Version 2.0, January 2004",
            "Apache-2.0",
        ),
        ("GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007", "GPL-3.0"),
        ("GNU GENERAL PUBLIC LICENSE\n Version 2, June 1991", "GPL-2.0"),
        (
            "GNU LESSER GENERAL PUBLIC LICENSE\n Version 2.1, February 1999 [...] the GNU General Public License",
            "LGPL-2.1",
        ),
        ("GNU AFFERO GENERAL PUBLIC LICENSE\n Version 3, 19 November 2007", "AGPL-3.0"),
        (f"{BSD} [...] used to endorse or promote products derived from\nthis software", "BSD-3-Clause"),
        (BSD, "BSD-2-Clause"),
        ("# SPDX-License-Identifier: MIT OR Apache-2.0\n", "MIT OR Apache-2.0"),
        ("All rights reserved.", None),
        ("", None),
    ],
)
def test_a_licence_is_known_by_its_own_sentences(text, expected):
    assert spdx_of(text) == expected
