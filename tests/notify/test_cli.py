"""`guanjia notices`: on a narrow screen, one case's thread, what waits, what is registered."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner

from services.notify import cli
from services.notify.previews import build_preview, list_lines
from services.notify.registrations import list_registrations
from services.notify.templates import TEMPLATES

ID = "N-0123456789abcdefghijklmnopqrstuvwxyz-0123456789"
USUAL = "N-0123456789abcdef0123"


class Client:
    def get(self, _path: str, _params: dict[str, str]) -> list[dict[str, str]]:
        row = dict.fromkeys(("state", "channel", "purpose", "code"), "x" * 20)
        return [{"id": each, "created_at": "2026-05-20T18:30:00Z", **row} for each in (ID, USUAL)]


@pytest.mark.parametrize("columns", ["80", "60"])
def test_an_id_is_listed_whole_however_narrow_the_screen(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "_open_client", Client)
    result = CliRunner().invoke(cli.app, ["list"], env={"COLUMNS": columns})
    cells = [line.split("│")[1].strip() for line in result.output.splitlines() if "│" in line]
    assert ID in "".join(cells)
    assert USUAL in cells, "in one line, to be copied"
    assert all(len(line) <= int(columns) for line in result.output.splitlines())


class Answers:
    """One answer for each path, and what was asked."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers, self.asked = answers, list[tuple[str, Mapping[str, Any]]]()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        self.asked.append((path, params or {}))
        return self.answers[path]


def run(monkeypatch: pytest.MonkeyPatch, answers: Mapping[str, Any], *words: str) -> str:
    client = Answers(answers)
    monkeypatch.setattr(cli, "_open_client", lambda: client)
    monkeypatch.setattr(cli, "ServiceClient", lambda *_: client)
    result = CliRunner().invoke(cli.app, list(words), env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def make_row(purpose: str, at: str, **attempt: Any) -> dict[str, Any]:
    row = {"created_at": at, "purpose": purpose, "person_id": "P-1", "state": "delivered"}
    tried = {"claimed_at": at, "provider": "tencent", "outcome": "sent", "receipt": None}
    return {**row, "attempts": [{**tried, **attempt}]}


def test_one_cases_thread_is_in_its_order_with_every_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newest_first = [
        make_row("case_closed", "2026-05-21T02:00:00Z", receipt="delivered"),
        make_row("request_opened", "2026-05-20T18:30:00Z"),
    ]
    output = run(monkeypatch, {"/notices": newest_first}, "thread", "01EA5F")
    lines = [line for line in output.splitlines() if "tencent" in line]
    assert [line.split("│")[2].strip() for line in lines] == ["request_opened", "case_closed"]
    assert "05-21 02:30 tencent sent" in lines[0], "by China's clock"
    assert "tencent delivered" in lines[1]


def test_what_waits_for_a_person_is_counted_with_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    summary = {"by_outcome": {"unknown": 4, "sent": 90}, "calls": 7}
    answers = {"/messages": {"total": 12, "urgent": 2}, "/summary": summary}
    output = run(monkeypatch, answers, "waiting")
    counts = [line.split("│")[2].strip() for line in output.splitlines() if "│" in line]
    assert counts == ["12", "2", "4", "7"]


def test_a_notice_is_previewed_with_its_sms_and_their_price(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    template = TEMPLATES["proposals_proposed.en"]
    view = build_preview(template, "东莞民政", 5).model_dump(mode="json")
    answers = {"/wordings/proposals_proposed.en/preview": view}
    output = run(monkeypatch, answers, "preview", "proposals_proposed.en")
    assert "【东莞民政】57 matches wait: reply Y4821" in output
    assert f"{view['units']} 字 units · 2 条 SMS · 10.0 分 fen" in output
    assert "内容 What for: 57" in output
    lines = list_lines([("proposals_proposed.en", template)], "东莞民政", 5)
    listed = run(monkeypatch, {"/wordings": [each.model_dump() for each in lines]}, "preview")
    [row] = [line.split("│") for line in listed.splitlines() if "proposals_proposed" in line]
    assert [cell.strip() for cell in row[3:5]] == ["2", "10.0"]


def test_what_is_registered_is_a_table_in_the_providers_own_writing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = {"match_asked": "SMS_200", "case_closed": TEMPLATES["case_closed"].aliyun_id}
    rows = [
        each.model_dump(mode="json")
        for each in list_registrations("aliyun", TEMPLATES, ids, "东莞民政")
    ]
    answers = {"/templates/aliyun": rows}
    whole = list(csv.DictReader(io.StringIO(run(monkeypatch, answers, "templates", "aliyun"))))
    assert len(whole) == len(TEMPLATES)
    asked = next(row for row in whole if row["通知 template"] == "match_asked")
    assert "${v1}" in asked["内容 text"]
    assert "{1}" not in asked["内容 text"]
    assert asked["变量 variables"].startswith("1=编号尾号；2=物品和数量；3=镇街；4=截止日期")
    assert (asked["现用编号 id"], asked["已报批 approved"]) == ("SMS_200", "是 yes")
    output = run(monkeypatch, answers, "templates", "aliyun", "--missing")
    missing = [row["通知 template"] for row in csv.DictReader(io.StringIO(output))]
    assert len(missing) == len(TEMPLATES) - 1
    assert "match_asked" not in missing
    assert "case_closed" in missing, "the id is ours: no provider knows it"


@pytest.mark.parametrize("provider", ["tencent", "aliyun", "wechat"])
def test_every_variable_of_every_notice_is_named_for_who_registers_it(provider: Any) -> None:
    for row in list_registrations(provider, TEMPLATES, {}, "东莞民政"):
        assert row.text
        assert row.variables
        if provider != "wechat":
            assert row.text.count("{") == len(row.variables.split("；"))
