import json

import pytest

from tier_assets.cli import main


@pytest.fixture
def run(tmp_path, capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments), "--home", str(tmp_path / "home"), "--json"])
        out, err = capsys.readouterr()
        return ended.value.code, json.loads(out) if out else None, err

    return run


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "page.jsonl"
    path.write_text('{"text": "hello"}\n')
    return path


def test_a_home_is_prepared_with_dagsters_settings_and_its_storage_is_left_to_the_first_run(run, tmp_path):
    assert run("init")[:2] == (0, {"home": str(tmp_path / "home")})
    assert [path.name for path in (tmp_path / "home" / "dagster").iterdir()] == ["dagster.yaml"]
    assert run("init")[0] == 0


def test_landing_the_same_bytes_again_is_nothing_to_do(run, page):
    assert run("land", "crawl.1", page)[1]["landed"] is True
    assert run("land", "crawl.1", page)[:2] == (0, {"partition": "crawl.1", "landed": False, "files": ["page.jsonl"]})


def test_other_bytes_need_replace(run, page):
    run("land", "crawl.1", page)
    page.write_text('{"text": "other"}\n')
    status, _, err = run("land", "crawl.1", page)
    assert status == 1
    assert "--replace" in err
    assert run("land", "crawl.1", page, "--replace")[1]["landed"] is True


def test_a_folder_of_pages_is_landed_as_one_file(run, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.html").write_text("<p>hello")
    assert run("land", "crawl.1", tmp_path / "site")[1] == {
        "partition": "crawl.1",
        "landed": True,
        "files": ["site.tar"],
    }


def test_a_reference_copies_nothing(run, page, tmp_path):
    assert run("land", "crawl.1", page, "--reference")[1]["landed"] is True
    assert not (tmp_path / "home" / "landing" / "crawl" / "1" / "page.jsonl").exists()


def test_a_url_without_an_object_is_refused_in_one_line(run):
    status, _, err = run("land", "crawl.1", "s3://bucket")
    assert (status, err) == (1, "strata: 's3://bucket' names no object: use s3://BUCKET/KEY, or s3://BUCKET/FOLDER/\n")


@pytest.mark.parametrize("url", ["gs://bucket/a.jsonl", "https://example.org/a.jsonl", "s3a://bucket/a.jsonl"])
def test_other_urls_are_refused_in_one_line(run, url):
    status, _, err = run("land", "crawl.1", url)
    assert (status, err) == (1, f"strata: '{url}' cannot be landed: only s3:// URLs and local paths can\n")
