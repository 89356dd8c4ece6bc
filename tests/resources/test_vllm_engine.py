"""What can be said of the vLLM backend where vLLM is not installed; the backend itself runs in tests/vllm."""

import importlib.metadata
import os

import pytest

from resources.vllm_engine import VllmLanguageModel, _stdout_as_stderr
from tier_assets.errors import StrataError
from tier_assets.inference import Message, Prompt, Sampling

NOT_INSTALLED = "vllm" not in importlib.metadata.packages_distributions()
needs_none = pytest.mark.skipif(not NOT_INSTALLED, reason="vLLM is installed here")


@pytest.fixture
def folder(tmp_path):
    """Something that looks like a model."""
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text("{}")
    (tmp_path / "tiny" / "model.safetensors").write_bytes(bytes(range(256)) * 8192)
    return tmp_path / "tiny"


@pytest.fixture
def a_version(monkeypatch):
    """A distribution that provides the module vllm, in the environment's own metadata."""
    monkeypatch.setattr(importlib.metadata, "packages_distributions", lambda: {"vllm": ["pytest"]})


def test_a_model_that_is_no_folder_names_the_setting(tmp_path):
    for model in ("", str(tmp_path), "some-org/some-model"):
        with pytest.raises(StrataError, match=r"set language_model\.model to a folder"):
            VllmLanguageModel(model)


@needs_none
def test_without_vllm_it_says_how_to_install_it(folder):
    model = VllmLanguageModel(str(folder))
    for use in (lambda: model.digest, lambda: list(model.generate([Prompt((Message("user", "a"),), Sampling(1))]))):
        with pytest.raises(StrataError, match=r"uv pip install -e '\.\[vllm\]'"):
            use()


def test_nothing_is_loaded_for_no_prompts(folder):
    with VllmLanguageModel(str(folder)) as model:
        assert list(model.generate([])) == []
    assert model.name == "tiny"


def test_the_digest_is_that_of_the_files_wherever_they_lie(folder, tmp_path, a_version):
    first = VllmLanguageModel(str(folder)).digest
    folder.rename(tmp_path / "moved")
    assert VllmLanguageModel(str(tmp_path / "moved")).digest == first


@pytest.mark.parametrize("changed", ["config.json", "model.safetensors"])
def test_the_digest_changes_with_the_weights_and_the_configuration(folder, a_version, changed):
    first = VllmLanguageModel(str(folder)).digest
    content = bytearray((folder / changed).read_bytes())
    content[len(content) // 2 : len(content) // 2 + 1] = b"\x00 "
    (folder / changed).write_bytes(content)
    assert VllmLanguageModel(str(folder)).digest != first


def test_what_others_print_to_stdout_goes_to_stderr(capfd):
    with _stdout_as_stderr():
        os.write(1, b"a log line")
    os.write(1, b"the answer")
    assert capfd.readouterr() == ("the answer", "a log line")
