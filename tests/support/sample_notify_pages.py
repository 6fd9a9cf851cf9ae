"""Notify's pages for staff, rendered with samples."""

from collections.abc import Mapping
from datetime import UTC, datetime

from fastapi.responses import HTMLResponse

from services.notify.model import Attempt, Notice, PhoneTask
from services.notify.pages.calls import build_row, render_calls
from services.notify.pages.notices import render_notices
from services.notify.pages.subscribe import (
    RECIPIENTS,
    SUBSCRIBE_PATH,
    Line,
    Offer,
    render_subscribe,
)
from services.notify.providers.wechat_pages import PageSignature
from services.notify.rates import Rate
from shared.security import Credential, Role
from tests.support.readers import make_reader

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
PROBLEM = {"zh": "请选择结果", "en": "choose what came of the call"}


def make_task(words: str, number: int, why: str) -> Notice:
    return Notice(
        id=f"N-{number}",
        person_id="P-1",
        purpose="request_opened",
        regarding=f"R-{number:020d}",
        correlation_id="",
        created_at=NOW,
        state="failed",
        area="441900102001",
        detail=words,
        task=PhoneTask(why=why, calls=number),
    )


def render_notify_samples(words: str) -> Mapping[str, HTMLResponse]:
    reader = make_reader(Role.COLLECTOR)
    tasks = [make_task(words, number, why) for number, why in enumerate(("phone_blocked", words))]
    digest = make_task(words, 3, "no_receipt").model_copy(update={"purpose": "digest_news"})
    rows = [*(build_row(task, (), "") for task in tasks), build_row(digest, tasks, "")]
    return {
        "notices": render_notice_sample(words),
        "calls": render_calls(reader, rows, {"open": 2, "done": 31}, [PROBLEM]),
        "calls_none": render_calls(reader, [], {"open": 0, "done": 31}),
        **render_subscribe_samples(words),
    }


def render_notice_sample(words: str) -> HTMLResponse:
    reader = make_reader(Role.APPROVER_CITY)
    caller = Credential(id="s-1", secret_sha256="", roles=frozenset({Role.APPROVER_CITY}))
    attempts = (
        Attempt(
            number=1, channel="sms", provider="tencent", claimed_at=NOW, outcome="retry", code=words
        ),
        Attempt(
            number=2,
            channel="sms",
            provider="aliyun",
            claimed_at=NOW,
            outcome="sent",
            receipt="delivered",
        ),
    )
    delivered = make_task(words, 5, "").model_copy(
        update={"state": "delivered", "task": None, "attempts": attempts}
    )
    rates = [
        Rate(
            provider=provider,
            purpose=purpose,
            calls=128,
            accepted=120,
            arrived=110,
            failed=4,
            unclear=2,
            cost_fen=600,
        )
        for provider in ("tencent", "aliyun", "wechat")
        for purpose in ("request_opened", words)
    ]
    typed = dict.fromkeys(("about", "state", "purpose", "day", "person_id"), words)
    notices = [delivered, make_task(words, 6, words)]
    return render_notices(reader, caller, notices, typed, rates, [PROBLEM])


def render_subscribe_samples(words: str) -> Mapping[str, HTMLResponse]:
    lines = (Line("诉求进度提醒", words), Line(words, "帮助已送达，请确认"))
    offers = [Offer(RECIPIENTS["applicant"], ("A-1", "A-2"), lines)]
    signature = PageSignature("wxsimulator0000000", "4f1c2a7b", 1_790_000_000, "0f9de62f")
    visitor = make_reader(path=SUBSCRIBE_PATH)
    sdk = "https://res.wx.qq.com/open/js/jweixin-1.6.0.js"
    return {
        "subscribe": render_subscribe(visitor, offers, signature=signature, sdk=sdk),
        "subscribe_elsewhere": render_subscribe(visitor, offers, "elsewhere"),
        "subscribe_needless": render_subscribe(visitor, [], "needless"),
    }
