"""Transfers in a disclosure: with their document, and marked where a restriction is lifted."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.audit.cli import app
from services.audit.ledger.published import open_log
from services.audit.reports.disclosure.counting import count_figures
from services.audit.reports.disclosure.duties import MAJOR_FEN
from services.audit.reports.disclosure.figures import Period
from tests.audit.log_builder import FUND, GENERAL, LogBuilder


@pytest.mark.parametrize(
    ("giver", "taker", "is_lifted"),
    [(FUND, GENERAL, True), (GENERAL, FUND, False), (FUND, "OTHER", False)],
)
def test_a_transfer_is_marked_where_restricted_money_becomes_free(
    tmp_path: Path, giver: str, taker: str, *, is_lifted: bool
) -> None:
    """However small, and whatever its reference says."""
    log = LogBuilder()
    log.open()
    log.open("OTHER")
    log.open(GENERAL, restricted=False)
    for fund in (FUND, GENERAL):
        log.give(9_00, fund=fund)
    log.transfer(1, giver, taker)
    folder = log.publish(tmp_path)
    figures = count_figures([open_log(folder)], Period.parse("2026"), major_fen=MAJOR_FEN)
    [moved] = figures.transfers
    assert dict(moved.funds) == {giver: -1, taker: 1}
    assert (moved.reference, moved.lifts_restriction) == ("捐赠人同意书 7; [号]", is_lifted)
    words = ("disclose", "--period", "2026", "--dir", str(folder))
    lines = CliRunner().invoke(app, words).output.splitlines()
    rows = [line for line in lines if "捐赠人同意书 7" in line]
    assert rows
    assert all(("限定性转为非限定性" in row) is is_lifted for row in rows)
