"""WeChat's pushes as an attacker repeats them: old addresses, other bodies, another instance."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.intake.main import create_app
from services.intake.settings import IntakeSettings
from tests.intake.harness import IntakeHarness, Visitor
from tests.support.stack_harness import StackHarness

WISH = "心愿 助学 300元 虎门镇 残疾 李四"


async def test_a_url_signed_in_2020_opens_nothing(visitor: Visitor) -> None:
    """The signature is right: WeChat made it, and somebody wrote the address down."""
    old = visitor.sign_wechat(datetime(2020, 2, 1, tzinfo=UTC))
    for fields in (visitor.format_text("1", WISH), "<MsgType>event</MsgType>", "<"):
        assert (await visitor.push_wechat(old, fields)).status_code == 401
    echo = await visitor.http.get("/callbacks/wechat", params=old | {"echostr": "hello"})
    assert echo.status_code == 401
    now = await visitor.runtime.processor.now()
    for far in (timedelta(minutes=-5, seconds=-2), timedelta(minutes=5, seconds=30)):
        query = visitor.sign_wechat(now + far)
        assert (await visitor.push_wechat(query, visitor.format_text("1", WISH))).status_code == 401
    assert not await visitor.requests()


async def test_a_captured_url_carries_no_other_body(visitor: Visitor) -> None:
    """Read from a log within the five minutes: the wish is in, another person's words are not."""
    query = visitor.sign_wechat(await visitor.runtime.processor.now())
    wish = visitor.format_text("1", WISH)
    assert (await visitor.push_wechat(query, wish)).status_code == 200
    for fields in (visitor.format_text("2", "退订"), wish.replace("300", "30000"), "<"):
        assert (await visitor.push_wechat(query, fields)).status_code == 401
    echo = await visitor.http.get("/callbacks/wechat", params=query | {"echostr": "hello"})
    assert echo.status_code == 401
    assert len(await visitor.requests()) == 1


async def test_wechat_repeats_a_push_it_had_no_answer_to(visitor: Visitor) -> None:
    query = visitor.sign_wechat(await visitor.runtime.processor.now())
    answers = [await visitor.push_wechat(query, visitor.format_text("1", WISH)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    (request,) = await visitor.requests()
    assert all(request.id in answer.text for answer in answers)


async def test_an_echo_is_answered_with_its_own_word_alone(visitor: Visitor) -> None:
    query = visitor.sign_wechat(await visitor.runtime.processor.now())
    for echostr, status in (("hello", 200), ("hello", 200), ("goodbye", 401)):
        echo = await visitor.http.get("/callbacks/wechat", params=query | {"echostr": echostr})
        assert echo.status_code == status
    assert (await visitor.push_wechat(query, visitor.format_text("1", WISH))).status_code == 401


async def test_instances_share_what_was_signed_once(stack: StackHarness) -> None:
    settings = stack.settings(IntakeSettings, wechat_plain_mode=True)
    first, second = [await stack.start_app(create_app(settings)) for _ in range(2)]
    visitor = Visitor(IntakeHarness(stack, first))
    query = visitor.sign_wechat(await visitor.runtime.processor.now())
    wish, other = visitor.format_text("1", WISH), visitor.format_text("2", "退订")
    # Two bodies at once, one at each instance: one of them is the signature's, for good.
    answers = await asyncio.gather(
        visitor.push_wechat(query, wish), visitor.push_wechat(query, other, second.http)
    )
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [200, 401]
    for http in (first.http, second.http):
        again = [await visitor.push_wechat(query, fields, http) for fields in (wish, other)]
        assert [answer.status_code for answer in again] == statuses


async def test_plain_pushes_are_taken_only_where_a_setting_says_so(
    stack: StackHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    running = await stack.start_app(create_app(stack.settings(IntakeSettings)))
    visitor = Visitor(IntakeHarness(stack, running))
    capsys.readouterr()
    assert (await visitor.says("1", WISH)).status_code == 401
    assert (await visitor.wechat("", token="wrong")).status_code == 401
    lines = capsys.readouterr().out.splitlines()
    (refused,) = [line for line in lines if "wechat_plain_push_refused" in line]
    assert "GUANJIA_WECHAT_PLAIN_MODE" in refused
    assert not await visitor.requests()
