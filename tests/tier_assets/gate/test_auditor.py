import subprocess
import sys

import pytest

from tier_assets.gate import auditor

ROW = {"x": 1.0}
BOUND = ("x", 0, 2, "critical")


@pytest.fixture(autouse=True)
def _alone():
    auditor.end()
    yield
    auditor.end()


def test_one_process_answers_all_questions():
    auditor.start()
    (process,) = auditor._processes
    assert [auditor.ask("judge", row=ROW, bounds=[BOUND]) for _ in range(2)] == [[True], [True]]
    assert auditor._processes == [process]


def test_a_question_that_ends_the_process_is_told_and_the_next_starts_another(capfd):
    with pytest.raises(auditor.AuditorError, match="ended with status 1 and nothing is promoted"):
        auditor.ask("judge", row=ROW, bounds=[("x", None, None, "critical")])
    assert "cannot both be None" in capfd.readouterr().err
    assert auditor.ask("judge", row=ROW, bounds=[BOUND]) == [True]


def test_a_killed_process_is_no_verdict():
    auditor.start()
    auditor._processes[0].kill()
    with pytest.raises(auditor.AuditorError, match="ended with status -9"):
        auditor.ask("judge", row=ROW, bounds=[BOUND])


@pytest.mark.parametrize(("end", "status"), [("", 0), ("os.kill(os.getpid(), 9)", -9)])
def test_the_process_ends_with_the_one_that_asks_however_that_ends(end, status):
    script = f"import os; from tier_assets.gate import auditor; auditor.start(); {end}"
    # Returns when nobody holds standard error any more: the process has inherited it.
    done = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (status, b"")


def test_the_one_that_asks_loads_none_of_its_libraries():
    script = (
        "import sys; import tier_assets.promotion.step as promotion\n"
        "promotion.audit({'rows_in': 0.0}, [])\n"
        "print({'duckdb', 'pandas', 'great_expectations', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
