import multiprocessing
import os
import signal
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.flips import flipped
from tests.recorded import RecordedLanguageModel
from tier_assets.completions import CachedLanguageModel, CompletionCache
from tier_assets.errors import StrataError
from tier_assets.inference import Completion, Message, ModelUnavailableError, Prompt, Sampling


def prompt(text: str, **sampling) -> Prompt:
    return Prompt((Message("user", text),), Sampling(**{"max_tokens": 5} | sampling))


def shout(asked: Prompt) -> str:
    return asked.messages[0].content.upper()


def texts(model, *prompts):
    return {index: completion.text for index, completion in model.generate(prompts)}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "completions.sqlite"


def test_a_second_run_asks_for_nothing(path):
    first = RecordedLanguageModel(shout)
    with CachedLanguageModel(first, path) as model:
        assert texts(model, prompt("a"), prompt("b")) == {0: "A", 1: "B"}
    second = RecordedLanguageModel({})
    with CachedLanguageModel(second, path) as model:
        assert texts(model, prompt("a"), prompt("b")) == {0: "A", 1: "B"}
    assert second.calls == 0


def test_a_known_completion_comes_first_marked_and_free(path):
    answer = Completion("A", "length", 7, 3, seconds=2.5)
    with CachedLanguageModel(RecordedLanguageModel(lambda _: answer), path) as model:
        assert list(model.generate([prompt("a")])) == [(0, answer)]
        assert list(model.generate([prompt("new"), prompt("a")])) == [
            (1, Completion("A", "length", 7, 3, seconds=0.0, cached=True)),
            (0, answer),
        ]


@pytest.mark.parametrize(
    "other",
    [prompt("b"), prompt("a", temperature=0.5), prompt("a", seed=2), prompt("a", top_p=0.9), prompt("a", max_tokens=6)],
    ids="message temperature seed top_p max_tokens".split(),
)
def test_another_prompt_sampling_or_seed_is_asked_anew(path, other):
    recorded = RecordedLanguageModel(shout)
    with CachedLanguageModel(recorded, path) as model:
        texts(model, prompt("a"))
        texts(model, other)
    assert recorded.calls == 2


def test_another_schema_is_asked_anew(path):
    recorded = RecordedLanguageModel(shout)
    with CachedLanguageModel(recorded, path) as model:
        texts(model, prompt("a"))
        texts(model, Prompt(prompt("a").messages, prompt("a").sampling, {"type": "object"}))
    assert recorded.calls == 2


def test_another_model_is_asked_anew(path):
    for digest, said in (("d1", "one"), ("d2", "two"), ("d1", "never asked")):
        with CachedLanguageModel(RecordedLanguageModel(lambda _, said=said: said, digest=digest), path) as model:
            assert texts(model, prompt("a")) == {0: {"d1": "one", "d2": "two"}[digest]}


@pytest.mark.parametrize("reason", ["stop", "length", "refused"])
def test_what_the_model_ended_is_kept(path, reason):
    recorded = RecordedLanguageModel(lambda _: Completion("x", reason, 1, 1))
    with CachedLanguageModel(recorded, path) as model:
        for _ in range(2):
            assert [completion.finish_reason for _, completion in model.generate([prompt("a")])] == [reason]
    assert recorded.calls == 1


def test_a_failure_is_not_kept(path):
    answers = iter([None, "better"])
    with CachedLanguageModel(RecordedLanguageModel(lambda _: next(answers)), path) as model:
        assert list(model.generate([prompt("a")])) == [(0, Completion("", "error", 0, 0))]
        assert texts(model, prompt("a")) == {0: "better"}


def test_equal_prompts_of_one_call_are_asked_once_and_paid_once(path):
    recorded = RecordedLanguageModel(shout)
    with CachedLanguageModel(recorded, path) as model:
        answers = dict(model.generate([prompt("a"), prompt("b"), prompt("a")]))
    assert recorded.calls == 2
    assert {index: answer.text for index, answer in answers.items()} == {0: "A", 1: "B", 2: "A"}
    assert (answers[0].cached, answers[2].cached) == (False, True)
    assert (answers[0].seconds, answers[2].seconds) == (0.5, 0.0)


def test_a_failure_fails_all_equal_prompts(path):
    with CachedLanguageModel(RecordedLanguageModel(lambda _: None), path) as model:
        answers = dict(model.generate([prompt("a"), prompt("a")]))
    assert [(answers[i].finish_reason, answers[i].cached) for i in (0, 1)] == [("error", False), ("error", False)]


def test_an_answer_is_kept_before_the_caller_takes_it(path):
    last = threading.Event()

    def answer(asked):
        if asked == prompt("first"):
            last.set()
        return shout(asked)

    with CachedLanguageModel(RecordedLanguageModel(answer), path) as model:
        slow = model.generate([prompt("first"), prompt("second")])
        next(slow)
        assert last.wait(10)
        slow.close()
    with CachedLanguageModel(RecordedLanguageModel({}), path) as again:
        assert texts(again, prompt("first"), prompt("second")) == {0: "FIRST", 1: "SECOND"}


def test_answers_before_the_model_fails_are_handed_over_and_kept(path):
    def answer(asked):
        if asked == prompt("a"):
            raise ModelUnavailableError("gone")
        return shout(asked)

    seen = []
    with CachedLanguageModel(RecordedLanguageModel(answer), path) as model, pytest.raises(ModelUnavailableError):
        seen.extend(model.generate([prompt("a"), prompt("b")]))
    assert [completion.text for _, completion in seen] == ["B"]
    assert CompletionCache(path).get(prompt("b").digest, "recorded") is not None


def test_a_model_that_fails_on_the_last_prompt_fails_the_call(path):
    def fail(_):
        raise ModelUnavailableError("gone")

    with (
        CachedLanguageModel(RecordedLanguageModel(fail), path) as model,
        pytest.raises(ModelUnavailableError, match="gone"),
    ):
        list(model.generate([prompt("a")]))


def test_any_text_comes_back_as_it_was(path):
    cache = CompletionCache(path)
    text = "a\x00b\r\n\u2028 ' -- \U0001f600 é"
    cache.put("p", "m", Completion(text, "stop", 1, 2))
    assert cache.get("p", "m") == Completion(text, "stop", 1, 2, cached=True)
    cache.close()


def test_the_first_of_two_rival_answers_holds(path):
    ours, theirs = CompletionCache(path), CompletionCache(path)
    theirs.put("p", "m", Completion("theirs", "stop", 1, 1))
    assert ours.put("p", "m", Completion("ours", "stop", 1, 1)).text == "theirs"
    ours.close()
    theirs.close()


def test_many_threads_may_share_a_cache(path):
    cache = CompletionCache(path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: cache.put(f"p{n}", "m", Completion(f"t{n}", "stop", 1, 1)), range(200)))
        found = list(pool.map(lambda n: cache.get(f"p{n}", "m"), range(200)))
    cache.close()
    assert [answer.text for answer in found if answer] == [f"t{n}" for n in range(200)]


def _fill(path, start):
    cache = CompletionCache(path)
    for number in range(start, start + 100):
        cache.put(f"p{number}", "m", Completion(str(number), "stop", 1, 1))
    cache.close()


def test_many_processes_may_share_a_cache(path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_fill, args=(path, start)) for start in (0, 50)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    cache = CompletionCache(path)
    assert [cache.get(f"p{number}", "m").text for number in range(150)] == [str(number) for number in range(150)]
    cache.close()


def _answer_two_of_three_and_die(path):
    def answer(asked):
        if asked == prompt("0"):
            os.kill(os.getpid(), signal.SIGKILL)
        return shout(asked)

    with CachedLanguageModel(RecordedLanguageModel(answer), path) as model:
        list(model.generate([prompt(str(number)) for number in range(3)]))


def test_after_kill_9_nothing_finished_is_asked_again(path):
    worker = multiprocessing.get_context("spawn").Process(target=_answer_two_of_three_and_die, args=(path,))
    worker.start()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL
    recorded = RecordedLanguageModel(shout)
    with CachedLanguageModel(recorded, path) as model:
        assert texts(model, *(prompt(str(number)) for number in range(3))) == {0: "0", 1: "1", 2: "2"}
    assert recorded.asked == [prompt("0")]


@pytest.mark.parametrize("garbage", [b"this is no database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_damaged_file_is_moved_aside_and_work_goes_on(path, caplog, garbage):
    path.parent.mkdir()
    path.write_bytes(garbage)
    with CachedLanguageModel(RecordedLanguageModel(shout), path) as model:
        assert texts(model, prompt("a")) == {0: "A"}
    assert path.with_name(path.name + ".damaged-1").read_bytes() == garbage
    assert "is damaged: moved to completions.sqlite.damaged-1" in caplog.text
    assert CompletionCache(path).get(prompt("a").digest, "recorded") is not None


def test_damage_that_shows_only_later_is_survived_too(path, caplog):
    cache = CompletionCache(path)
    for number in range(500):
        cache.put(f"p{number}", "m", Completion("x" * 500, "stop", 1, 1))
    cache.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 40)
    cache = CompletionCache(path)
    found = [cache.get(f"p{number}", "m") for number in range(500)]
    assert None in found
    assert cache.put("p", "m", Completion("x", "stop", 1, 1)).text == "x"
    cache.close()
    assert "damaged" in caplog.text


def test_a_file_that_another_process_has_renewed_is_not_moved(path):
    ours = CompletionCache(path)
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    original = path.stat().st_ino
    assert ours.get("p", "m") is None
    late = CompletionCache(path)
    late.put("p", "m", Completion("x", "stop", 1, 1))
    late._set_aside()
    assert late.get("p", "m") is not None
    assert path.stat().st_ino != original
    assert sorted(entry.name for entry in path.parent.glob("*.damaged-*")) == [path.name + ".damaged-1"]
    ours.close()
    late.close()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "cache.sqlite").mkdir()
    with pytest.raises(StrataError, match=r"the completion cache .*cache\.sqlite cannot be used"):
        CompletionCache(tmp_path / "cache.sqlite").get("p", "m")


def test_a_cached_model_is_its_model_to_everybody_else(path):
    recorded = RecordedLanguageModel({}, name="n", digest="d", profile="large", context_tokens=7)
    with CachedLanguageModel(recorded, path) as model:
        assert (model.name, model.digest, model.profile, model.context_tokens) == ("n", "d", "large", 7)
        assert list(model.generate([])) == []
    assert recorded.closed
    assert not path.exists()


def test_only_digests_and_answers_are_stored(path):
    with CachedLanguageModel(RecordedLanguageModel(lambda _: "answer"), path) as model:
        texts(model, prompt("a private page"))
    assert b"a private page" not in path.read_bytes()
    with sqlite3.connect(path) as connection:
        assert connection.execute("select prompt, model, text from completions").fetchall() == [
            (prompt("a private page").digest, "recorded", "answer")
        ]
    connection.close()


ANSWERS = {
    f"prompt {number}": Completion(f"answer {number} " * 9, "stop", number + 7, number + 3) for number in range(40)
}


def filled(path):
    """A cache file of one page after another, closed."""
    cache = CompletionCache(path)
    for name, completion in ANSWERS.items():
        cache.put(name, "m", completion)
    cache.close()
    return path.read_bytes()


def test_a_flipped_bit_anywhere_in_the_file_never_changes_an_answer(path):
    whole = filled(path)
    for harmed in flipped(whole):
        for each in path.parent.iterdir():
            each.unlink()
        path.write_bytes(harmed)
        cache = CompletionCache(path)
        for name, completion in ANSWERS.items():
            assert cache.get(name, "m") in (None, replace(completion, cached=True))
            held = cache.put(name, "m", completion)
            assert replace(held, cached=False) == completion
        cache.close()


CHANGES = [("text", "another"), ("text", b"\xff"), ("finish_reason", "length"), ("prompt_tokens", 8)]


@pytest.mark.parametrize(
    ("column", "value"), [*CHANGES, ("completion_tokens", 3.5), ("digest", ""), ("digest", b"\xff")]
)
def test_a_row_that_was_changed_is_no_row_and_is_asked_anew(path, column, value):
    filled(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"update completions set {column} = ? where prompt = 'prompt 0'", (value,))
    connection.close()
    cache = CompletionCache(path)
    assert cache.get("prompt 0", "m") is None
    assert cache.get("prompt 1", "m").text == ANSWERS["prompt 1"].text
    assert cache.put("prompt 0", "m", Completion("anew", "stop", 1, 1)).text == "anew"
    assert cache.get("prompt 0", "m").text == "anew"
    cache.close()


def test_a_damaged_page_that_leads_to_another_prompts_row_leads_nowhere(path):
    data = bytearray(filled(path))
    # Found by trying: what is looked for as prompt 35 ends at the row of prompt 4.
    data[14468] ^= 1
    path.write_bytes(data)
    cache = CompletionCache(path)
    answers = [(name, cache.put(name, "m", completion)) for name, completion in ANSWERS.items()]
    assert [name for name, held in answers if held.text != ANSWERS[name].text] == []
    cache.close()


def test_a_damaged_schema_that_is_no_utf8_is_damage(path, caplog):
    data = filled(path)
    at = data.index(b"completions (")
    path.write_bytes(data[:at] + b"\xc5" + data[at + 1 :])
    cache = CompletionCache(path)
    assert cache.get("prompt 1", "m") is None
    assert "damaged" in caplog.text
    cache.close()


def test_an_answer_in_another_prompts_row_is_none(path):
    filled(path)
    with sqlite3.connect(path) as connection:
        connection.execute("delete from completions where prompt = 'prompt 1'")
        connection.execute("update completions set prompt = 'prompt 1' where prompt = 'prompt 0'")
    connection.close()
    cache = CompletionCache(path)
    assert cache.get("prompt 1", "m") is None
    cache.close()


def of_the_form_before(path, *rows):
    """A cache file without digests."""
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute(
            "create table completions (prompt text not null, model text not null, text text not null, finish_reason text "
            "not null, prompt_tokens integer not null, completion_tokens integer not null, primary key (prompt, model)) "
            "without rowid"
        )
        connection.executemany("insert into completions values (?, 'm', ?, ?, ?, ?)", rows)
    connection.close()


def test_a_file_of_the_form_before_digests_keeps_its_rows(path):
    of_the_form_before(path, ("p", "kept \0 é", "length", 7, 3))
    first, second = CompletionCache(path), CompletionCache(path)
    kept = Completion("kept \0 é", "length", 7, 3, cached=True)
    assert [cache.get("p", "m") for cache in (first, second, first)] == [kept] * 3
    assert first.put("q", "m", Completion("new", "stop", 1, 1)).text == "new"
    assert second.get("q", "m").text == "new"
    first.close()
    second.close()


def test_what_an_old_file_holds_is_judged_again(path):
    rows = [("a", "fine", "stop", "10e29", 1), ("b", "fine", "eos", 1, 1), ("c", "fine", "stop", 2**62, -4)]
    of_the_form_before(path, *rows)
    cache = CompletionCache(path)
    assert [cache.get(name, "m") for name in "abc"] == [None, None, Completion("fine", "stop", 0, 0, cached=True)]
    cache.close()
