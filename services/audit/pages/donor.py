"""The pages behind a donor's signed links: his gift on the public log, and a mandate on his gifts.

No personal data. Of a gift: what, how much, to which fund, when, and how to check it without us.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from fastapi import Request
from fastapi.responses import HTMLResponse

from services.audit.invoices import InvoicedGift
from services.audit.ledger.receipts import Receipt, describe_receipt
from services.audit.model import Mandate
from services.audit.pages.ledger import split_name
from services.audit.pages.proposal_forms import Texts
from services.audit.pages.proposal_values import name_codes, name_towns
from services.audit.tlog.checkpoint import Checkpoint
from shared.contracts.ledger import LedgerEntry
from shared.contracts.values import MONEY_UNIT, format_yuan
from shared.dates import name_moment
from shared.towns import CITY_WIDE
from shared.web.pages import Pages

PAGES = Pages("services.audit")
ANY: Texts = ("不限", "any")
MANDATE_LABELS: Mapping[str, tuple[str, str]] = {
    "proposed": ("等待答复", "waiting for an answer"),
    "open": ("已生效", "in force"),
    "declined": ("未同意", "not given"),
    "revoked": ("已撤回", "withdrawn"),
}


def render_receipt(
    request: Request,
    entry: LedgerEntry,
    receipt: Receipt,
    vkeys: Sequence[str],
    file: str,
    entry_path: str,
    help_phone: str,
    invoiced: InvoicedGift | None = None,
    *,
    fund_name: str = "",
    is_undone: bool = False,
    refunded_fen: int = 0,
) -> HTMLResponse:
    """file: where the receipt itself is, relative to the page. entry_path: of the public page on
    which the donor's browser checks it. It proves the entry for ever: what became of the gift since
    (is_undone, refunded_fen) the page says. invoiced: the gift as its invoice says it, where it
    counts still."""
    checkpoint = Checkpoint.read_unverified(receipt.checkpoint)
    return PAGES.render(
        request,
        "receipt.html",
        rows=describe_receipt(entry, checkpoint, name_moment, fund_name),
        ids=(entry["subject"], checkpoint.origin),
        gift=invoiced.facts if invoiced else None,
        recipient=split_name(str(invoiced.facts["recipient"]))[0] if invoiced else "",
        invoice=invoiced.invoice if invoiced else None,
        is_undone=is_undone,
        refunded=format_yuan(refunded_fen) if refunded_fen else "",
        vkeys=vkeys,
        file=file,
        entry_path=entry_path,
        help_phone=help_phone,
    )


def render_receipt_pending(request: Request, path: str, help_phone: str) -> HTMLResponse:
    """path: of the page that will show it."""
    return PAGES.render(
        request, "receipt_pending.html", status=503, path=path, help_phone=help_phone
    )


def render_mandate(
    request: Request,
    mandate: Mandate,
    path: Callable[..., str],
    now: datetime,
    help_phone: str,
    fund_name: str = "",
) -> HTMLResponse:
    """path: of the page, and of its buttons. fund_name: empty where its id alone is known."""
    is_over = now >= mandate.valid_until
    return PAGES.render(
        request,
        "mandate.html",
        mandate=mandate,
        state=MANDATE_LABELS["revoked" if is_over and mandate.is_open else mandate.state],
        unit=MONEY_UNIT,
        limits=_list_limits(mandate),
        fund=fund_name or mandate.fund_id,
        may_give=mandate.asks_donor and mandate.state == "proposed" and not is_over,
        may_withdraw=mandate.state in ("proposed", "open"),
        path=path,
        help_phone=help_phone,
    )


def _list_limits(mandate: Mandate) -> list[tuple[str, str, Texts]]:
    """Chinese, English, and what is allowed, in words."""
    terms = mandate.terms
    return [
        ("用途", "For", name_codes(terms.categories) if terms.categories else ANY),
        ("镇街", "Where", name_towns(terms.town_codes or (CITY_WIDE,))),
        (
            "对象",
            "For whom",
            name_codes(terms.beneficiary_classes) if terms.beneficiary_classes else ANY,
        ),
    ]


def render_mandate_answered(
    request: Request, state: str, back: str, help_phone: str
) -> HTMLResponse:
    words = MANDATE_LABELS[state]
    return PAGES.render(
        request, "mandate_answered.html", state=words, back=back, help_phone=help_phone
    )
