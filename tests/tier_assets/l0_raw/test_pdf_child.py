import json
import subprocess
import sys
from pathlib import Path

import pytest

from tier_assets.l0_raw import pdf_child


def test_junk_on_standard_input_is_a_problem_told_as_json():
    pytest.importorskip("pypdfium2", reason="the extra pdf is not installed: no PDF can be read")
    command = [sys.executable, "-P", str(Path(pdf_child.__file__)), "10", "1000", "2048"]
    done = subprocess.run(command, input=b"junk", capture_output=True, check=True)
    assert list(json.loads(done.stdout)) == ["problem"]
