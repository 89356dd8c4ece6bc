import os

import pytest

from tier_assets.landing.kinds import is_archive, is_minified, kind_of, license_place, unsafe


@pytest.mark.parametrize(
    "path, media_type",
    [
        ("a/b.py", "text/x-python"),
        ("a.H", "text/x-c"),
        ("a.tsx", "text/x-typescript"),
        ("Makefile", "text/x-makefile"),
        ("a/CMakeLists.txt", "text/x-cmake"),
        ("a.HTM", "text/html"),
        ("a.xhtml", "application/xhtml+xml"),
        ("notes.txt", "text/plain"),
        ("README.md", "text/markdown"),
        ("LICENSE", "text/plain"),
        ("paper.pdf", "application/pdf"),
        ("a.png", None),
        ("py", None),
        ("a", None),
    ],
)
def test_a_name_tells_what_a_file_is(path, media_type):
    assert kind_of(path).media_type == media_type


def test_only_source_files_are_code():
    assert kind_of("a.rs").code
    assert not kind_of("a.html").code and not kind_of("a.png").code


@pytest.mark.parametrize("path", ["a.zip", "a/b.tar.gz", "x.TGZ", "lib.jar", "a.whl", "data.parquet"])
def test_archives_are_known_by_name(path):
    assert is_archive(path)


def test_minified_files_are_known_by_name():
    assert is_minified("jquery-3.min.js") and is_minified("a-min.css")
    assert not is_minified("minimal.js")


@pytest.mark.parametrize(
    "path, place",
    [
        ("LICENSE", ""),
        ("repo-1.0/LICENSE.txt", "repo-1.0"),
        ("repo/COPYING", "repo"),
        ("repo/unlicense", "repo"),
        ("repo/sub/LICENSE", None),
        ("repo/README", None),
    ],
)
def test_a_licence_counts_at_the_root_and_in_the_one_folder_there(path, place):
    assert license_place(path) == place


@pytest.mark.parametrize(
    "path",
    [
        "../a",
        "a/../../b",
        "/etc/passwd",
        "C:\\x",
        "c:/x",
        "a\\..\\b",
        "",
        "a\nb",
        "a\x1b[31m",
        "\u202ea",
        os.fsdecode(b"\xff"),
    ],
)
def test_names_that_lead_elsewhere_or_cannot_be_shown_are_unsafe(path):
    assert unsafe(path)


@pytest.mark.parametrize("path", ["a", "a/b c.py", "é/ü.txt", "a..b", "it's; drop"])
def test_plain_names_are_safe(path):
    assert not unsafe(path)
