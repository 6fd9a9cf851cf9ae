"""The operator's page: what every part says of itself, dead letters, settings, a request's way."""

import json
from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry, Histogram
from pydantic import SecretStr

from deploy.chaos.wishes import make_wish
from services.intake.settings import IntakeSettings
from shared import telemetry
from shared.contracts import topics
from shared.security import Role
from shared.web.operation_pages import MASK, list_providers, list_settings
from tests.support.eventually import eventually
from tests.support.services import start
from tests.support.stack_harness import StackHarness


def test_no_secret_is_shown_and_what_was_set_is_said_to_be() -> None:
    settings = IntakeSettings(port=8_123, wechat_secret=SecretStr("top-secret"))
    rows = {row.variable: row for row in list_settings(settings)}
    assert rows["GUANJIA_PORT"].value == "8123"
    assert rows["GUANJIA_PORT"].is_own
    sources = rows["GUANJIA_MEETING_SOURCES"].value
    assert IntakeSettings.model_validate({"meeting_sources": json.loads(sources)})
    assert rows["GUANJIA_SECOND_FACTOR"].value == "true"
    assert not rows["GUANJIA_BROKER"].is_own
    for variable in ("GUANJIA_WECHAT_SECRET", "GUANJIA_MONGO_URI", "GUANJIA_FRONT_TOKEN"):
        assert rows[variable].value == MASK, variable
    assert "top-secret" not in str(rows)


def test_calls_of_each_provider_are_counted_and_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be brought to a recipient is no failure of the provider's."""
    labels = ("provider", "outcome")
    calls = Histogram("calls", "of a test", labels, registry=CollectorRegistry())
    monkeypatch.setattr(telemetry, "PROVIDER_SECONDS", calls)
    for outcome in ("sent", "sent", "refused", "unknown"):
        calls.labels("tencent", outcome).observe(0.5)
    calls.labels("wechat", "misconfigured").observe(2)
    of_tencent, of_wechat = list_providers()
    assert (of_tencent.calls, of_tencent.failed, of_tencent.mean_s) == (4, 1, 0.5)
    assert (of_wechat.en, of_wechat.calls, of_wechat.failed) == ("WeChat", 1, 1)


async def _take(lines: AsyncIterator[str], parts: int) -> AsyncIterator[str]:
    """Up to the beginning of so many events."""
    async for line in lines:
        yield line
        parts -= line == "event: part"
        if not parts:
            return


async def test_an_operator_sees_what_is_wrong_and_mends_it(stack: StackHarness) -> None:
    source = "/channels/school"
    stack.bearer("school", Role.CHANNEL, source=source)
    operator = stack.bearer("op", Role.OPERATOR)
    of_town = stack.bearer("op-town", Role.OPERATOR, area="441900103")
    intake = await start(stack, "intake")
    await start(stack, "notify")
    good = stack.foreign(source, "W-1", make_wish("school", 1))
    await stack.publish((topics.REQUESTS_INBOUND, b"k", good[2], b"0" * 64), good)
    [letter] = await eventually(intake.runtime.dead_letters.list, bool)

    assert (await intake.http.get("/operations/live", headers=of_town)).status_code == 403
    for part in ("/operations/live", "/intake/operations/live"):
        once = await intake.http.get(part, headers=operator)
        assert once.headers["content-type"].startswith("text/event-stream")
        assert once.text.count("event: part") == 1
        events = {**operator, "Accept": "text/event-stream"}
        async with intake.http.stream("GET", part, headers=events) as stream:
            lines = stream.aiter_lines()
            starts = [line async for line in _take(lines, 2) if line == "event: part"]
            assert len(starts) == 2, "and goes on"
    page = (await intake.http.get("/operations", headers=operator)).text
    assert page.count("没有应答") == 3  # no other part has an address here
    own = (await intake.http.get("/intake/operations", headers=operator)).text
    assert f"/intake/operations/dead-letters/{letter['id']}" in own
    assert "requests.inbound" in own
    assert (await intake.http.get("/operations", headers=of_town)).status_code == 403

    path = f"/intake/operations/dead-letters/{letter['id']}"
    shown = (await intake.http.get(path, headers=operator)).text
    assert "重放" in shown
    assert (await intake.http.get(path, headers=of_town)).status_code == 403
    read = await intake.http.get(f"/dead-letters/{letter['id']}", headers=operator)
    assert make_wish("school", 1).applicant.name in read.json()["content"]
    await intake.http.get("/dead-letters/none", headers=operator)
    auditor = stack.bearer("auditor-1", Role.AUDITOR)
    looks = await eventually(
        lambda: intake.http.get("/dead-letter-looks", headers=auditor),
        lambda answer: answer.status_code == 200,
    )
    assert [(row["who"], row["about"]) for row in looks.json()["looks"]] == [
        ("op", letter["id"])
    ] * 2, "by page and by program, and of no letter that is not there"
    for other in (operator, of_town, stack.bearer("auditor-2", Role.AUDITOR, area="441900103")):
        denied = await intake.http.get("/dead-letter-looks", headers=other)
        assert denied.status_code in (401, 403)
    refused = await intake.http.post(f"{path}/replay", headers=operator)
    assert refused.status_code == 409  # its signature is as wrong as before
    discarded = await intake.http.post(f"{path}/discard", headers=operator)
    assert discarded.headers["location"] == "/intake/operations"
    assert await intake.runtime.dead_letters.open_count() == 0

    requests = intake.runtime.database["requests"]
    [request] = await eventually(lambda: requests.find({}).to_list(None), bool)
    way = await intake.http.get(
        "/operations/way", params={"reference": request["_id"][-6:]}, headers=operator
    )
    assert "登记" in way.text
    assert make_wish("school", 1).applicant.name not in way.text
