"""What an import hears of its rows."""

from typing import Any

import pytest

from services.audit.statements.files import Row
from services.audit.statements.outcomes import find_outcomes
from services.audit.statements.views import describe_stored_gift
from tests.audit.facts import gift

FIRST_FIELDS = ("donor_id", "fund_id", "amount_fen", "statements", "refused")
ROW = Row(2, "gift-1", gift(700, listed=("a.csv", 2)).data)
KNOWN = {
    "donor_id": ROW.fact.donor_id,
    "fund_id": ROW.fact.fund_id,
    "amount_fen": 700,
    "received_at": ROW.fact.received_at.isoformat(),
    "statements": [{"statement": "a.csv", "row": 2}],
    "refused": False,
    "waiting": False,
    "may_be": "",
    "answered_by": "",
}


class Audit:
    def __init__(self, found: object) -> None:
        self._gift = found

    def post(self, _path: str, _json: object = None) -> Any:
        return {"gifts": [self._gift]}


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (None, "unknown"),
        (KNOWN, "entered"),
        (KNOWN | {"refused": True}, "refused"),
        (KNOWN | {"refused": True, "waiting": True}, "waiting"),
        (KNOWN | {"refused": True, "may_be": "D-1"}, "asked"),
        (KNOWN | {"refused": True, "may_be": "D-1", "answered_by": "F-1"}, "repeated"),
        (KNOWN | {"amount_fen": 1}, "reused"),
        (KNOWN | {"statements": []}, "elsewhere"),
    ],
)
def test_a_row_is_entered_refused_or_waits_for_its_fund(found: object, outcome: str) -> None:
    assert find_outcomes(Audit(found), "/bank", [ROW]) == [outcome]


def test_a_gift_that_an_earlier_release_stored_has_an_outcome_too() -> None:
    """Its document lacks what there was no field for."""
    received_at = ROW.fact.received_at
    stored = {name: KNOWN[name] for name in FIRST_FIELDS} | {"received_at": received_at}
    found = describe_stored_gift({"_id": "D-1", **stored})
    assert (found["id"], found["undone"], found["log"]) == ("D-1", False, "")
    answered = dict(found) | {"received_at": received_at.isoformat()}
    assert find_outcomes(Audit(answered), "/bank", [ROW]) == ["entered"]
