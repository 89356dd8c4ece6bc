"""Rule 8: a check must be able to fail. Every expectation of every contract is shown a number just outside its bound; that it
measures what it says is shown beside the gate and each contract, by frames that break it.
"""

import math

import pytest

from tier_assets.gate.audit import audit
from tier_assets.gate.contract import hold_on
from tier_assets.l2_selected.contract import SCORER_CONTRACT
from tier_assets.planning import CONTRACTS
from tier_assets.policy import Policy

POLICY = Policy()
ALL = {**CONTRACTS, "scorers": SCORER_CONTRACT}
MANY = 1e6


def breaches(expectation):
    """Numbers next to the bounds, on the wrong side."""
    if expectation.at_least is not None:
        yield math.nextafter(expectation.at_least, -math.inf)
    if expectation.at_most is not None:
        yield math.nextafter(expectation.at_most, math.inf)


@pytest.mark.parametrize("table", ALL)
def test_every_expectation_fails_just_outside_its_bound(table):
    expectations = hold_on(ALL[table].expectations(POLICY), POLICY.audit)
    sound = {each.metric: None for each in expectations} | {"rows_in": MANY}
    for each in expectations:
        wrong = list(breaches(each))
        assert wrong, f"{each.metric} has no bound"
        for number in wrong:
            (finding,) = audit(sound | {each.metric: number, "rows_in": MANY}, [each]).findings
            assert (finding.passed, finding.blocking) == (False, each.blocking), (each.metric, number)


@pytest.mark.parametrize("tier", CONTRACTS)
def test_inputs_are_counted_in_a_second_place(tier):
    """By the rows promoted below, or by the readers where there is nothing below."""
    contract = CONTRACTS[tier]
    promised = {each.metric for each in contract.expectations(POLICY) if each.blocking}
    if contract.parents:
        assert promised >= {"inputs_undecided", "decisions_without_input"}
        assert set(contract.accounts) <= set(contract.parents) and contract.accounts
    else:
        assert promised >= contract.derived.keys() == {"entries_unaccounted"}


@pytest.mark.parametrize("tier", CONTRACTS)
def test_nothing_of_something_holds_a_tier_at_any_size(tier):
    blocking = [each for each in CONTRACTS[tier].expectations(POLICY) if each.blocking and not each.blocks_from]
    names = {"kept_of_tried", "kept_of_promoted"} if CONTRACTS[tier].parents else {"rows_kept"}
    assert names <= {each.metric for each in blocking if each.at_least == 1}
