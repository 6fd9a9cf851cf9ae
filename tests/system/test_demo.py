"""`guanjia demo` as anybody runs it, on fewer wishes: the whole system in processes of its own."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from deploy.demo import campaign
from deploy.demo.clients import Clients
from deploy.demo.participants import Behaviour, Donors, Tally
from deploy.demo.scenario import choose_in_campaign
from services.audit.ledger.replay import replay
from services.audit.ledger.verification import verify_log
from services.intake.channels.spreadsheet import SheetRequest, read_requests
from services.intake.channels.text import Draft, read_slot, understand
from shared.contracts.values import Channel
from shared.security import REGISTER, Keyring, write_register

WISHES = 24
RECEIVED_FEN = 20_450_000


def read_warnings(data: Path) -> str:
    """What the parts said that is no information: why a demo failed stands there."""
    lines = [line for log in sorted(data.glob("logs/*.log")) for line in log.open(errors="replace")]
    return "".join(line for line in lines if '"level":"info"' not in line)[-20_000:]


def run_demo(folder: Path, *options: str) -> tuple[dict[str, Any], str]:
    """The summary it writes, and what it prints."""
    file = folder / "summary.json"
    process = subprocess.run(
        (
            *(sys.executable, "-m", "deploy.cli", "demo", "--json", str(file)),
            *("--data-dir", str(folder / "data"), *options),
        ),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr + read_warnings(folder / "data")
    return json.loads(file.read_bytes()), process.stdout


@pytest.mark.timeout(300)
def test_demo_plays_the_campaign_and_every_sum_agrees(tmp_path: Path) -> None:
    summary, output = run_demo(tmp_path, "--wishes", str(WISHES))
    requested = sum(wish.amount_fen for wish in campaign.make_wishes(WISHES))
    assert summary["differences"] == []
    assert summary["requests"]["by_state"] == {"closed": WISHES}
    assert len(summary["requests"]["by_channel"]) >= 5
    assert sum(summary["requests"]["by_channel"].values()) == WISHES
    matches, ledger = summary["matches"]["by_state"], summary["ledger"]
    assert matches["confirmed"] >= WISHES
    assert matches["declined"] >= 1
    assert matches["expired"] >= 1
    assert ledger["received_fen"] == RECEIVED_FEN
    assert ledger["committed_fen"] - ledger["released_fen"] == requested
    assert ledger["obligated_fen"] == ledger["spent_fen"] == requested
    assert ledger["returned_fen"] > 0, "one payment came back, and was paid again"
    assert ledger["remaining_fen"] == RECEIVED_FEN - requested
    report = summary["campaign"]
    assert report["requests"]["by_state"] == {"closed": WISHES}
    assert report["donors"]["pledged"] == 18
    assert (report["money"]["pledged_fen"], report["money"]["confirmed_fen"]) == (
        RECEIVED_FEN,
        requested,
    )
    notices = summary["notifications"]
    assert sum(notices["by_channel"].values()) == sum(notices["by_outcome"].values())
    assert ledger["root"] in output
    assert "204,500.00" in output
    check_published_log(ledger)


def check_published_log(ledger: dict[str, Any]) -> None:
    """The log stays after the demo, and needs no service."""
    report = verify_log(ledger["log_dir"], ledger["vkey"])
    assert report.ok, report.broken
    assert report.entries == ledger["size"]
    (book,) = replay(ledger["log_dir"]).books.funds.values()
    assert book.name == campaign.FUND_NAME


@pytest.mark.long
@pytest.mark.timeout(300)
def test_demo_plays_a_file_that_is_given(tmp_path: Path) -> None:
    file = tmp_path / "needs.csv"
    file.write_text(
        "编号,姓名,手机,类型,类别,困难类别,数量,单位,物品,镇街,内容\n"
        "1,陈零一,16100000001,民生微心愿,生活物资,低保边缘,1,床,棉被,茶山镇,过冬\n"
        "2,陈零二,16100000002,民生微心愿,生活物资,低保边缘,1,床,棉被,石龙镇,过冬\n"
        "3,陈零三,16100000003,民生微实事,便民工程,一般群众,1,盏,路灯,石龙镇,村口修路灯\n"
        "4,陈零四,16100000004,民生微心愿,生活物资,低保边缘,零,床,棉被,石龙镇,过冬\n",
        encoding="utf-8",
    )
    summary, output = run_demo(tmp_path, "--requests", str(file))
    assert summary["differences"] == []
    assert summary["requests"]["by_state"] == {"closed": 1, "open": 2}
    assert summary["ledger"]["received_fen"] == RECEIVED_FEN
    assert "被拒绝" in output


class LinkHolder:
    """Stands for the matching service before a donor's link: what waits for him, what he sends."""

    def __init__(self, *waiting: str) -> None:
        self.waiting, self.sent = waiting, list[str]()

    def open(self, _service: str) -> "LinkHolder":
        return self

    async def get(self, _url: str) -> dict[str, Any]:
        return {"waiting": [{"match_id": id_} for id_ in self.waiting]}

    async def post(self, _url: str, body: dict[str, Any]) -> dict[str, Any]:
        self.sent.append(f"{body['act']} {' '.join(body['match'])}")
        return {"done": body["match"], "failed": []}

    async def send(self, url: str, _body: object = None) -> Any:
        self.sent.append(url)
        return httpx.Response(200)


async def test_what_a_donor_left_stays_left_however_often_he_is_asked(secrets_dir: Path) -> None:
    write_register(secrets_dir / REGISTER, ())
    keyring = Keyring(secrets_dir)
    proposals = LinkHolder("M-1", "M-2")
    behaviour = Behaviour(partial(choose_in_campaign, 1), lambda _match: True)
    donors = Donors(cast(Clients, proposals), keyring, behaviour, tally := Tally())
    until = datetime.now(UTC) + timedelta(days=1)
    alone = {
        id_: {"url": f"http://m/d/{keyring.make_link('match.donor', id_, until)}"}
        for id_ in ("M-1", "M-2", "M-3")
    }
    await donors.answer(alone["M-1"])
    await donors.answer(alone["M-1"])
    await donors.answer_all({"url": "http://m/p/all"})
    await donors.answer_all({"url": "http://m/p/all"})
    for message in alone.values():
        await donors.answer(message)
    assert proposals.sent == ["decline M-2", f"{alone['M-3']['url']}/accept"]
    assert tally.answers["left"] == 1


def test_wishes_ask_for_a_little_less_than_was_given() -> None:
    donated = sum(each.amount_fen for each in campaign.list_enterprises())
    requested = sum(wish.amount_fen for wish in campaign.make_wishes())
    assert len(campaign.list_enterprises()) == 18
    assert donated == campaign.TOTAL_FEN == RECEIVED_FEN
    assert donated * 9 // 10 < requested < donated


def test_the_same_seed_gives_the_same_wishes() -> None:
    assert campaign.make_wishes() == campaign.make_wishes()
    assert campaign.make_wishes(seed=1) != campaign.make_wishes(seed=2)


def test_nobody_of_the_campaign_is_another() -> None:
    wishes = campaign.make_wishes()
    for whose in ("message_id", "name", "phone", "openid"):
        alone = [wish for wish in wishes if whose != "phone" or not wish.shares_phone]
        values = [value for wish in alone if (value := getattr(wish, whose))]
        assert len(set(values)) == len(values)


def test_every_written_wish_is_understood_for_sure() -> None:
    for wish in campaign.make_wishes():
        understood = understand(wish.format_text())
        assert isinstance(understood, Draft)
        assert understood.missing == (("whom",) if wish.is_plain else ())
        assert read_slot("whom", wish.name).name == wish.name
        assert understood.need == wish.make_request().need
        assert understood.town_code == wish.town_code


def test_every_row_of_the_spreadsheet_is_the_wish(tmp_path: Path) -> None:
    wishes = campaign.group_by_channel(campaign.make_wishes())[Channel.SPREADSHEET]
    campaign.write_spreadsheet(tmp_path / "wishes.csv", wishes)
    rows = list(read_requests((tmp_path / "wishes.csv").read_bytes(), Channel.SPREADSHEET))
    assert [row.request for row in rows if isinstance(row, SheetRequest)] == [
        wish.make_request() for wish in campaign.repeat_messages(wishes)
    ]
