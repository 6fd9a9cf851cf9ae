"""账银核对: pledge, bank and ledger side by side, and what of one has no match in the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response

from services.audit.pages.finance import Reader
from services.audit.pages.proposal_forms import Texts
from services.audit.pages.proposing import FINANCE_PATH, PAGES
from services.audit.resources import AuditRuntimeDep
from services.audit.statements.reconciliation import (
    AGES,
    KIND_TITLES,
    TOTAL_TITLES,
    Kind,
    Reconciliation,
)
from services.audit.statements.views import reconcile
from services.audit.store import read_funds
from shared.documents import Document
from shared.web.staff import PageRouter

router = PageRouter()
RECONCILIATION_PATH = FINANCE_PATH + "/reconciliation"
GAPS_MAX = 100
WHAT_TO_DO: Mapping[Kind, Texts] = {
    "pledged_not_arrived": ("问捐赠方何时汇款，或撤回认捐", "ask when it comes, or withdraw it"),
    "arrived_not_pledged": (
        "无需办理：钱已入账，只是没有登记过认捐",
        "nothing to do: it is entered, no pledge was recorded",
    ),
    "listed_not_on_ledger": (
        "银行有、账上没有：看财务首页等待决定的",
        "the bank has it, the books have not: see what waits on the finance page",
    ),
    "on_ledger_not_listed": (
        "还没有导入列有它的对账单",
        "no statement that lists it was taken in yet",
    ),
}
AGE_TITLES: Mapping[str, Texts] = {
    **{age: (f"{age}天", f"{age} days") for age in AGES[:-1]},
    AGES[-1]: ("90天以上", "over 90 days"),
}


@dataclass(frozen=True, slots=True)
class KindRow:
    """ages: how many of which age, and their sum."""

    titles: Texts
    to_do: Texts
    count: int
    amount_fen: int
    ages: Sequence[tuple[Texts, int, int]]


@router.get(RECONCILIATION_PATH)
async def show_what_differs(
    _caller: Reader, request: Request, runtime: AuditRuntimeDep
) -> Response:
    now = await runtime.processor.now()
    compared = await reconcile(runtime.database, now, GAPS_MAX)
    names = {fund.id: fund.name for fund in await read_funds(runtime.database)}
    return PAGES.render_for(
        request, "reconciliation.html", **describe_reconciliation(compared, names)
    )


def describe_reconciliation(compared: Reconciliation, names: Mapping[str, str]) -> Document:
    """names: of funds, by id."""
    return {
        "now": compared.now,
        "checked": compared.checked,
        "funds": [
            (id_, names.get(id_, id_), compared.funds[id_]) for id_ in sorted(compared.funds)
        ],
        "totals": TOTAL_TITLES,
        "kinds": [_describe_kind(compared, kind) for kind in KIND_TITLES],
        "gaps": [(gap, (compared.now - gap.since).days) for gap in compared.list_oldest()],
        "titles": KIND_TITLES,
        "names": names,
        "gaps_max": GAPS_MAX,
    }


def _describe_kind(compared: Reconciliation, kind: Kind) -> KindRow:
    cells = [(AGE_TITLES[age], compared.ageing.get((kind, age))) for age in AGES]
    ages = [(titles, cell["count"], cell["amount_fen"]) for titles, cell in cells if cell]
    return KindRow(
        KIND_TITLES[kind],
        WHAT_TO_DO[kind],
        sum(count for _, count, _ in ages),
        sum(fen for _, _, fen in ages),
        ages,
    )
