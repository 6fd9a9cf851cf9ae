"""Phone tasks (电话告知): what to say, about which case, and what came of it.

The number is not here: it stands on the page of the case, or of a donor, which notes who opened it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, get_args

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.notify import store
from services.notify.channels import SMS, Content, Donor
from services.notify.limits import fill_places
from services.notify.messages import TASK_OUTCOME_MISSING
from services.notify.model import About, Notice, RecordCall, TaskOutcome
from services.notify.purposes import ANSWERED, BY_NAME, DIGESTS
from services.notify.templates import TEMPLATES, Template
from shared.answers import Answer
from shared.contracts.values import Identifier
from shared.errors import refuse
from shared.references import find_request_id, format_reference
from shared.scope import Scope
from shared.security import Credential
from shared.web.access import RuntimeDep, allow, find_scope
from shared.web.forms import execute_form, list_problems, make_form_key, read_form
from shared.web.pages import Pages
from shared.web.staff import PageRouter
from shared.web.tiles import CASE_WORKERS

router = PageRouter()
PAGES = Pages("services.notify")
CALLS_PATH = "/notify/calls"
CALL_PATH = f"{CALLS_PATH}/{{notice_id}}"
ROWS = 50
ALSO_MAX = 2 * ROWS
ITEMS_MAX = 20
"""Of a digest, so many are read out."""

SPOKEN_AS: Mapping[str, str] = {
    "match_asked": "match_proposed",
    "match_asked_again": "match_reminded",
}
"""The same without a number to answer with."""

SPOKEN: Mapping[str, str] = {"match_delivered": "您的帮助已送达，请问收到了吗？"}
"""Instead of the SMS, which says how to answer it."""

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]

OUTCOMES: Mapping[TaskOutcome, tuple[str, str]] = {
    "told": ("已告知本人", "told"),
    "not_reached": ("没有接通，下次再打", "not reached, call again"),
    "wrong_number": ("号码不对，请村（居）核实", "a wrong number, to be checked"),
    "needless": ("不需要告知了", "needless"),
}
REASONS: Mapping[str, tuple[str, str]] = {
    "no_contact": ("没有电话和微信，请当面告知", "no phone and no account: see the person"),
    "phone_blocked": ("运营商不再向该号码发短信", "the carrier sends nothing to this number"),
    "no_receipt": ("短信三天没有送达回执", "no receipt within three days"),
    "opted_out": (
        "该号码已退订短信，这件事需要本人答复",
        "the number wants no SMS, and this needs an answer",
    ),
    "budget_gone": ("本月短信预算已用完，没有发出", "the month's budget for SMS is gone"),
    "unclear": ("不确定短信是否发出", "nobody knows whether the SMS went out"),
}
OTHER_REASON = ("短信和微信都没有送到", "neither SMS nor WeChat arrived")


@dataclass(frozen=True, slots=True)
class Page:
    """Which has the number."""

    path: str
    text: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """words: to say, one line for each of `count` notices. pages: that the reader may open.

    asks_receipt: whether help arrived is among it. also: other tasks that the same call ends.
    """

    id: str
    words: str
    reference: str
    count: int
    pages: tuple[Page, ...]
    area: str
    created_at: datetime
    reason: tuple[str, str]
    calls: int
    asks_receipt: bool = False
    also: tuple[str, ...] = ()


def build_rows(
    notices: Iterable[Notice], bundled: Mapping[str, Sequence[Notice]], area: str
) -> list[Row]:
    """One for each person, in the order of the first task of each."""
    persons: dict[str, list[Notice]] = {}
    for notice in notices:
        persons.setdefault(notice.person_id, []).append(notice)
    return [_build_person(tasks, bundled, area) for tasks in persons.values()]


def _build_person(
    tasks: Sequence[Notice], bundled: Mapping[str, Sequence[Notice]], area: str
) -> Row:
    items = [item for task in tasks for item in bundled.get(task.id) or (task,)]
    row = build_row(tasks[0], _list_latest(items), area)
    return replace(
        row,
        area=max((task.area for task in tasks), key=len),
        calls=max(task.task.calls if task.task else 0 for task in tasks),
        also=tuple(task.id for task in tasks[1:]),
    )


def _list_latest(items: Iterable[Notice]) -> list[Notice]:
    """Of what is said of one thing again and again, as of a payment that came back, the latest;
    what waits for an answer first."""
    latest: dict[tuple[str, str], Notice] = {}
    for item in sorted(items, key=lambda item: item.created_at):
        latest[item.purpose, item.regarding] = item
    return sorted(latest.values(), key=lambda item: (item.purpose not in ANSWERED, item.created_at))


def build_row(notice: Notice, bundled: Sequence[Notice], area: str) -> Row:
    """bundled: what a digest tells. area: the reader's."""
    items = bundled or (notice,)
    pages = (_find_page(item, area) for item in items[:ITEMS_MAX])
    task = notice.task
    return Row(
        id=notice.id,
        words=_format_words(items),
        reference=format_reference(items[0].regarding),
        count=len(items),
        pages=tuple(dict.fromkeys(page for page in pages if page)),
        area=notice.area,
        created_at=notice.created_at,
        reason=REASONS.get(task.why, OTHER_REASON) if task else OTHER_REASON,
        calls=task.calls if task else 0,
        asks_receipt=any(item.purpose == "match_delivered" for item in items),
    )


def _format_words(items: Sequence[Notice]) -> str:
    hello = "您好，这里是莞家。"
    lines = [_format_line(item) for item in items[:ITEMS_MAX]]
    if len(items) == 1:
        return hello + lines[0]
    numbered = [f"{number}. {line}" for number, line in enumerate(lines, 1)]
    rest = [f"另有{len(items) - ITEMS_MAX}项，请到村（居）委会或莞家驿站查询。"]
    hello += f"有{len(items)}项通知："
    return "\n".join([hello, *numbered, *(rest if len(items) > ITEMS_MAX else [])])


def _format_line(notice: Notice) -> str:
    template = TEMPLATES.get(SPOKEN_AS.get(notice.purpose, notice.purpose))
    words = SPOKEN.get(notice.purpose) or (_speak(template, notice) if template else "")
    return f"尾号{format_reference(notice.regarding)}：{words}"


def _speak(template: Template, notice: Notice) -> str:
    """The sentence of the SMS: nobody taps on what he hears. Names no donor, whose name is asked
    for with a purpose, and no number or code that is for the person's own phone alone."""
    if template.has("code"):
        return f"{template.status}。"
    if template.has("answer"):
        total = f"，共{notice.detail}项" if template.has("total") and notice.detail else ""
        return f"{template.status}{total}，请联系对接社工或拨12345。"
    content = Content(
        template,
        notice.regarding,
        notice.amount_fen,
        Donor(None, notice.donor_kind),
        count=notice.count or 0,
        counted_at=notice.counted_at,
        detail=notice.detail,
        about=notice.about or About(),
    )
    sentence = template.sms.removesuffix("尾号{1}。")
    return fill_places(sentence, SMS.format_parameters(content))


def _find_page(notice: Notice, area: str) -> Page | None:
    """A donor, and who asked for nothing, has a page that the whole city's staff open."""
    if not notice.area.startswith(area):
        return None
    purpose = BY_NAME.get(notice.purpose)
    request_id = find_request_id(notice.regarding)
    if request_id and purpose is not None and purpose.recipient == "applicant":
        reference = format_reference(request_id)
        text = (f"打开诉求 {reference}，看联系方式", f"Open case {reference}: how to reach him")
        return Page(f"/cases/{request_id}", text)
    if area:
        return None
    return Page(
        f"/desk/persons/{notice.person_id}",
        ("打开本人页面，看联系方式", "Open his page: how to reach him"),
    )


def render_calls(
    request: Request,
    rows: Sequence[Row],
    counts: Mapping[str, int],
    problems: Sequence[object] = (),
    status: int = 200,
) -> HTMLResponse:
    return PAGES.render_for(
        request,
        "calls.html",
        status,
        rows=rows,
        counts=counts,
        outcomes=OUTCOMES,
        problems=problems,
        form_key=make_form_key(),
    )


@router.get(CALLS_PATH)
async def show_calls(caller: CaseWorker, request: Request, runtime: RuntimeDep) -> Response:
    """Of the caller's area. What has no area is for those of the whole city."""
    return await _show(request, runtime, find_scope(caller))


async def _show(
    request: Request, runtime: RuntimeDep, scope: Scope, refusal: Answer | None = None
) -> Response:
    notices = await store.find_tasks(runtime.database, scope, ROWS)
    counts = await store.count_tasks(runtime.database, scope)
    digests = [notice for notice in notices if notice.purpose in DIGESTS]
    bundled = await store.find_bundled(runtime.database, digests)
    rows = build_rows(notices, bundled, scope.area)
    if refusal is None:
        return render_calls(request, rows, counts)
    return render_calls(request, rows, counts, list_problems(refusal), refusal.status)


@router.post(CALL_PATH)
async def record_call(
    notice_id: Identifier, caller: CaseWorker, request: Request, runtime: RuntimeDep
) -> Response:
    scope = find_scope(caller)
    form = await read_form(request)
    outcome = form.get("outcome", "")
    if outcome not in get_args(TaskOutcome):
        missing = refuse(422, TASK_OUTCOME_MISSING.problem("outcome"))
        return await _show(request, runtime, scope, missing)
    call = RecordCall.model_validate(
        {
            "notice_id": notice_id,
            "outcome": outcome,
            "area": scope.area,
            "also": form.get("also", "").split()[:ALSO_MAX],
        }
    )
    answer = await execute_form(runtime, caller, form, call)
    if answer.status < 400:
        return RedirectResponse(CALLS_PATH, status_code=303)
    return await _show(request, runtime, scope, answer)
