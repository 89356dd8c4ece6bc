"""Equal claims are one fact with the evidence of all, in whatever order they come."""

from hypothesis import given
from hypothesis import strategies as st

from tier_assets.l4_organized.resolution import fact_id, merged


def row(fact, doc_id, *spans, parents=("p",), generation=2):
    evidence = [{"text": "t", "doc_id": doc, "start": start, "end": start + 1} for doc, start in spans]
    return {
        "fact_id": fact,
        "doc_id": doc_id,
        "generation": generation,
        "parent_ids": list(parents),
        "evidence": evidence,
    }


def test_case_punctuation_and_compatible_forms_do_not_make_another_fact():
    assert (
        fact_id("Oslo has 1.5 km of canals.")
        == fact_id("OSLO has １.5 km, of canals")
        != fact_id("Oslo has 15 km of canals")
    )


def test_signs_and_units_make_another_fact():
    assert len({fact_id("It is -5 here"), fact_id("It is 5 here"), fact_id("It is 5% here")}) == 3


def test_evidence_is_united_sorted_and_without_repeats():
    (fact,) = merged(
        [
            row("f", "a", ("d2", 5), parents=("q", "p")),
            row("f", "b", ("d1", 9), ("d2", 5), parents=("r", "p"), generation=3),
        ]
    )
    assert [(span["doc_id"], span["start"]) for span in fact["evidence"]] == [("d1", 9), ("d2", 5)]
    assert fact["evidence_count"] == 2
    assert fact["parent_ids"] == ["p", "q", "r"]
    assert (fact["doc_id"], fact["generation"]) == ("a", 3)


@given(st.permutations([("f", "d1", 1), ("g", "d1", 2), ("f", "d2", 1), ("f", "d1", 1)]))
def test_the_order_changes_no_evidence(order):
    facts = merged([row(fact, f"{doc}-{start}", (doc, start)) for fact, doc, start in order])
    places = {fact["fact_id"]: [(span["doc_id"], span["start"]) for span in fact["evidence"]] for fact in facts}
    assert places == {"f": [("d1", 1), ("d2", 1)], "g": [("d1", 2)]}
