import sys
import unicodedata
import zipfile

import polars as pl
import pytest

from tier_assets import installed
from tier_assets.errors import PolicyError
from tier_assets.installed import ABSENT, facility, version, version_or_absent


@pytest.fixture(autouse=True)
def asked_anew():
    for cached in (installed.version, installed.facility):
        cached.cache_clear()
    yield
    for cached in (installed.version, installed.facility):
        cached.cache_clear()


def install(folder, library, number):
    metadata = folder / f"{library}-{number}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: {library}\nVersion: {number}\n")


def test_a_library_that_is_needed_and_missing_is_an_error_that_names_the_remedy():
    with pytest.raises(PolicyError, match="no_such_library is not installed, .* see pyproject's extras"):
        version("no_such_library")


def test_an_optional_library_is_absent_until_it_is_installed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    assert version_or_absent("wonder") == ABSENT
    install(tmp_path, "wonder", "1.5")
    assert version_or_absent("wonder") == "1.5"


def test_a_version_is_looked_up_once(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path / "old"))
    install(tmp_path / "old", "wonder", "1.5")
    assert version("wonder") == "1.5"
    install(tmp_path / "new", "wonder", "2.0")
    monkeypatch.syspath_prepend(str(tmp_path / "new"))
    assert version("wonder") == "1.5"


def test_python_counts_by_its_feature_release():
    assert facility("Python") == f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_unicode_tables_count_by_their_version(monkeypatch):
    monkeypatch.setattr(unicodedata, "unidata_version", "99.0.0")
    assert facility("unicode tables") == "99.0.0"


def test_the_tables_of_polars_count_by_the_letters_and_digits_in_them():
    points = [point for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]
    each = pl.Series([chr(point) for point in points]).str.contains(r"^[\p{L}\p{N}]$")
    assert facility("unicode tables of polars") == str(each.sum())


@pytest.mark.parametrize("name", ["Python's zipfile", "Python's ipaddress", "Python's random"])
def test_a_module_of_python_counts_by_its_source(name, tmp_path, monkeypatch):
    before = facility(name)
    other = tmp_path / "other.py"
    other.write_text("# mended")
    monkeypatch.setattr(sys.modules[name.removeprefix("Python's ")].__spec__, "origin", str(other))
    facility.cache_clear()
    assert len(before) == len(facility(name)) == 12
    assert facility(name) != before


def test_a_module_without_source_counts_by_the_release(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile.__spec__, "origin", str(tmp_path / "none.py"))
    assert facility("Python's zipfile") == ".".join(map(str, sys.version_info[:3]))
