"""How a call ended, from what both ends saw."""

import pytest

from conformance.judge import classify
from conformance.model.traffic import Ending, Outcome
from conformance.tests.doubles.asking import TCP, a_cell
from conformance.tests.doubles.witnesses import a_witnessed, let_through, refused

SHOP, BANK = "here/shop", "here/bank"


def test_call_with_its_answer_and_one_receipt_is_allowed():
    """Over HTTP with status 200, over raw TCP with the line itself."""
    assert classify(let_through(a_cell())) is Outcome.ALLOWED
    line = a_witnessed(a_cell(port=8300, request=TCP), status=None, answered_by=SHOP, received_by=[SHOP])
    assert classify(line) is Outcome.ALLOWED


@pytest.mark.parametrize("ending", [one for one in Ending if one is not Ending.NAME_UNKNOWN])
def test_call_that_reached_nobody_is_denied_however_it_ended(ending):
    """The text gives refusals no shape: a proxy's answer, a cut, a timeout and garbage are all the same."""
    assert classify(a_witnessed(a_cell(), ending=ending, status=403)) is Outcome.DENIED


def test_proxys_own_200_is_no_answer_of_the_application():
    """Status alone decides nothing."""
    assert classify(a_witnessed(a_cell(), status=200)) is Outcome.DENIED


@pytest.mark.parametrize("ending", [Ending.ANSWERED, Ending.RESET, Ending.TIMED_OUT])
def test_receipt_without_the_applications_answer_is_delivered(ending):
    """A mesh that delivers the request and replaces the response has not refused it."""
    assert classify(a_witnessed(a_cell(), ending=ending, status=403, received_by=[SHOP])) is Outcome.DELIVERED


def test_changed_status_is_delivered_not_allowed():
    """The application answers 200; another status with its marks was written by somebody else."""
    odd = a_witnessed(a_cell(), status=403, answered_by=SHOP, received_by=[SHOP])
    assert classify(odd) is Outcome.DELIVERED


@pytest.mark.parametrize(
    "contradiction",
    [
        {"answered_by": SHOP},
        {"answered_by": SHOP, "received_by": [BANK]},
        {"answered_by": SHOP, "received_by": [SHOP, SHOP]},
        {"answered_by": SHOP, "received_by": [SHOP], "echoed_id": "another-call"},
        {"received_by": [SHOP, BANK]},
        {"ending": Ending.NAME_UNKNOWN, "received_by": [SHOP]},
    ],
)
def test_contradiction_between_the_ends_is_unknown(contradiction):
    """An answer without its own receipt, a foreign answer and a doubled delivery prove neither."""
    assert classify(a_witnessed(a_cell(), **contradiction)) is Outcome.UNKNOWN


def test_unknown_name_is_unreachable_not_denied():
    """Nothing was tried, so nothing was refused."""
    assert classify(refused(a_cell(), Ending.NAME_UNKNOWN)) is Outcome.UNREACHABLE
