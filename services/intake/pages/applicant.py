"""The applicant's page behind a signed link: how far it is, who looked, and withdrawing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Path, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from services.intake import model, person_views, store, views
from services.intake.api.attachments import FORM_BYTES, Size, build_file_answer, load_attachment
from services.intake.approvals.messages import MEND_EMPTY, PART_REASONS, RETURN_REASONS
from services.intake.attachments.files import FILE_BYTES_MAX
from services.intake.attachments.keeping import open_file
from services.intake.attachments.messages import ATTACHMENT_UNKNOWN, REQUEST_OVER
from services.intake.clocks.words import Words, describe_promise
from services.intake.model import MendRequest, RequestState, SaidReason, WithdrawRequest
from services.intake.model.approval import EndingWay, Referral
from services.intake.model.attachment import OWN_ATTACHMENTS_MAX
from services.intake.pages.applicant_links import load_request, open_request
from services.intake.pages.consents import CONSENTS, ConsentRow, list_consents
from services.intake.pages.own import OWN
from services.intake.pages.own_files import (
    FILES,
    NO_FILES,
    OwnFiles,
    add_own_files,
    load_own_files,
)
from services.intake.pages.rows import STATES
from services.intake.pages.uploads import list_uploads
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared import mongo
from shared.contracts.events import PauseReason
from shared.contracts.links import DELIVERY, REQUEST
from shared.contracts.values import CHINA
from shared.dates import name_day
from shared.errors import Problem, refuse
from shared.link_tokens import LinkToken
from shared.looks import Look
from shared.messaging.decision import Answer, Command
from shared.web.access import Denied, Router, respond
from shared.web.admission import takes_bytes
from shared.web.forms import read_form
from shared.web.links import LinkRoute, Token, is_browser
from shared.web.pages import Pages

router = Router(route_class=LinkRoute)

PAGES = Pages("services.intake")
LOOKS_MAX = 200
MENDED_MAX = 2000


@router.get(REQUEST.route())
async def show_request(token: Token, request: Request, runtime: IntakeRuntimeDep) -> Response:
    opened, stored = await open_request(request, runtime, token)
    looks = person_views.describe_own_looks(await _find_looks(runtime, stored))
    if is_browser(request):
        now = await runtime.processor.now()
        deliveries = _make_deliveries(runtime, opened, stored, now)
        settings = runtime.settings
        return render_request(
            request,
            stored,
            token,
            looks,
            deliveries=deliveries,
            promise=describe_promise(stored, now),
            help_phone=settings.help_phone,
            answer_days=settings.answer_days,
            hotline=settings.crisis_hotline,
            is_new="new" in request.query_params,
            files=await load_own_files(runtime, stored, token, request.query_params.get("files")),
            consents=await _load_consents(runtime, stored),
        )
    view = views.describe_status(stored)
    return JSONResponse(view | {"recorded_at": stored.recorded_at.isoformat(), "looks": looks})


async def _find_looks(runtime: IntakeRuntime, stored: model.Request) -> list[Look]:
    """None where anybody could have the link: they would tell that the person is known here."""
    if stored.is_anybodys:
        return []
    return await store.VAULT_LOOKS.find_latest(runtime.database, stored.person_id, LOOKS_MAX)


async def _load_consents(runtime: IntakeRuntime, stored: model.Request) -> list[ConsentRow]:
    if stored.is_anybodys:
        return []
    person = await mongo.load(runtime.database, model.Person, stored.person_id)
    now = await runtime.processor.now()
    return list_consents(person.consents, now) if person and not person.erased else []


@router.post(REQUEST.route("withdraw"))
async def withdraw(token: Token, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """The link is the permission, and it names the request: asking twice is asking once."""
    id_ = (await load_request(request, runtime, token)).id
    command = Command(
        WithdrawRequest(request_id=id_), key=f"link|{id_}/withdraw", principal=f"link:{id_}"
    )
    answer = await runtime.processor.execute(command)
    if is_browser(request):
        return RedirectResponse(REQUEST.path(token), status_code=303)
    return respond(answer)


@router.post(REQUEST.route("mend"))
async def mend(token: Token, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """What was missing, in his words. Whose link it is may write it, as he may withdraw."""
    stored = await load_request(request, runtime, token)
    note = (await read_form(request)).get("note", "")[:MENDED_MAX]
    if not note:
        raise MEND_EMPTY.invalid("note")
    command = Command(
        MendRequest(request_id=stored.id, note=note),
        key=f"link|{stored.id}/mend/{len(stored.steps)}",
        principal=f"link:{stored.id}",
    )
    answer = await runtime.processor.execute(command)
    if is_browser(request) and answer.status < 400:
        return RedirectResponse(REQUEST.path(token), status_code=303)
    return respond(answer)


@router.post(REQUEST.route(FILES))
@takes_bytes(OWN_ATTACHMENTS_MAX * FILE_BYTES_MAX + FORM_BYTES)
async def add_own(token: Token, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """While his request is worked on."""
    stored = await load_request(request, runtime, token)
    form = await request.form()
    problems: tuple[Problem, ...] = (REQUEST_OVER.problem("file"),)
    if stored.is_withdrawable:
        problems = await add_own_files(runtime, stored.id, list_uploads(form))
    if is_browser(request):
        outcome = "?files=wrong" if problems else ""
        return RedirectResponse(f"{REQUEST.path(token)}{outcome}#files", status_code=303)
    return respond(refuse(422, *problems) if problems else Answer(200, {"taken": True}))


@router.get(REQUEST.route(FILES, "{attachment_id}"))
async def show_own_file(
    token: Token,
    attachment_id: Annotated[str, Path(max_length=100)],
    request: Request,
    runtime: IntakeRuntimeDep,
    size: Size = "full",
) -> Response:
    """What he sent himself; what staff put there he asks them for."""
    stored = await load_request(request, runtime, token)
    attachment = await load_attachment(runtime, stored, attachment_id)
    if attachment.giver != "applicant":
        raise Denied(ATTACHMENT_UNKNOWN.refusal(404, "attachment_id"))
    content = await open_file(runtime, attachment, small=size == "small")
    return build_file_answer(attachment, content)


@dataclass(frozen=True, slots=True)
class DeliveryLink:
    """Help that came: where the person says so, or rates it."""

    path: str
    quantity: int
    is_confirmed: bool


def _make_deliveries(
    runtime: IntakeRuntime, opened: LinkToken, request: model.Request, now: datetime
) -> list[DeliveryLink]:
    """His link to this page opens those too, as long as it opens this page: each is about a match
    of this request."""
    links = []
    for id_, portion in list_confirmable(request).items():
        token = runtime.keyring.make_link(
            DELIVERY.purpose, id_, DELIVERY.compute_end(now), now, request.person_id, opened
        )
        is_confirmed = portion.stage == "confirmed"
        links.append(DeliveryLink(DELIVERY.path(token), portion.quantity, is_confirmed))
    return links


def list_confirmable(request: model.Request) -> Mapping[str, model.Portion]:
    """By match. None where anybody could have the link, who brings the help too: the person has one
    of his own in the notice, and may answer it."""
    if request.is_anybodys:
        return {}
    return {
        id_: portion
        for id_, portion in request.matches.items()
        if portion.stage in ("delivered", "confirmed")
    }


# Of why it waits, what is the office's own work and tells him nothing.
FOR_STAFF: frozenset[SaidReason] = frozenset({"category_other", "item_unclear", "danger_named"})
STEPS: tuple[tuple[str, str], ...] = (
    ("已登记", "recorded"),
    ("核实审批", "checked"),
    ("公开对接", "looking for help"),
    ("有人帮忙", "help is promised"),
    ("送到", "delivered"),
    ("确认收到", "confirmed"),
)


def find_progress_step(request: model.Request) -> int:
    """Which of `STEPS` it has come to; 0 where it ended without help."""
    stages = {portion.stage for portion in request.matches.values()}
    if request.state is RequestState.CLOSED or (stages and stages == {"confirmed"}):
        return 6
    if request.state in (RequestState.DECLINED, RequestState.WITHDRAWN, RequestState.DUPLICATE):
        return 0
    for step, stage in ((5, "delivered"), (4, "committed")):
        if stage in stages:
            return step
    return 3 if request.state is RequestState.OPEN else 2


def describe_next(request: model.Request, answer_days: int) -> tuple[str, str]:
    """What happens next, and by when as far as we promise it."""
    match request.state:
        case RequestState.WITHDRAWN:
            return (
                "您已撤回。以后需要时可以重新登记。",
                "Withdrawn. Ask again if you need it.",
            )
        case RequestState.DECLINED:
            return "没有通过，原因见下。不同意可以打电话问。", "Not approved; call if you disagree."
        case RequestState.RETURNED if request.is_own_word:
            return (
                "还缺少一些情况，请在下面补充，补充后继续审核。",
                "Something is missing: write it below, and it goes on.",
            )
        case RequestState.RETURNED:
            return (
                "登记您诉求的工作人员正在补充情况，您不用做什么。",
                "Staff add what is missing; you need do nothing.",
            )
        case RequestState.REFERRED:
            return _describe_referral(request.referrals[-1])
        case RequestState.BUDGETED:
            return (
                "您反映的事项已列入财政项目办理，完工后会告诉您。",
                "It is paid from the public budget; we tell you when it is done.",
            )
        case RequestState.CLOSED if request.ending:
            return _ENDED[request.ending.way]
        case RequestState.DUPLICATE:
            return (
                "已与另一件相同的诉求合并办理，有进展会告诉您。",
                "Worked on together with another one of the same need; you are told of it.",
            )
    if request.is_anybodys and find_progress_step(request) == 5:
        return (
            "请按我们发到手机上的通知告诉我们：收到了，还是没有收到。",
            "The notice on the phone asks whether it arrived: answer it.",
        )
    if is_to_be_called(request):
        return _CALL_NOW
    if request.clock and request.clock.pause and request.clock.pause.reason in _PAUSED:
        return _PAUSED[request.clock.pause.reason]
    zh, en = _NEXT[find_progress_step(request)]
    return zh.format(days=answer_days), en.format(days=answer_days)


def is_to_be_called(request: model.Request) -> bool:
    """Words of danger, and nobody has decided yet."""
    return request.danger and request.state is RequestState.RECORDED


def list_numbers(request: model.Request, hotline: str) -> Sequence[tuple[Words, str]]:
    """Whom to call in danger, each with its number; none where nothing was said of it."""
    return (*EMERGENCY_NUMBERS, (("心理援助", "somebody to talk to"), hotline)) * is_to_be_called(
        request
    )


def _describe_referral(referral: Referral) -> tuple[str, str]:
    """To whom, and by when."""
    day_zh, day_en = name_day(referral.answer_on)
    return (
        f"您可以先享受“{referral.policy_zh}”，已转给{referral.department_zh}办理，"
        f"最迟{day_zh}答复。没有办成的，我们接着为您想办法。",
        f"You may have a right to “{referral.policy_en}”: {referral.department_en} answers by "
        f"{day_en}. If it does not help, we go on.",
    )


_ENDED: Mapping[EndingWay, tuple[str, str]] = {
    "policy": ("已按救助政策为您办理。", "Done by the policy that you have a right to."),
    "budget": ("您反映的事项已用财政资金办完。", "Done, paid from the public budget."),
    "other": ("您的困难已由其他途径解决，现已办结。", "Solved by other means, and closed."),
}


EMERGENCY_NUMBERS: Sequence[tuple[Words, str]] = (
    (("报警", "police"), "110"),
    (("急救", "ambulance"), "120"),
    (("火警", "fire"), "119"),
)
_CALL_NOW: Words = (
    "您的求助已立即转给工作人员。现在就需要帮助，请马上打下面的电话，24小时有人接。您并不孤单。",
    "Staff see it at once. If you need help now, call one of these numbers, day or night.",
)
_PAUSED: Mapping[PauseReason, Words] = {
    "papers_missing": (
        "正在等您补充材料：缺什么请打下面的电话问，材料可以放在本页“照片和材料”，或交村（居）委会。",
        "Papers of yours are missing: call the number below to ask which; add them to this page "
        "under photos and documents, or bring them to your committee.",
    ),
    "person_away": (
        "工作人员联系不上您：请打下面的电话，告诉我们怎样找到您。",
        "Staff cannot reach you: call the number below and say how to.",
    ),
}
"""Where it waits for what the person himself can do."""
_NEXT: Mapping[int, tuple[str, str]] = {
    2: (
        "工作人员会在登记后{days}个工作日内联系您，核实情况。请保持电话畅通。",
        "Staff call you within {days} working days to check it.",
    ),
    3: (
        "正在寻找能帮忙的单位和个人，找到后会发消息告诉您，您不用做什么。",
        "We look for who can help and write to you; you need do nothing.",
    ),
    4: (
        "已有人帮忙，工作人员会和您约时间送到。",
        "Help is promised; staff arrange with you when it comes.",
    ),
    5: ("请在下面告诉我们：收到了，还是没有收到。", "Tell us below whether it arrived."),
    6: ("已经办完。在下面可以评价，有问题也可以说。", "Done. Rate it below, or say what is wrong."),
}


def render_request(
    reader: Request,
    request: model.Request,
    token: str,
    looks: Sequence[Mapping[str, str]],
    *,
    deliveries: Sequence[DeliveryLink],
    help_phone: str,
    answer_days: int,
    hotline: str,
    promise: Words | None = None,
    is_new: bool = False,
    files: OwnFiles = NO_FILES,
    consents: Sequence[ConsentRow] = (),
) -> HTMLResponse:
    """Nothing is offered that would be refused now."""
    return PAGES.render(
        reader,
        "request.html",
        request=request,
        state=(views.STATE_LABELS[request.state], STATES[request.state][1]),
        recorded_on=request.recorded_at.astimezone(CHINA).date(),
        waits_for=views.list_waiting(request, without=FOR_STAFF),
        looks=looks,
        steps=STEPS,
        step=find_progress_step(request),
        next=describe_next(request, answer_days),
        numbers=list_numbers(request, hotline),
        promise=promise,
        deliveries=deliveries,
        help_phone=help_phone,
        is_new=is_new,
        part_reason=PART_REASONS[request.part_reason] if request.part_reason else None,
        return_reason=RETURN_REASONS[request.return_reason] if request.return_reason else None,
        may_mend=request.state is RequestState.RETURNED and request.is_own_word,
        mend_path=REQUEST.path(token, "mend"),
        mended_max=MENDED_MAX,
        may_withdraw=request.is_withdrawable,
        withdraw_path=REQUEST.path(token, "withdraw"),
        files=files,
        consents=consents,
        consents_path=REQUEST.path(token, CONSENTS),
        own_path=REQUEST.path(token, OWN),
    )
