"""财务: what waits for a second person, the funds, and what was paid for nothing.

A checker approves what he reads: the form carries the digest of it (`Approval`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.audit import views
from services.audit.messages import ENTRY_UNKNOWN
from services.audit.model import AnswerGiftQuestion, Mandate, Payable, RevokeMandate
from services.audit.model.months import ApproveMonthClose
from services.audit.months.reading import build_approval
from services.audit.pages.fee_shares import describe_share
from services.audit.pages.proposal_forms import FORMS, Texts
from services.audit.pages.proposals import PROPOSALS, Line, ProposalKind, describe_mandate
from services.audit.pages.proposing import FINANCE_PATH, PAGES
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from services.audit.statements.views import load_asked_gifts
from services.audit.store import count_asked_gifts, read_funds, sum_waiting_gifts
from shared import mongo
from shared.answers import Answer
from shared.contracts.values import Identifier, Value
from shared.security import Credential, Role
from shared.web.access import Denied, allow
from shared.web.forms import Form, answer_form, execute_form, make_form_key, read_form
from shared.web.staff import PageRouter, render_refusal

router = PageRouter()
UNSETTLED_MAX = 100
FEW = 10
"""Of each kind on the first page."""
COSTS = ("fund-fees", "bank-entries")
"""What adds to a year's management costs."""
MANY = 50
"""Of one kind on a page of its own."""

# Funds, gifts and entries are the whole city's.
Reader = Annotated[
    Credential,
    Depends(
        allow(Role.AUDITOR, Role.FINANCE_MAKER, Role.FINANCE_CHECKER, whole_city=True),
    ),
]
Checker = Annotated[Credential, Depends(allow(Role.FINANCE_CHECKER, whole_city=True))]

Ending = Annotated[
    Credential, Depends(allow(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, whole_city=True))
]

Verdict = Literal["approve", "decline"]
KindPath = Literal[
    "funds",
    "mandates",
    "transfers",
    "reversals",
    "second-payments",
    "bank-answers",
    "stock-counts",
    "charts",
    "opening-balances",
    "fund-fees",
    "bank-entries",
    "gift-refunds",
    "line-releases",
    "month-closes",
    "month-reopenings",
    "statement-files",
]
After = Annotated[str, Query(max_length=256)]


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """is_own: proposed by the reader, so another decides."""

    id: str
    maker: str
    digest: str
    lines: tuple[Line, ...]
    is_own: bool


@dataclass(frozen=True, slots=True)
class WaitingGroup:
    """Proposals of one kind: count of all that wait, some of them, and after which others follow;
    empty where none does."""

    path: str
    names: Texts
    count: int
    rows: Sequence[WaitingRow]
    next: str


@router.get(FINANCE_PATH)
async def show_finance(caller: Reader, request: Request, runtime: AuditRuntimeDep) -> Response:
    groups = [await _read_waiting(runtime, caller, kind, FEW) for kind in PROPOSALS.values()]
    return PAGES.render_for(
        request,
        "finance.html",
        groups=[group for group in groups if group.count],
        payables=await runtime.database[Payable.COLLECTION].count_documents(
            {"owed_fen": {"$gt": 0}, "order_id": ""}
        ),
        gifts=await sum_waiting_gifts(runtime.database),
        asked_gifts=await load_asked_gifts(runtime.database, FEW),
        asked_count=await count_asked_gifts(runtime.database),
        unsettled=await views.list_unsettled(runtime.database, UNSETTLED_MAX),
        funds=[fund for fund in await read_funds(runtime.database) if fund.is_open],
        standing=[
            (each.id, [line for line in describe_mandate(each) if line[2]])
            for each in await _find_standing(runtime)
        ],
        may_end=bool({Role.FINANCE_MAKER, Role.FINANCE_CHECKER} & caller.roles),
        may_check=Role.FINANCE_CHECKER in caller.roles,
        may_enter_invoices=not caller.roles.isdisjoint((Role.FINANCE_MAKER, Role.FINANCE_CHECKER)),
        may_propose=Role.FINANCE_MAKER in caller.roles,
        forms=FORMS,
        key=make_form_key(),
    )


async def _find_standing(runtime: AuditRuntime) -> list[Mandate]:
    """The mandates under which funds give by themselves now."""
    now = await runtime.processor.now()
    query = {"state": "open", "standing": {"$type": "object"}, "valid_until": {"$gt": now}}
    return await mongo.find(runtime.database, Mandate, query, sort=[("_id", 1)], limit=MANY)


@router.post(FINANCE_PATH + "/standing/{mandate_id}/end")
async def end_standing(
    mandate_id: Identifier, caller: Ending, request: Request, runtime: AuditRuntimeDep
) -> Response:
    """One of finance is enough; what is promised stands."""
    form = await read_form(request)
    data = RevokeMandate(mandate_id=mandate_id)
    answer = await execute_form(runtime, caller, form, data)
    if answer.status >= 400:
        return render_refusal(request, answer)
    return RedirectResponse(FINANCE_PATH, status_code=303)


@router.post(FINANCE_PATH + "/gift-questions/{donation_id}")
async def submit_gift_answer(
    donation_id: Identifier, caller: Ending, request: Request, runtime: AuditRuntimeDep
) -> Response:
    async def show(_typed: Form, answer: Answer) -> Response:
        return render_refusal(request, answer)

    def build(form: Form) -> Value:
        choices = {"another": True, "same": False}
        chosen = choices.get(form.get("answer", ""))
        return AnswerGiftQuestion.model_validate({"donation_id": donation_id, "is_another": chosen})

    return await answer_form(request, runtime, caller, FINANCE_PATH, build, show)


@router.get(FINANCE_PATH + "/waiting/{kind}")
async def show_waiting(
    kind: KindPath, caller: Reader, request: Request, runtime: AuditRuntimeDep, after: After = ""
) -> Response:
    """All of one kind, page by page."""
    return PAGES.render_for(
        request,
        "finance_waiting.html",
        group=await _read_waiting(runtime, caller, PROPOSALS[kind], MANY, after),
        may_check=Role.FINANCE_CHECKER in caller.roles,
        key=make_form_key(),
    )


async def _read_waiting(
    runtime: AuditRuntime, caller: Credential, kind: ProposalKind, most: int, after: str = ""
) -> WaitingGroup:
    waits = {"state": "proposed"}
    proposals = await mongo.find(
        runtime.database,
        kind.state,
        {**waits, "_id": {"$gt": after}},
        sort=[("_id", 1)],
        limit=most + 1,
    )
    funds = await read_funds(runtime.database) if kind.path in COSTS else ()
    rows = [
        WaitingRow(
            id=proposal.id,
            maker=proposal.maker,
            digest=proposal.digest,
            lines=(
                *(line for line in kind.describe(proposal) if line[2]),
                *describe_share(proposal, funds),
            ),
            is_own=proposal.maker == caller.principal,
        )
        for proposal in proposals[:most]
    ]
    return WaitingGroup(
        path=kind.path,
        names=kind.names,
        count=await runtime.database[kind.state.COLLECTION].count_documents(waits),
        rows=rows,
        next=rows[-1].id if len(proposals) > most else "",
    )


@router.post(FINANCE_PATH + "/{kind}/{proposal_id}/{verdict}")
async def decide_proposal(
    kind: str,
    proposal_id: Identifier,
    verdict: Verdict,
    caller: Checker,
    request: Request,
    runtime: AuditRuntimeDep,
) -> Response:
    """By another person than proposed it, on what he was shown."""
    chosen = PROPOSALS.get(kind)
    if chosen is None:
        raise Denied(ENTRY_UNKNOWN.refusal(404))
    form = await read_form(request)
    data = (
        chosen.approve(proposal_id, form.get("digest", "-"))
        if verdict == "approve"
        else chosen.decline(proposal_id)
    )
    if isinstance(data, ApproveMonthClose):
        data = await build_approval(runtime, data.close_id, data.digest)
    answer = await execute_form(runtime, caller, form, data)
    if answer.status >= 400:
        return render_refusal(request, answer)
    return RedirectResponse(FINANCE_PATH, status_code=303)
