"""Statements and reconciliation on a running audit: sums, overlaps, and what does not match."""

import asyncio
import os
import sys
from typing import Any

import pytest

from shared.contracts.events import OfferRegistered, OfferWithdrawn
from shared.security import Role
from tests.audit.facts import BANK, FUND, MATCHING, event, gift
from tests.audit.harness import AuditHarness
from tests.support.eventually import eventually
from tests.support.serving import serve_app

A, B = "a.csv", "b.csv"


def offer(id_: str, fen: int, *, unit: str = "fen", fund: str | None = FUND) -> Any:
    fact = OfferRegistered(donor_id="P-donor", unit=unit, quantity=fen, fund_id=fund)
    return event(fact, f"{id_}:1", id_, source=MATCHING)


async def statements(harness: AuditHarness, rows: int) -> dict[str, Any]:
    """By name, once so many rows are known."""

    async def entered() -> list[dict[str, Any]]:
        statements_by_name: list[dict[str, Any]] = (await harness.get("/statements"))["statements"]
        return statements_by_name

    statements_by_name = await eventually(
        entered, lambda each: sum(one["rows"] for one in each) == rows
    )
    return {each.pop("statement"): each for each in statements_by_name}


async def overlapping(harness: AuditHarness) -> None:
    """a.csv lists three gifts and b.csv two of them and one to nowhere."""
    await harness.open_fund()
    await harness.publish_in_order(
        gift(100, "g-1", listed=(A, 2)),
        gift(200, "g-2", listed=(A, 3)),
        gift(400, "g-3", listed=(A, 4)),
        gift(400, "g-3", listed=(B, 2)),
        gift(200, "g-2", listed=(B, 3), designation="武汉"),
        gift(700, "g-4", listed=(B, 4), fund="nowhere"),
        gift(200, "g-2", listed=(B, 3)),
    )


async def test_each_statement_has_its_own_total_and_knows_what_others_list(
    harness: AuditHarness,
) -> None:
    await overlapping(harness)
    statements_by_name = await statements(harness, rows=6)
    assert statements_by_name[A] == {
        "rows": 3,
        "gifts": 3,
        "total_fen": 700,
        "first_here": 3,
        "elsewhere": 2,
        "refused": 0,
    }
    assert statements_by_name[B] == {
        "rows": 3,
        "gifts": 3,
        "total_fen": 600,
        "first_here": 1,
        "elsewhere": 2,
        "refused": 1,
    }
    fund = await harness.get(f"/funds/{FUND}")
    assert fund["received_fen"] == 700


async def test_overlaps_name_the_rows_and_come_in_pages(harness: AuditHarness) -> None:
    await overlapping(harness)
    await statements(harness, rows=6)
    page = await harness.get("/statements/overlaps?limit=1")
    assert page["pairs"] == [{"statement": A, "other": B, "rows": 2, "amount_fen": 600}]
    rest = await harness.get(f"/statements/overlaps?limit=1&after={page['next']}")
    end = await harness.get(f"/statements/overlaps?limit=1&after={rest['next']}")
    assert (end["gifts"], end["next"]) == ([], None)
    rows = {
        tuple((at["statement"], at["row"]) for at in each["statements"])
        for each in (*page["gifts"], *rest["gifts"])
    }
    assert rows == {((A, 3), (B, 3)), ((A, 4), (B, 2))}
    other = await harness.get("/statements/overlaps?statement=c.csv")
    assert (other["pairs"], other["gifts"]) == ([], [])


async def test_a_source_finds_what_became_of_its_rows(harness: AuditHarness) -> None:
    await overlapping(harness)
    await statements(harness, rows=6)
    query = {"source": BANK, "ids": ["g-4", "never", "g-2"]}
    answer = await harness.post("/statements/find", harness.maker, "k", query)
    refused, unknown, entered = answer.json()["gifts"]
    assert (refused["refused"], unknown, entered["refused"]) == (True, None, False)
    assert (entered["amount_fen"], entered["donor_id"]) == (200, "P-donor")
    assert "designation" not in entered


async def test_a_source_that_nobody_registered_is_refused_with_those_that_are(
    harness: AuditHarness,
) -> None:
    query = {"source": "/bank/nobody", "ids": ["g-1"]}
    answer = await harness.post("/statements/find", harness.maker, "k", query)
    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["code"]) == (404, "source_unknown")
    assert BANK in problem["zh"]
    assert BANK in problem["en"]


async def test_rows_that_may_be_gifts_in_the_books_are_named(harness: AuditHarness) -> None:
    await overlapping(harness)
    await statements(harness, rows=6)
    entered = gift(100, "g-1").data
    row = {
        "id": "new",
        "donor_id": "P-donor",
        "fund_id": "general",
        "amount_fen": 100,
        "received_at": entered.received_at.isoformat(),
        "bank_reference": entered.bank_reference,
        "statement": {"statement": B, "row": 9},
    }
    again = row | {"id": "again", "statement": {"statement": A, "row": 2}}
    other = row | {"id": "other", "amount_fen": 101}
    query = {"source": BANK, "rows": [row, again, other]}
    answer = await harness.post("/statements/alike", harness.maker, "k", query)
    first, second, third = answer.json()["rows"]
    assert [gift["row"] for gift in first["gifts"]] == [2]
    assert (second["itself"], third["gifts"]) == (first["gifts"][0]["id"], [])
    assert "P-donor" not in answer.text
    known = query | {"rows": [row | {"id": "g-1"}]}
    answer = await harness.post("/statements/alike", harness.maker, "k", known)
    assert answer.json()["rows"] == [{"is_new": False, "itself": None, "gifts": []}]
    strange = await harness.post("/statements/alike", harness.maker, "k", query | {"source": "/x"})
    assert strange.status_code == 404


async def test_pledge_bank_and_ledger_are_set_side_by_side(harness: AuditHarness) -> None:
    await overlapping(harness)
    summary = (await statements(harness, rows=6), await harness.get("/reconciliation"))[1]
    assert summary["ageing"]["pledged_not_arrived"]["0-30"] == {"count": 0, "amount_fen": 0}
    await harness.publish_in_order(
        offer("O-1", 500),
        offer("O-2", 1000),
        offer("O-3", 5, unit="袋"),
        offer("O-4", 50, fund=None),
        event(OfferWithdrawn(), "O-4:2", "O-4", source=MATCHING),
        gift(30, "g-5"),
    )
    summary = await eventually(
        lambda: harness.get("/reconciliation"),
        lambda s: (
            {f["fund_id"]: f for f in s["funds"]}.get(FUND, {}).get("pledged_fen") == 1500
            and any(f["withdrawn_fen"] for f in s["funds"])
            and {f["fund_id"]: f for f in s["funds"]}[FUND]["ledger_fen"] == 730
        ),
    )
    funds = {fund["fund_id"]: fund for fund in summary["funds"]}
    assert funds[FUND] == {
        "fund_id": FUND,
        "pledged_fen": 1500,
        "withdrawn_fen": 0,
        "listed_fen": 700,
        "ledger_fen": 730,
        "refunded_fen": 0,
        "pledged_not_arrived_fen": 770,
        "arrived_not_pledged_fen": 0,
        "listed_not_on_ledger_fen": 0,
        "on_ledger_not_listed_fen": 30,
    }
    assert funds["nowhere"]["listed_not_on_ledger_fen"] == 700
    assert funds["general"]["withdrawn_fen"] == 50
    assert {gap["kind"] for gap in summary["gaps"]} == {
        "pledged_not_arrived",
        "listed_not_on_ledger",
        "on_ledger_not_listed",
    }
    assert "武汉" not in str(summary)


async def test_what_givers_wrote_is_read_by_those_who_see_to_it(harness: AuditHarness) -> None:
    collector = harness.stack.bearer("collector", Role.COLLECTOR)
    await harness.open_fund()
    text = "指定武汉1元、宜昌2元"
    await harness.publish_in_order(
        gift(300, "g-1", listed=(A, 2)), gift(300, "g-1", listed=(B, 2), designation=text)
    )
    await statements(harness, rows=2)
    summary = await harness.get("/designations")
    (read,) = summary["gifts"]
    assert (read["text"], read["kind"], read["unparsed"]) == (text, "split", [])
    assert [(part["place"], part["amount_fen"]) for part in read["parts"]] == [
        ("武汉", 100),
        ("宜昌", 200),
    ]
    assert (await harness.audit.http.get("/designations", headers=collector)).status_code == 403
    entries = await harness.stack.read("guanjia.ledger")
    assert "武汉" not in str(entries)


async def test_the_command_says_how_much_it_compared(harness: AuditHarness) -> None:
    await overlapping(harness)
    await statements(harness, rows=6)
    async with serve_app(harness.audit.app) as server:
        token = harness.maker["Authorization"].removeprefix("Bearer ")
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from services.audit.cli import app; app()", "reconcile"),
            env=os.environ | {"GUANJIA_AUDIT_URL": server.url, "GUANJIA_TOKEN": token},
            stdout=asyncio.subprocess.PIPE,
        )
        summary, _ = await command.communicate()
    assert "已核对 checked: 认捐 0 pledges，善款 4 gifts" in summary.decode()


@pytest.mark.parametrize("path", ["/statements", "/statements/overlaps", "/reconciliation"])
async def test_statements_are_for_the_books_people(harness: AuditHarness, path: str) -> None:
    bearer = harness.stack.bearer
    for who in (
        bearer("partner", Role.DONOR_PARTNER, source="/partners/other"),
        bearer("collector", Role.COLLECTOR),
        bearer("collector-of-village", Role.COLLECTOR, area="441900103001"),
        bearer("approver", Role.APPROVER_CITY),
        bearer("auditor-of-town", Role.AUDITOR, area="441900103"),
        bearer("operator-of-town", Role.OPERATOR, area="441900103"),
    ):
        assert (await harness.audit.http.get(path, headers=who)).status_code == 403
    assert (await harness.audit.http.get(path)).status_code == 401
