import pytest

from tier_assets.l0_raw import assembly
from tier_assets.l0_raw.assembly import Assembly
from tier_assets.l0_raw.findings import Capture, Flaw, FlawKind, Reject
from tier_assets.outcome import joined
from tier_assets.schemas import DECISIONS, ROWS, DropReason
from tier_assets.tiers import Tier


def pieces(*findings, file="a.jsonl"):
    assembly = Assembly("crawl.2026-34")
    made = [piece for finding in findings for piece in assembly.add(file, finding)]
    return [*made, *assembly.rest()]


def capture(offset, payload=b"x"):
    return Capture(offset, payload, "text/plain")


def reject(offset):
    return Reject(offset, DropReason.UNREADABLE, "bad_json")


def test_nothing_is_one_empty_piece_of_the_right_schema():
    [piece] = pieces()
    assert (piece.rows.schema, piece.rows.height) == (ROWS[Tier.RAW].polars, 0)
    assert (piece.decisions.schema, piece.decisions.height) == (DECISIONS[Tier.RAW].polars, 0)


def test_a_piece_ends_when_its_payloads_reach_the_limit(monkeypatch):
    monkeypatch.setattr(assembly, "_FRAME_BYTES", 2_000)
    made = pieces(*(capture(number, b"x" * 900) for number in range(7)))
    assert [piece.rows["offset"].to_list() for piece in made] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [piece.decisions["offset"].to_list() for piece in made] == [[0, 1, 2], [3, 4, 5], [6]]


def test_a_given_text_counts_like_its_payload(monkeypatch):
    monkeypatch.setattr(assembly, "_FRAME_BYTES", 2_000)
    made = pieces(*(Capture(number, b"x" * 500, "text/plain", text="x" * 500) for number in range(3)))
    assert [piece.rows.height for piece in made] == [2, 1]


def test_a_piece_ends_after_many_dropped_inputs_too(monkeypatch):
    monkeypatch.setattr(assembly, "_FRAME_DECISIONS", 2)
    made = pieces(*(reject(number) for number in range(5)))
    assert [piece.decisions.height for piece in made] == [2, 2, 1]


def test_no_piece_is_empty_where_another_was_given(monkeypatch):
    monkeypatch.setattr(assembly, "_FRAME_DECISIONS", 1)
    assert [piece.decisions.height for piece in pieces(reject(0), reject(1))] == [1, 1]


def test_measures_and_notes_stand_in_the_piece_where_they_arise(monkeypatch):
    monkeypatch.setattr(assembly, "_FRAME_DECISIONS", 1)
    flaw = Flaw(FlawKind.TRUNCATED, "truncated at byte 7")
    made = pieces(reject(0), flaw, reject(1), flaw)
    assert [piece.notes for piece in made] == [(), ("a.jsonl: truncated at byte 7",), ("a.jsonl: truncated at byte 7",)]
    assert joined(made).measures == {"files_truncated": 1}


@pytest.mark.parametrize("number", [1, 3])
def test_the_same_findings_in_pieces_of_any_size_are_the_same_whole(monkeypatch, number):
    findings = [capture(0, b"one"), reject(1), capture(2, b"two"), capture(3, b"three")]
    whole = joined(pieces(*findings))
    monkeypatch.setattr(assembly, "_FRAME_DECISIONS", number)
    parts = joined(pieces(*findings))
    assert parts.rows.equals(whole.rows) and parts.decisions.equals(whole.decisions)
