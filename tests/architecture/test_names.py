"""`resources` and `sensors` are names that other distributions install too: these tests prove that ours are loaded."""

import importlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("tier_assets", "resources", "sensors")


@pytest.mark.parametrize("package", PACKAGES)
def test_the_package_is_the_one_of_this_checkout(package: str):
    loaded = Path(str(importlib.import_module(package).__file__)).resolve()
    assert loaded == (ROOT / package / "__init__.py").resolve(), (
        f"another distribution's {package} hides ours: run from the checkout, or uninstall it"
    )


def test_the_distribution_holds_the_three_packages_and_cannot_be_uploaded():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(PACKAGES)
    assert "Private :: Do Not Upload" in project["project"]["classifiers"]


def test_dagster_loads_the_definitions_from_this_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["dagster"]["module_name"] == "tier_assets.definitions"
