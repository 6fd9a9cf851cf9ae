"""通知内容: what each notice says, how it looks and what it costs; new words by two people."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from services.notify import store
from services.notify.messages import WORDS_UNKNOWN
from services.notify.model import ProviderName
from services.notify.previews import FIELDS, build_preview, find_example_number
from services.notify.purposes import BY_NAME
from services.notify.resources import NotifyRuntime, NotifyRuntimeDep
from services.notify.settings import NotifySettings
from services.notify.spending import compute_percent, find_month, sum_parts
from services.notify.templates import TEMPLATES, find_purpose, name_template
from services.notify.wordings import (
    ApproveWords,
    DropWords,
    ProposeWords,
    Wording,
    Words,
    find_id_clashes,
    find_template,
    find_words,
)
from shared import mongo
from shared.answers import Answer
from shared.contracts.values import Identifier, NoticeLanguage, Value
from shared.money import format_yuan
from shared.security import Credential, Role
from shared.web.access import Denied, allow
from shared.web.forms import Form, answer_form, list_problems, make_form_key
from shared.web.pages import Pages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.notify")
WORDINGS_PATH = "/notify/wordings"
WORDING_PATH = "/notify/wordings/{purpose}"

Reader = Annotated[Credential, Depends(allow(Role.OPERATOR, Role.AUDITOR, whole_city=True))]
Operator = Annotated[Credential, Depends(allow(Role.OPERATOR, whole_city=True))]

RECIPIENTS: Mapping[str, tuple[str, str]] = {
    "applicant": ("给申请人", "To who asks"),
    "donor": ("给捐赠方", "To donors"),
    "person": ("合并发送", "Several together"),
    "staff": ("给工作人员", "To staff"),
    "member": ("给联席会议成员", "To members of a joint meeting"),
}
PROVIDERS: Mapping[ProviderName, tuple[str, str]] = {
    "tencent": ("腾讯云短信模板", "Tencent template"),
    "aliyun": ("阿里云短信模板", "Aliyun template"),
    "wechat": ("微信模板", "WeChat template"),
}
DONE: Mapping[str, tuple[str, str]] = {
    "propose": ("已提交，请另一位系统管理员复核", "proposed: another operator approves it"),
    "approve": ("已通过，马上按新内容发送", "approved: it is sent from now on"),
    "drop": ("已撤下", "dropped"),
}


@router.get(WORDINGS_PATH)
async def show_wordings(_caller: Reader, request: Request, runtime: NotifyRuntimeDep) -> Response:
    wordings = {each.id: each for each in await mongo.find(runtime.database, Wording, {})}
    groups = [
        (title, [_describe_row(name, wordings.get(name)) for name in _list_names(recipient, "zh")])
        for recipient, title in RECIPIENTS.items()
    ]
    english = [
        _describe_row(name, wordings.get(name))
        for recipient in RECIPIENTS
        for name in _list_names(recipient, "en")
    ]
    groups.append((("英文（给选了英文的人）", "In English, for who chose it"), english))
    return PAGES.render_for(
        request, "wordings.html", groups=groups, spending=await describe_spending(runtime)
    )


async def describe_spending(runtime: NotifyRuntime) -> Mapping[str, object]:
    """Of this month in China: what SMS cost so far, and what waits because the budget is gone."""
    month = find_month(await runtime.processor.now())
    sums = sum_parts(await store.find_spending(runtime.database, month))
    settings, parts = runtime.settings, sum(sums.values())
    budget_fen = round(settings.sms_budget_yuan * 100)
    return {
        "month": month,
        "parts": parts,
        "yuan": format_yuan(round(parts * settings.sms_price_fen)),
        "budget": format_yuan(budget_fen) if budget_fen else "",
        "percent": compute_percent(parts, settings.sms_price_fen, settings.sms_budget_yuan),
        "held": await store.count_held(runtime.database),
    }


def _list_names(recipient: str, language: NoticeLanguage) -> list[str]:
    return [
        name
        for name, template in TEMPLATES.items()
        if template.language == language and _find_recipient(name) == recipient
    ]


def _find_recipient(name: str) -> str:
    return BY_NAME[find_purpose(name)].recipient


def _describe_row(name: str, wording: Wording | None) -> dict[str, object]:
    template = find_template(name, wording)
    words = find_words(name, wording)
    return {
        "purpose": name,
        "path": WORDING_PATH.format(purpose=name),
        "sms": template.sms,
        "status": template.status,
        "version": words.number if words else 0,
        "waits": bool(wording and wording.proposal),
        "is_outdated": is_outdated(wording),
    }


def is_outdated(wording: Wording | None) -> bool:
    """Approved for what the notice said before, so it is not used."""
    return wording is not None and bool(wording.current) and not find_words(wording.id, wording)


@router.get(WORDING_PATH)
async def show_wording(
    purpose: Identifier, caller: Reader, request: Request, runtime: NotifyRuntimeDep, done: str = ""
) -> Response:
    return await _render(request, runtime, caller, purpose, done=DONE.get(done))


@router.post(f"{WORDING_PATH}/propose")
async def propose(
    purpose: Identifier, caller: Operator, request: Request, runtime: NotifyRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        names = ("sms", "title", "status", "hint", "tencent_id", "aliyun_id", "wechat_id")
        return ProposeWords.model_validate(
            {"purpose": purpose, **{name: form.get(name, "") for name in names}}
        )

    return await _act(request, runtime, caller, purpose, "propose", build)


@router.post(f"{WORDING_PATH}/approve")
async def approve(
    purpose: Identifier, caller: Operator, request: Request, runtime: NotifyRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        return ApproveWords(purpose=purpose, number=_parse_number(form))

    return await _act(request, runtime, caller, purpose, "approve", build)


@router.post(f"{WORDING_PATH}/drop")
async def drop(
    purpose: Identifier, caller: Operator, request: Request, runtime: NotifyRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        return DropWords(purpose=purpose, number=_parse_number(form))

    return await _act(request, runtime, caller, purpose, "drop", build)


def _parse_number(form: Form) -> int:
    text = form.get("number", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


async def _act(
    request: Request,
    runtime: NotifyRuntime,
    caller: Credential,
    purpose: str,
    act: str,
    build: Callable[[Form], Value],
) -> Response:
    async def show(form: Form, answer: Answer) -> Response:
        return await _render(request, runtime, caller, purpose, form=form, answer=answer)

    done = f"{WORDING_PATH.format(purpose=purpose)}?done={act}"
    return await answer_form(request, runtime, caller, done, build, show)


async def _render(
    request: Request,
    runtime: NotifyRuntime,
    caller: Credential,
    purpose: str,
    *,
    done: tuple[str, str] | None = None,
    form: Form | None = None,
    answer: Answer | None = None,
) -> Response:
    """Raises Denied."""
    if purpose not in TEMPLATES:
        raise Denied(WORDS_UNKNOWN.refusal(404))
    wording = await mongo.load(runtime.database, Wording, purpose) or Wording(id=purpose)
    return PAGES.render_for(
        request,
        "wording.html",
        status=answer.status if answer else 200,
        **describe(wording, runtime.settings, caller, runtime.resources.template_ids),
        done=done,
        typed=form or {},
        problems=list_problems(answer) if answer else [],
        form_key=make_form_key(),
    )


def describe(
    wording: Wording,
    settings: NotifySettings,
    caller: Credential,
    template_ids: Mapping[ProviderName, Mapping[str, str]],
) -> dict[str, object]:
    template = find_template(wording.id, wording)
    words = find_words(wording.id, wording)
    proposal = wording.proposal
    changed = proposal.apply(template) if proposal else None
    sign, price = settings.sms_sign_name, settings.sms_price_fen
    number = find_example_number(settings.station_numbers)
    return {
        "purpose": wording.id,
        "path": WORDING_PATH.format(purpose=wording.id),
        "recipient": RECIPIENTS[_find_recipient(wording.id)],
        "template": template,
        "ids": words.ids if words else {},
        "is_outdated": is_outdated(wording),
        "id_clashes": find_id_clashes(settings.rules, wording, words) if words else {},
        "other": _find_other(wording.id, template.language),
        "sent_as": [
            (title, template_ids[of].get(wording.id, ""))
            for of, title in PROVIDERS.items()
            if of in template_ids
        ],
        "field_names": FIELDS,
        "preview": build_preview(template, sign, price, number),
        "proposal": proposal,
        "proposed": changed and build_preview(changed, sign, price, number),
        "may_change": Role.OPERATOR in caller.roles and proposal is None,
        "may_approve": _may_approve(caller, proposal),
        "may_drop": Role.OPERATOR in caller.roles and proposal is not None,
        "versions": [_describe_version(each) for each in reversed(wording.versions)],
    }


def _find_other(name: str, language: NoticeLanguage) -> tuple[str, tuple[str, str]]:
    """The same in the other language: where it stands, and what that is called."""
    if language == "en":
        return WORDING_PATH.format(purpose=find_purpose(name)), ("中文内容", "In Chinese")
    return WORDING_PATH.format(purpose=name_template(name, "en")), ("英文内容", "In English")


def _may_approve(caller: Credential, proposal: Words | None) -> bool:
    if proposal is None or Role.OPERATOR not in caller.roles:
        return False
    return proposal.proposed_by != caller.principal


def _describe_version(words: Words) -> dict[str, object]:
    at = words.approved_at or words.proposed_at
    return {
        "number": words.number,
        "sms": words.sms,
        "by": (words.proposed_by, words.approved_by),
        "at": at,
    }
