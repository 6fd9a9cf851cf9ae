"""New words by two operators, on the page: what they read, what is refused, and the next SMS.

The provider approved them under an id of their own.
"""

import re
from html import unescape
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.notify import wordbook
from services.notify.templates import TEMPLATES
from shared.security import Role
from tests.notify.decisions import make_opened
from tests.notify.harness import NotifyHarness
from tests.notify.recipients import number, request_id
from tests.support.eventually import eventually

PURPOSE = "request_opened"
PAGE = f"/notify/wordings/{PURPOSE}"
NEW = "您的诉求（{2}）已受理，正在逐项落实，有进展会通知您。尾号{1}。"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


class Reader:
    """One of the house at the page, as his own credential."""

    def __init__(self, harness: NotifyHarness, name: str, role: Role = Role.OPERATOR) -> None:
        self.http = harness.notify.http
        bearer = harness.stack.bearer(f"{name}-{uuid4().hex[:6]}", role, holder=name)
        self.headers = bearer | {"Accept": "text/html"}
        self.page = ""

    async def read(self) -> str:
        async def get() -> httpx.Response:
            return await self.http.get(PAGE, headers=self.headers)

        # The register of credentials is read again now and then.
        answer = await eventually(get, lambda answer: answer.status_code == 200)
        self.page = unescape(answer.text)
        return self.page

    async def press(self, verb: str, **fields: Any) -> int:
        """With what the form of this button hides."""
        form = re.search(rf'<form[^>]*action="[^"]*/{verb}">(.*?)</form>', self.page, re.DOTALL)
        hidden = dict(HIDDEN.findall(form[1])) if form else {"number": "1"}
        answer = await self.http.post(
            f"{PAGE}/{verb}", data={**hidden, **fields}, headers=self.headers
        )
        if answer.status_code == 200 or answer.status_code >= 400:
            self.page = unescape(answer.text)
        return answer.status_code


async def tell_somebody(harness: NotifyHarness) -> str:
    """The words of a notice that is sent now."""
    phone = number()
    person = await harness.register_person(phone)
    await harness.publish(make_opened(person), request_id())
    await harness.wait_for_state(person, "delivered")
    [message] = await harness.read_phone(f"+86{phone}")
    return str(message["text"])


async def test_new_words_are_proposed_by_one_read_by_another_and_in_the_next_sms(
    harness: NotifyHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wordbook, "REFRESH_S", 0.1)
    lin, wu = Reader(harness, "lin"), Reader(harness, "wu")
    auditor = Reader(harness, "zhou", Role.AUDITOR)
    template = TEMPLATES[PURPOSE]
    fields = {"title": template.title, "status": template.status, "hint": template.hint}
    await lin.read()

    assert await lin.press("propose", sms="您的诉求已受理，详见 http://a.cn 。", **fields) == 422
    assert "短信模板不得带网址" in lin.page
    assert "详见 http://a.cn" in lin.page, "what was typed is still there"
    assert await lin.press("propose", sms=NEW, tencent_id="2499001", **fields) == 422
    assert "服务商在编号 SMS_2400" in lin.page, "Aliyun would go on sending its own text"
    ids = {"tencent_id": "2499001", "aliyun_id": "SMS_2499001"}
    assert await lin.press("propose", sms=NEW, **ids, **fields) == 303
    assert "由另一位系统管理员复核后启用" in await lin.read()
    assert "/approve" not in lin.page
    assert await lin.press("approve") == 409
    assert "/approve" not in await auditor.read()
    assert await auditor.press("approve") == 403
    assert "正在逐项落实" not in await tell_somebody(harness)

    approved = {"provider": "tencent", "template_id": "2499001", "text": NEW}
    assert (await harness.simulators.post("/simulator/templates", json=approved)).is_success
    page = await wu.read()
    assert "正在逐项落实" in page
    assert "1条短信" in page
    assert "lin" in page
    assert await wu.press("approve") == 303

    async def read_next() -> str:
        return await tell_somebody(harness)

    await eventually(read_next, lambda text: "正在逐项落实" in text)
    page = await auditor.read()
    assert re.search(r"第1版.*lin.*提出，.*wu.*复核", page, re.DOTALL)
    listed = await harness.notify.http.get("/templates/tencent", headers=harness.operator)
    rows = {row["template"]: row for row in listed.json()}
    assert (rows[PURPOSE]["id"], rows[PURPOSE]["text"]) == ("2499001", NEW)
    assert rows[PURPOSE]["is_approved"]
    assert not rows["case_closed"]["is_approved"]
    assert await wu.press("approve") == 303, "pressed twice it is done once"
    assert "第2版" not in await auditor.read()
    assert await lin.press("approve") == 409, "nothing waits any more"

    # Back to the words of the file: a version like any other, under the id of before.
    await wu.read()
    assert await wu.press("propose", sms=template.sms, **fields) == 303
    await lin.read()
    assert await lin.press("approve") == 303
    await eventually(read_next, lambda text: "正在逐项落实" not in text)
