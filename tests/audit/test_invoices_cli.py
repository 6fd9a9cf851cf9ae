"""`guanjia audit invoice missing` lists every gift, however many the service gives at a time."""

from typing import Any

import pytest
from typer.testing import CliRunner

from services.audit.cli import invoices

GIFTS = [f"D-{number:03d}" for number in range(7)]


class Finance:
    """Gives three at a time, whatever it is asked for."""

    def get(self, path: str, params: dict[str, Any]) -> dict[str, Any]:
        assert path == "/gift-invoices/missing"
        assert params["limit"] <= 1000
        return {"gifts": [build_gift(id_) for id_ in GIFTS if id_ > params["after"]][:3]}


def build_gift(id_: str) -> dict[str, Any]:
    return {
        "donation_id": id_,
        "goods": "",
        "amount_fen": 100,
        "amount_in_capitals": "壹元整",
        "project": "",
        "received_on": "2026-11-30",
        "donor_id": "P-1",
    }


def test_every_gift_without_a_number_is_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoices, "connect", lambda _: Finance())
    shown = CliRunner().invoke(invoices.app, ["missing"]).output
    assert [shown.count(id_) for id_ in GIFTS] == [1] * len(GIFTS)
