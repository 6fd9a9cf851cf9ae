"""The page behind a donor's signed link: his gift as it stands on the public log.

No personal data: what, how much, to which fund, when, and how to check it without us.
"""

from collections.abc import Sequence

from fastapi.responses import HTMLResponse

from services.audit.ledger.receipts import Receipt, describe_receipt
from services.audit.tlog.checkpoint import Checkpoint
from shared.contracts.ledger import LedgerEntry
from shared.web.pages import Pages

PAGES = Pages("services.audit")


def render_receipt(
    entry: LedgerEntry, receipt: Receipt, vkeys: Sequence[str], file: str
) -> HTMLResponse:
    """file: where the receipt itself is, relative to the page."""
    rows = describe_receipt(entry, Checkpoint.unverified(receipt.checkpoint))
    return PAGES.render("receipt.html", rows=rows, vkeys=vkeys, file=file)


def render_receipt_pending(path: str) -> HTMLResponse:
    """path: of the page that will show it."""
    return PAGES.render("receipt_pending.html", status=503, path=path)
