"""What notify says of a request's way, for the page of the case: which notice, and whether it came
through; never a number, never a text."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends

from services.notify.model import Notice, NoticeState
from services.notify.searches import Search, search_notices
from services.notify.spending import BUDGET_GONE
from services.notify.templates import TEMPLATES
from shared.contracts.history import HISTORY_PATH, PARTS_MAX, History, HistoryQuery, Part
from shared.scope import Scope
from shared.security import Credential, Role
from shared.web.access import Router, RuntimeDep, allow

router = Router(include_in_schema=False)
OwnService = Annotated[Credential, Depends(allow(Role.SERVICE))]

STATES: Mapping[NoticeState, tuple[str, str]] = {
    "created": ("待发送", "waits to be sent"),
    "sending": ("发送中", "is being sent"),
    "retry": ("稍后再发", "is sent again later"),
    "sent": ("已发出", "sent"),
    "unknown": ("不确定是否发出", "may have been sent"),
    "failed": ("没有发出", "not sent"),
    "delivered": ("已送达", "arrived"),
    "bundled": ("与其他通知合并发送", "told together with others"),
    "cancelled": ("已有新进展，不再发送", "overtaken by later news"),
}
FAILURES: Mapping[str, tuple[str, str]] = {
    "no_contact": (
        "本人没有电话和微信，请当面告知",
        "no phone, no account: tell the person yourself",
    ),
    "opted_out": (
        "该号码已退订短信；需要本人答复的会打电话",
        "this number wants no SMS; what needs an answer becomes a call",
    ),
    "no_receipt": ("已发出，三天内没有送达回执", "sent; no receipt within three days"),
    "phone_blocked": (
        "运营商不再向该号码发送，请当面告知",
        "the carrier sends nothing there: tell the person yourself",
    ),
}
WRONG = frozenset({"unknown", "failed"})


@router.post(HISTORY_PATH)
async def read_history(query: HistoryQuery, _caller: OwnService, runtime: RuntimeDep) -> History:
    """To the person alone: what donors were told is not the case's."""
    about = {query.request_id, *query.match_ids}
    search, now = Search(person_id=query.person_id), await runtime.processor.now()
    notices = await search_notices(runtime.database, search, Scope(), now, PARTS_MAX)
    return History(parts=tuple(make_part(each) for each in notices if each.regarding in about))


def make_part(notice: Notice) -> Part:
    template = TEMPLATES.get(notice.purpose)
    status = template.status if template else notice.purpose
    zh, en = STATES[notice.state]
    if notice.task and notice.task.outcome == "told":
        zh, en = "工作人员已告知本人", "a member of staff told the person"
    elif notice.code == BUDGET_GONE and notice.due_at:
        zh, en = "本月短信预算已用完，暂缓发送", "waits: the month's budget for SMS is gone"
    elif notice.state == "failed":
        zh, en = FAILURES.get(notice.code, (zh, en))
    return Part(
        at=notice.created_at,
        service="notify",
        zh=f"通知“{status}”：{zh}",
        en=f"notice {notice.purpose.replace('_', ' ')}: {en}",
        is_wrong=notice.state in WRONG,
        is_open=notice.task is not None and notice.task.state == "open",
    )
