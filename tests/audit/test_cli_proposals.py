"""Funds, transfers and reversals from the command line: one person proposes, another approves."""

import asyncio

from typer.testing import CliRunner, Result

from services.audit.cli import app
from tests.audit.facts import FUND, gift
from tests.audit.harness import AuditHarness
from tests.support.serving import serve_app


async def run(harness: AuditHarness, who: dict[str, str], *words: str) -> Result:
    async with serve_app(harness.audit.app) as server:
        token = who["Authorization"].removeprefix("Bearer ")
        env = {"GUANJIA_AUDIT_URL": server.url, "GUANJIA_TOKEN": token, "COLUMNS": "200"}
        return await asyncio.to_thread(CliRunner().invoke, app, words, env=env)


async def proposed(harness: AuditHarness, *words: str) -> str:
    """The id that the maker's command says the checker has to name."""
    result = await run(harness, harness.maker, *words)
    assert result.exit_code == 0, result.output
    command = result.output.strip().splitlines()[-1]
    assert f"guanjia audit {words[0]} approve" in command
    return command.rpartition(" ")[2]


async def test_a_fund_is_opened_by_two_people(harness: AuditHarness) -> None:
    terms = ("--restricted", "--category", "meals", "--town", "441900103", "--fee-permille", "30")
    fund = await proposed(harness, "fund", "open", "WARM", "--name", "暖留", *terms)
    assert "待批准" in (await run(harness, harness.maker, "fund", "list")).output
    assert (await run(harness, harness.maker, "fund", "approve", fund)).exit_code == 1
    result = await run(harness, harness.checker, "fund", "approve", fund)
    assert (result.exit_code, "已开立 open: WARM" in result.output) == (0, True)
    fund = await harness.get("/funds/WARM")
    assert (fund["name"], fund["restricted"], fund["checker"]) == (
        "暖留",
        True,
        "fin-checker",
    )
    assert fund["terms"]["categories"] == ["meals"]
    assert fund["terms"]["town_codes"] == ["441900103"]
    assert fund["terms"]["fee_permille_max"] == 30


async def test_money_moves_between_funds_when_another_person_approves(
    harness: AuditHarness,
) -> None:
    await harness.open_fund()
    await harness.open_fund("OTHER")
    await harness.publish_in_order(gift(5_000))
    await harness.wait_published(3)
    words = ("--from", FUND, "--to", "OTHER", "--yuan", "30.00", "--reference", "捐赠人同意书-7")
    transfer = await proposed(harness, "transfer", "propose", *words)
    assert (await harness.get("/funds/OTHER"))["remaining_fen"] == 0
    assert (await run(harness, harness.checker, "transfer", "approve", transfer)).exit_code == 0
    assert (await harness.get("/funds/OTHER"))["remaining_fen"] == 3_000
    table = (await run(harness, harness.maker, "transfer", "list")).output
    assert {transfer, "30.00"} <= set(table.split())


async def test_an_entry_is_undone_when_another_person_approves(harness: AuditHarness) -> None:
    await harness.open_fund()
    await harness.publish_in_order(gift(5_000))
    log = (await harness.wait_published(2))["log"]
    reversal = await proposed(harness, "reversal", "propose", log, "1", "--reference", "更正单-1")
    assert (await run(harness, harness.checker, "reversal", "approve", reversal)).exit_code == 0
    assert (await harness.get(f"/funds/{FUND}"))["received_fen"] == 0
    table = (await run(harness, harness.maker, "reversal", "list")).output
    assert reversal in table.split()
    again = await run(harness, harness.maker, "reversal", "propose", log, "1", "--reference", "x")
    assert (again.exit_code, "该条目已有冲正" in again.output) == (1, True)


async def test_what_is_no_amount_is_refused_before_anybody_is_asked(harness: AuditHarness) -> None:
    words = ("--from", FUND, "--to", "OTHER", "--yuan", "0.005", "--reference", "x")
    assert (await run(harness, harness.maker, "transfer", "propose", *words)).exit_code == 2
