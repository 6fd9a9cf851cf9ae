"""通知查询: what was sent about a case, to whom it came through, and what it cost."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from services.notify.history import FAILURES, STATES
from services.notify.messages import SEARCH_UNREADABLE
from services.notify.model import Attempt, Notice
from services.notify.rates import Rate, add_up
from services.notify.resources import NotifyRuntimeDep
from services.notify.searches import Search, search_notices
from services.notify.templates import TEMPLATES, name_template
from shared.dates import Language
from shared.errors import refuse
from shared.references import find_request_id, format_reference
from shared.security import Credential, Role
from shared.web.access import allow, find_scope
from shared.web.forms import list_problems
from shared.web.operation_pages import PROVIDER_NAMES
from shared.web.pages import Pages, find_language
from shared.web.staff import PageRouter
from shared.web.tiles import CASE_WORKERS, KEEPERS

router = PageRouter()
PAGES = Pages("services.notify")
NOTICES_PATH = "/notify/notices"
ROWS = 100
DAYS = 30

Reader = Annotated[Credential, Depends(allow(*CASE_WORKERS, *KEEPERS))]

OUTCOMES: Mapping[str | None, tuple[str, str]] = {
    None: ("正在发送", "under way"),
    "sent": ("运营商已接收", "accepted"),
    "retry": ("未发出，稍后再试", "not sent, tried again"),
    "refused": ("运营商拒绝", "refused"),
    "misconfigured": ("账号或模板有误", "account or template at fault"),
    "unknown": ("不确定是否发出", "may have been sent"),
    "written_off": ("不确定，已决定重发", "unclear, sent anew"),
}
RECEIPTS: Mapping[str, tuple[str, str]] = {
    "delivered": ("已送达", "arrived"),
    "failed": ("没有送达", "did not arrive"),
}


def describe_notice(notice: Notice, caller: Credential) -> dict[str, object]:
    """No name, no number, and no words of his."""
    template = TEMPLATES.get(notice.purpose)
    case = find_request_id(notice.regarding)
    may_open = bool(case) and not caller.roles.isdisjoint(CASE_WORKERS)
    return {
        "what": template.status if template else notice.purpose,
        "purpose": notice.purpose,
        "reference": format_reference(notice.regarding),
        "case": case,
        "case_path": f"/cases/{case}" if may_open else "",
        "created_at": notice.created_at,
        "area": notice.area,
        "state": STATES[notice.state],
        "why": FAILURES.get(notice.code) if notice.state == "failed" else None,
        "is_wrong": notice.state in ("failed", "unknown"),
        "waits_for_call": notice.task is not None and notice.task.state == "open",
        "attempts": [_describe_attempt(attempt) for attempt in notice.attempts],
    }


def _describe_attempt(attempt: Attempt) -> dict[str, object]:
    words = RECEIPTS.get(attempt.receipt or "") or OUTCOMES[attempt.outcome]
    is_told = attempt.outcome == "sent" and attempt.receipt != "failed"
    return {
        "at": attempt.claimed_at,
        "by": PROVIDER_NAMES[attempt.sender],
        "words": words,
        "code": "" if is_told else attempt.code,
    }


def name_purposes(language: Language) -> dict[str, str]:
    """By purpose, what such a notice says in a few words of the reader's language."""
    is_english = language == "en"
    templates = {name: each for name, each in TEMPLATES.items() if each.language == "zh"}
    return {
        name: TEMPLATES.get(name_template(name, "en"), each).status if is_english else each.status
        for name, each in templates.items()
    }


def choose_purposes(language: Language) -> dict[str, str]:
    """To find notices by: of those that say the same, the first stands for all (`list_alike`)."""
    choices: dict[str, str] = {}
    for name, words in name_purposes(language).items():
        if words not in choices.values():
            choices[name] = words
    return choices


def list_alike(purpose: str, language: Language) -> tuple[str, ...]:
    """Those that say the same; one that nobody knows stands alone."""
    words = name_purposes(language)
    alike = (name for name in words if words[name] == words.get(purpose))
    return tuple(alike) or (purpose,)


def render_notices(
    request: Request,
    caller: Credential,
    notices: Sequence[Notice],
    typed: Mapping[str, str],
    rates: Sequence[Rate] | None,
    problems: Sequence[object] = (),
) -> HTMLResponse:
    """rates: None for whom they are not."""
    return PAGES.render_for(
        request,
        "notices.html",
        rows=[describe_notice(notice, caller) for notice in notices],
        is_cut=len(notices) >= ROWS,
        typed=typed,
        states=STATES,
        purposes=choose_purposes(find_language(request)),
        sums=add_up(list(rates)) if rates is not None else None,
        rates=rates or (),
        names=name_purposes(find_language(request)),
        providers=PROVIDER_NAMES,
        days=DAYS,
        may_read_replies=not caller.roles.isdisjoint(CASE_WORKERS),
        problems=problems,
    )


@router.get(NOTICES_PATH)
async def show_notices(
    caller: Reader,
    request: Request,
    runtime: NotifyRuntimeDep,
    about: str = "",
    state: str = "",
    purpose: str = "",
    day: str = "",
    person_id: str = "",
) -> Response:
    """Of the caller's area. What has no area, and what it all cost, is for those of the whole
    city."""
    typed = {"about": about, "state": state, "purpose": purpose, "day": day, "person_id": person_id}
    filled = {name: value.strip() for name, value in typed.items() if value.strip()}
    scope, now = find_scope(caller), await runtime.processor.now()
    rates = None
    if not scope.area and not caller.roles.isdisjoint({*KEEPERS, Role.APPROVER_CITY}):
        sign_name, price_fen = runtime.settings.sms_sign_name, runtime.settings.sms_price_fen
        find = runtime.resources.rates.find
        rates = await find(runtime.database, DAYS, now, sign_name, price_fen)
    try:
        purposes: tuple[str, ...] = ()
        if "purpose" in filled:
            purposes = list_alike(filled.pop("purpose"), find_language(request))
        search = Search.model_validate({**filled, "purposes": purposes})
    except ValidationError:
        problem = refuse(422, SEARCH_UNREADABLE.problem("day"))
        return render_notices(request, caller, (), typed, rates, list_problems(problem))
    notices = await search_notices(runtime.database, search, scope, now, ROWS)
    return render_notices(request, caller, notices, typed, rates)
