import pytest

from tier_assets.errors import PolicyError
from tier_assets.user_files import UserFiles


@pytest.fixture
def files(tmp_path):
    (tmp_path / "lists" / "adult").mkdir(parents=True)
    (tmp_path / "lists" / "adult" / "domains").write_text("example.com\n")
    (tmp_path / "lists" / "b.txt").write_text("b")
    (tmp_path / "lists" / ".hidden").write_text("x")
    (tmp_path / "lists" / "adult" / ".DS_Store").write_bytes(b"\xff")
    return UserFiles(tmp_path)


def test_a_folder_stands_for_its_files(files, tmp_path):
    names = [path.relative_to(tmp_path).as_posix() for path in files.paths(["lists", "lists/b.txt"])]
    assert names == ["lists/adult/domains", "lists/b.txt", "lists/b.txt"]


def test_the_digest_follows_the_content(files, tmp_path):
    before = files.digest(["lists"])
    assert before == files.digest(["lists"]) == UserFiles(tmp_path).digest(["lists"])
    (tmp_path / "lists" / "b.txt").write_text("bb")
    assert files.digest(["lists"]) != before


def test_the_digest_follows_the_folder_which_may_be_a_category(files, tmp_path):
    before = files.digest(["lists"])
    (tmp_path / "lists" / "adult").rename(tmp_path / "lists" / "bank")
    assert files.digest(["lists"]) != before


def test_no_names_have_no_digest(files):
    assert files.digest([]) == ""


def test_a_name_that_leads_nowhere_is_an_error(files):
    with pytest.raises(PolicyError, match="nowhere.txt is not there: the policy names it"):
        files.paths(["nowhere.txt"])
