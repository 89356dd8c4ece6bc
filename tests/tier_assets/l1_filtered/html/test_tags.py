from html.entities import html5

from tier_assets.l1_filtered.html.tags import (
    ANCHOR,
    BREAKS,
    FORUM,
    LEGACY,
    LONGEST,
    SIDE,
    digest,
    packed,
    table,
    tables,
    tag_flags,
    word_flags,
)


def looked_up(found, name: str, key_of=packed) -> int:
    slot = dict(zip(found.keys.tolist(), found.values.tolist(), strict=True))
    return slot.get(key_of(name), 0)


def test_a_table_holds_each_name_with_its_value():
    found = table({"one": 1, "two": 2}, 4, key_of=packed)
    assert [looked_up(found, name) for name in ("one", "two", "three")] == [1, 2, 0]


def test_names_that_differ_have_different_numbers():
    names = [*tag_flags(), *word_flags()]
    assert len({packed(name) for name in names}) == len(set(names))
    assert max(len(name) for name in names) <= LONGEST
    references = {name.rstrip(";") for name in html5}
    assert len({digest(name) for name in references}) == len(references)


def test_a_name_of_up_to_eight_bytes_stands_for_itself():
    assert packed("id") == int.from_bytes(b"id", "little")
    assert packed("navigation") != packed("navigati")


def test_tags_are_numbered_from_one_and_their_flags_stand_at_their_numbers():
    known = tables()
    assert known.flags[looked_up(known.tags, "p")] & BREAKS
    assert known.flags[looked_up(known.tags, "a")] & ANCHOR
    assert known.flags[looked_up(known.tags, "span")] == 0


def test_an_old_entity_needs_no_semicolon_and_a_new_one_does():
    entities = tables().entities
    assert looked_up(entities, "amp", digest) == ord("&") | LEGACY
    assert looked_up(entities, "hellip", digest) == ord("\u2026")


def test_a_word_has_one_meaning():
    assert word_flags()["sidebar"] == SIDE
    assert word_flags()["forum"] == FORUM


def test_the_tables_are_made_once():
    assert tables() is tables()
