"""财务: what waits for a second person, the funds, and what was paid for nothing.

A checker approves what he reads: the form carries the digest of it (`Approval`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from services.audit import views
from services.audit.ledger.canonical import parse_entry
from services.audit.ledger.kinds import KINDS
from services.audit.messages import ENTRY_UNKNOWN
from services.audit.model import (
    ApproveFund,
    ApproveMandate,
    ApproveReversal,
    ApproveSecondPayment,
    ApproveTransfer,
    DeclineFund,
    DeclineMandate,
    DeclineReversal,
    DeclineSecondPayment,
    DeclineTransfer,
    Fund,
    Mandate,
    Proposal,
    Reversal,
    SecondPayment,
    Transfer,
)
from services.audit.model.mandate import DONOR_WORDS
from services.audit.pages.proposing import FINANCE_PATH, FORMS, PAGES, Texts
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from services.audit.store import read_funds
from shared import mongo
from shared.contracts.values import CHINA, LABELS, Identifier, Value
from shared.money import format_yuan
from shared.security import Credential, Role
from shared.towns import town_name
from shared.web.access import Denied, allow
from shared.web.forms import (
    execute_form,
    make_form_key,
    read_form,
)
from shared.web.staff import PageRouter, render_refusal

router = PageRouter()
SHOWN_MAX = 100

# Funds, gifts and entries are the whole city's.
Reader = Annotated[
    Credential,
    Depends(
        allow(Role.AUDITOR, Role.FINANCE_MAKER, Role.FINANCE_CHECKER, whole_city=True),
    ),
]
Checker = Annotated[Credential, Depends(allow(Role.FINANCE_CHECKER, whole_city=True))]

Verdict = Literal["approve", "decline"]
Line = tuple[str, str, str]
"""A fact of a proposal: what it is in Chinese and in English, and its value."""


# --- what waits -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProposalKind:
    """What two people decide on: its words, how to read it, and what the checker's buttons send."""

    path: str
    names: Texts
    state: type[Proposal]
    describe: Callable[[Any], Iterator[Line]]
    approve: Callable[[str, str], Value]
    decline: Callable[[str], Value]


def _describe_fund(fund: Fund) -> Iterator[Line]:
    yield "基金", "Fund", f"{fund.name}（{fund.id}）"
    yield "性质", "Kind", "限定性" if fund.restricted else "非限定性"
    yield "用途", "For", fund.terms.purpose
    yield from _describe_terms(fund.terms)


def _describe_terms(terms: Any) -> Iterator[Line]:
    """Of a fund's or a mandate's spending."""
    yield "限类别", "Categories", "、".join(LABELS[each] for each in terms.categories)
    yield "限困难类别", "Classes", "、".join(LABELS[each] for each in terms.beneficiary_classes)
    yield "限镇街", "Towns", "、".join(town_name(code) or code for code in terms.town_codes)


def _describe_mandate(mandate: Mandate) -> Iterator[Line]:
    yield "基金", "Fund", mandate.fund_id
    yield "金额上限", "At most", f"{format_yuan(mandate.sum_fen)} 元"
    yield "动用", "Of", "捐赠人给该基金的捐款" if mandate.asks_donor else "基金本身的钱"
    yield "捐赠人", "Donor", mandate.donor_id
    yield "由谁使用", "Used by", mandate.source or "任何登记的伙伴"
    yield "有效至", "Until", f"{mandate.valid_until.astimezone(CHINA):%Y-%m-%d}"
    yield "依据", "Document", mandate.reference
    if mandate.asks_donor:
        yield "捐赠人本人", "The donor himself", DONOR_WORDS[mandate.donor_word]
    yield from _describe_terms(mandate.terms)


def _describe_transfer(transfer: Transfer) -> Iterator[Line]:
    yield "从", "From", transfer.from_fund_id
    yield "到", "To", transfer.to_fund_id
    yield "金额", "Amount", f"{format_yuan(transfer.amount_fen)} 元"
    yield "依据", "Document", transfer.reference


def _describe_reversal(reversal: Reversal) -> Iterator[Line]:
    entry = parse_entry(reversal.leaf.encode())
    kind = KINDS.get(entry["kind"])
    yield "冲正的条目", "Entry", f"{reversal.reverses_log} #{reversal.reverses}"
    yield "原来记的", "What it was", kind.zh if kind else entry["kind"]
    yield "基金", "Fund", reversal.fund_id
    yield "依据", "Document", reversal.reference


def _describe_second_payment(second: SecondPayment) -> Iterator[Line]:
    yield "诉求", "Request", second.id
    yield "已付而未落实", "Paid for nothing", "、".join(second.fallen)
    yield "理由", "Reason", second.reason


PROPOSALS: Mapping[str, ProposalKind] = {
    kind.path: kind
    for kind in (
        ProposalKind(
            "funds",
            ("设立基金", "Open a fund"),
            Fund,
            _describe_fund,
            lambda id_, digest: ApproveFund(fund_id=id_, digest=digest),
            lambda id_: DeclineFund(fund_id=id_),
        ),
        ProposalKind(
            "mandates",
            ("授权用款", "A mandate"),
            Mandate,
            _describe_mandate,
            lambda id_, digest: ApproveMandate(mandate_id=id_, digest=digest),
            lambda id_: DeclineMandate(mandate_id=id_),
        ),
        ProposalKind(
            "transfers",
            ("基金之间划转", "A transfer"),
            Transfer,
            _describe_transfer,
            lambda id_, digest: ApproveTransfer(transfer_id=id_, digest=digest),
            lambda id_: DeclineTransfer(transfer_id=id_),
        ),
        ProposalKind(
            "reversals",
            ("冲正", "A reversal"),
            Reversal,
            _describe_reversal,
            lambda id_, digest: ApproveReversal(reversal_id=id_, digest=digest),
            lambda id_: DeclineReversal(reversal_id=id_),
        ),
        ProposalKind(
            "second-payments",
            ("再次拨付", "A second payment"),
            SecondPayment,
            _describe_second_payment,
            lambda id_, digest: ApproveSecondPayment(request_id=id_, digest=digest),
            lambda id_: DeclineSecondPayment(request_id=id_),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """is_own: proposed by the reader, so another decides."""

    path: str
    names: Texts
    id: str
    maker: str
    digest: str
    lines: tuple[Line, ...]
    is_own: bool


@router.get(FINANCE_PATH)
async def show_finance(caller: Reader, request: Request, runtime: AuditRuntimeDep) -> Response:
    return PAGES.render_for(
        request,
        "finance.html",
        waiting=await _list_waiting(runtime, caller),
        unsettled=await views.list_unsettled(runtime.database, SHOWN_MAX),
        funds=[fund for fund in await read_funds(runtime.database) if fund.is_open],
        may_check=Role.FINANCE_CHECKER in caller.roles,
        may_propose=Role.FINANCE_MAKER in caller.roles,
        forms=FORMS,
        key=make_form_key(),
    )


async def _list_waiting(runtime: AuditRuntime, caller: Credential) -> list[WaitingRow]:
    return [
        WaitingRow(
            path=kind.path,
            names=kind.names,
            id=proposal.id,
            maker=proposal.maker,
            digest=proposal.digest,
            lines=tuple(line for line in kind.describe(proposal) if line[2]),
            is_own=proposal.maker == caller.principal,
        )
        for kind in PROPOSALS.values()
        for proposal in await mongo.find(
            runtime.database,
            kind.state,
            {"state": "proposed"},
            sort=[("_id", 1)],
            limit=SHOWN_MAX,
        )
    ]


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
    answer = await execute_form(runtime, caller, form, data)
    if answer.status >= 400:
        return render_refusal(request, answer)
    return RedirectResponse(FINANCE_PATH, status_code=303)
