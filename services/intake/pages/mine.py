"""我的求助 without a link: a code goes to his own phone, and he sees all that he asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, Response

from services.intake import model, store
from services.intake.decide.sign_ins import APPLICANT
from services.intake.own.phones import find_signer, load_owners, load_reached
from services.intake.pages.applicant import (
    describe_next,
    find_progress_step,
    is_to_be_called,
)
from services.intake.pages.rows import CaseRow, build_row
from services.intake.resources import IntakeRuntimeDep
from shared import mongo
from shared.contracts.events import PersonWordAsked
from shared.contracts.links import REQUEST
from shared.link_tokens import LinkToken
from shared.revocations import LinkRevocation, name_links_about, name_signed_in
from shared.security.sessions import make_form_token
from shared.web.access import Router
from shared.web.pages import Pages
from shared.web.phone_sign_in import PhoneSessionRoute, PhoneSignIn, build_sign_in_routes

MINE_PATH = "/mine"
PAGES = Pages("services.intake")
SIGN_IN = PhoneSignIn(
    base=MINE_PATH,
    home=MINE_PATH,
    cookie=APPLICANT,
    purpose="applicant.session",
    lasts=timedelta(hours=2),
    fact=PersonWordAsked,
    pages=PAGES,
    template="mine_sign_in.html",
    find_signer=find_signer,
    asks_name=True,
)
"""Shorter than a donor's: many share a phone."""


class OwnCasesRoute(PhoneSessionRoute):
    base = MINE_PATH
    cookie = APPLICANT


DELIVERED_STEP = 5
ON_ITS_PAGE = (
    "请点开：看原因、补充情况、确认收到或评价。",
    "Open it: why, what is missing, whether it arrived, or how it was.",
)

sign_in_router = build_sign_in_routes(SIGN_IN)
router = Router(route_class=OwnCasesRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class PhoneHolder:
    """Who holds the phone. person_ids: his records, as it is today."""

    session: LinkToken
    person_ids: Sequence[str]


async def open_phone_holder(request: Request, runtime: IntakeRuntimeDep) -> PhoneHolder:
    """Whose links have all been revoked since he signed in sees nothing by this session either.
    Raises Unauthenticated, and Invalid for a form that is not ours."""
    token = str(request.path_params.get("token", ""))
    session = await SIGN_IN.open_session(request, runtime, token)
    owners = await load_owners(runtime.database, runtime.resources.vault, session.subject)
    ids = [each.id for each in owners]
    revocations = await mongo.find(runtime.database, LinkRevocation, {"_id": {"$in": ids}})
    ended = {each.id for each in revocations if each.ends(session)}
    return PhoneHolder(session, [id_ for id_ in ids if id_ not in ended])


PhoneHolderDep = Annotated[PhoneHolder, Depends(open_phone_holder)]


@dataclass(frozen=True, slots=True)
class OwnCase:
    """path: of its page, by a link that ends with the session."""

    row: CaseRow
    next: tuple[str, str]
    path: str


@router.get(MINE_PATH)
async def show_own_cases(
    holder: PhoneHolderDep, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    now, days = await runtime.processor.now(), runtime.settings.answer_days
    session = holder.session

    def find_path(stored: model.Request) -> str:
        end = REQUEST.compute_end(now)
        return REQUEST.path(
            runtime.keyring.make_link(
                REQUEST.purpose, stored.id, end, now, stored.person_id, session
            )
        )

    requests = await store.list_requests_of(runtime.database, holder.person_ids)
    cases = [
        OwnCase(build_row(each, now), describe_in_list(each, days), find_path(each))
        for each in requests
    ]
    form_token = make_form_token(runtime.keyring, session.id)
    return render_own_cases(request, cases, form_token, runtime.settings.help_phone)


def describe_in_list(request: model.Request, answer_days: int) -> tuple[str, str]:
    """What happens next, or that there is something for him on its page."""
    is_his_turn = request.state in (model.RequestState.DECLINED, model.RequestState.RETURNED)
    if is_his_turn or is_to_be_called(request) or find_progress_step(request) >= DELIVERED_STEP:
        return ON_ITS_PAGE
    return describe_next(request, answer_days)


def render_own_cases(
    request: Request, cases: Sequence[OwnCase], form_token: str, help_phone: str
) -> HTMLResponse:
    return PAGES.render_for(
        request, "mine.html", cases=cases, own_token=form_token, help_phone=help_phone
    )


@router.post(f"{MINE_PATH}/sign-out")
async def sign_applicant_out(
    holder: PhoneHolderDep, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    return await SIGN_IN.end_session(request, runtime, holder.session.id)


@router.post(f"{MINE_PATH}/sign-out/everywhere")
async def sign_applicant_out_everywhere(
    holder: PhoneHolderDep, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """With the pages that were opened from other sessions, perhaps when the phone was certainly of
    somebody who shares it by now."""
    reached = await load_reached(runtime.database, holder.session.subject)
    pages = [name_links_about(name_signed_in(id_)) for id_ in sorted(reached)]
    everywhere = SIGN_IN.name_everywhere(holder.session.subject)
    return await SIGN_IN.end_session(request, runtime, everywhere, *pages)
