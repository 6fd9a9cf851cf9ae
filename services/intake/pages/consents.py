"""What a person agreed to: the rows of his page and of the case's, in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from services.intake.messages import CONSENT_UNPROVEN
from services.intake.model.consent import (
    PURPOSES,
    Consent,
    ConsentPurpose,
    ConsentWay,
    EndConsent,
    GiveConsent,
)
from services.intake.pages.applicant_links import load_request
from services.intake.resources import IntakeRuntimeDep
from shared.contracts.links import REQUEST
from shared.contracts.values import CHINA
from shared.errors import Invalid
from shared.messaging.decision import Command
from shared.validation import describe_validation
from shared.web.access import Denied, Router, respond
from shared.web.forms import read_form
from shared.web.links import LinkRoute, Token, is_browser

router = Router(route_class=LinkRoute)
CONSENTS = "consents"

WAYS: Mapping[ConsentWay, tuple[str, str]] = {
    "paper": ("纸面签字", "on paper"),
    "spoken": ("口头同意", "spoken"),
    "web": ("本人网上同意", "on his page"),
    "typed": ("网页求助时勾选，还没有向本人核实", "ticked by who asked on the public page"),
}
STAFF_WAYS = {way: words for way, words in WAYS.items() if way != "typed"}
"""Those that staff note."""
QUESTIONS: Mapping[ConsentPurpose, tuple[str, str]] = {
    "handling": ("办理我的求助", "my request is worked on"),
    "delivery": ("把姓名和电话告诉上门送达的单位", "name and phone go to who brings the help"),
    "history": (
        "以后再求助时，审批人能看到我收到过什么",
        "who decides later reads what I received",
    ),
    "publicity": ("用我的故事或照片做宣传", "my story or picture is shown in public"),
}
AT_AN_END: Mapping[ConsentPurpose, tuple[str, str]] = {
    "handling": (
        "撤回后，没有办完的求助随之撤回，也不再通知您；已经收到的帮助和账目按法律保留。",
        "what is not done is withdrawn, and you hear no more; what was paid stays by law",
    ),
    "delivery": (
        "撤回后，由工作人员送达，不再把电话给别人。",
        "staff bring it, and nobody else gets your phone",
    ),
    "history": (
        "撤回后，审批人看不到您以前收到的帮助，办理可能要多问几句。",
        "who decides sees nothing of before, and may have to ask you more",
    ),
    "publicity": ("撤回后不再使用，已发布的尽快撤下。", "it is used no more, and taken down soon"),
}


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """state: given, ended (withdrawn or over), or never asked. until: while it holds."""

    purpose: ConsentPurpose
    words: tuple[str, str]
    consequence: tuple[str, str]
    state: Literal["given", "ended", "unasked"]
    until: str = ""
    way: tuple[str, str] | None = None
    by: str = ""
    by_guardian: bool = False


def list_consents(
    consents: Mapping[str, Consent], now: datetime, typed: Mapping[str, Consent] | None = None
) -> list[ConsentRow]:
    """typed: what was ticked with this request, where the person said nothing of it."""
    own = {purpose: each for purpose, each in consents.items() if not each.is_only_typed}
    rows = {**(typed or {}), **own}
    return [_build_row(purpose, rows.get(purpose), now) for purpose in PURPOSES]


def _build_row(purpose: ConsentPurpose, consent: Consent | None, now: datetime) -> ConsentRow:
    words, consequence = QUESTIONS[purpose], AT_AN_END[purpose]
    if consent is None:
        return ConsentRow(purpose, words, consequence, "unasked")
    return ConsentRow(
        purpose,
        words,
        consequence,
        "given" if consent.holds(now) else "ended",
        until=consent.until.astimezone(CHINA).date().isoformat(),
        way=WAYS[consent.way],
        by=consent.by,
        by_guardian=consent.by_guardian,
    )


# --- on the applicant's page ----------------------------------------------------------------------


@router.post(REQUEST.route(CONSENTS))
async def say(token: Token, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """His own word, from now on; not of who has asked in his name on the public page."""
    stored = await load_request(request, runtime, token)
    id_, form = stored.id, await read_form(request)
    fields = {"request_id": id_, "purpose": form.get("purpose")}
    try:
        data: GiveConsent | EndConsent = EndConsent.model_validate(fields)
        if form.get("word") == "give":
            data = GiveConsent.model_validate({**fields, "way": "web"})
    except ValidationError as error:
        raise Invalid(*describe_validation(error)) from None
    if stored.is_anybodys:
        raise Denied(CONSENT_UNPROVEN.refusal(403, "purpose"))
    answer = await runtime.processor.execute(Command(data, principal=f"link:{id_}"))
    if is_browser(request) and answer.status < 400:
        return RedirectResponse(f"{REQUEST.path(token)}#consents", status_code=303)
    return respond(answer)
