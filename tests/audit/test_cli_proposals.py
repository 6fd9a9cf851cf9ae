"""Funds, transfers and reversals from the command line: one person proposes, another approves."""

import asyncio

from typer.testing import CliRunner, Result

from services.audit.cli import app
from tests.audit.deciding import FUND, gift
from tests.audit.office import Office
from tests.audit.test_service import served


async def asked(office: Office, who: dict[str, str], *words: str) -> Result:
    async with served(office.audit.app) as url:
        token = who["Authorization"].removeprefix("Bearer ")
        env = {"GUANJIA_AUDIT_URL": url, "GUANJIA_TOKEN": token, "COLUMNS": "200"}
        return await asyncio.to_thread(CliRunner().invoke, app, words, env=env)


async def proposed(office: Office, *words: str) -> str:
    """The id that the maker's command says the checker has to name."""
    said = await asked(office, office.maker, *words)
    assert said.exit_code == 0, said.output
    command = said.output.strip().splitlines()[-1]
    assert f"guanjia audit {words[0]} approve" in command
    return command.rpartition(" ")[2]


async def test_a_fund_is_opened_by_two_people(office: Office) -> None:
    terms = ("--restricted", "--category", "meals", "--town", "441900103", "--fee-permille", "30")
    fund = await proposed(office, "fund", "open", "WARM", "--name", "暖留", *terms)
    assert "待批准" in (await asked(office, office.maker, "fund", "list")).output
    assert (await asked(office, office.maker, "fund", "approve", fund)).exit_code == 1
    said = await asked(office, office.checker, "fund", "approve", fund)
    assert (said.exit_code, "已开立 open: WARM" in said.output) == (0, True)
    kept = await office.get("/funds/WARM")
    assert (kept["name"], kept["restricted"], kept["checker"]) == ("暖留", True, "fin-checker")
    assert kept["terms"]["categories"] == ["meals"]
    assert kept["terms"]["town_codes"] == ["441900103"]
    assert kept["terms"]["fee_permille_max"] == 30


async def test_money_moves_between_funds_when_another_person_approves(office: Office) -> None:
    await office.open_fund()
    await office.open_fund("OTHER")
    await office.hears(gift(5_000))
    await office.published(3)
    words = ("--from", FUND, "--to", "OTHER", "--yuan", "30.00", "--reference", "捐赠人同意书-7")
    transfer = await proposed(office, "transfer", "propose", *words)
    assert (await office.get("/funds/OTHER"))["remaining_fen"] == 0
    assert (await asked(office, office.checker, "transfer", "approve", transfer)).exit_code == 0
    assert (await office.get("/funds/OTHER"))["remaining_fen"] == 3_000
    listed = (await asked(office, office.maker, "transfer", "list")).output
    assert {transfer, "30.00"} <= set(listed.split())


async def test_an_entry_is_undone_when_another_person_approves(office: Office) -> None:
    await office.open_fund()
    await office.hears(gift(5_000))
    log = (await office.published(2))["log"]
    reversal = await proposed(office, "reversal", "propose", log, "1", "--reference", "更正单-1")
    assert (await asked(office, office.checker, "reversal", "approve", reversal)).exit_code == 0
    assert (await office.get(f"/funds/{FUND}"))["received_fen"] == 0
    listed = (await asked(office, office.maker, "reversal", "list")).output
    assert reversal in listed.split()
    again = await asked(office, office.maker, "reversal", "propose", log, "1", "--reference", "x")
    assert (again.exit_code, "该条目已有冲正" in again.output) == (1, True)


async def test_what_is_no_amount_is_refused_before_anybody_is_asked(office: Office) -> None:
    words = ("--from", FUND, "--to", "OTHER", "--yuan", "0.005", "--reference", "x")
    assert (await asked(office, office.maker, "transfer", "propose", *words)).exit_code == 2
