"""Every way into audit by HTTP, one module per subject."""

from services.audit.api import (
    beginnings,
    corrections,
    funds,
    gift_questions,
    giving,
    health,
    history,
    invoices,
    log,
    looks,
    mandates,
    months,
    payables,
    receipts,
    searches,
    statements,
    stocks,
    vouchers,
    words,
)
from services.audit.pages import accounts as account_pages
from services.audit.pages import (
    disclosures,
    finance,
    ledger,
    paying,
    proposing,
    reconciling,
    searching,
    voucher_files,
)
from services.audit.pages import invoices as invoice_pages
from services.audit.pages import months as month_pages
from services.audit.pages import reports as report_pages
from services.audit.pages import statements as statement_pages
from services.audit.pages import stocks as stock_pages

SUBJECTS = (
    health,
    funds,
    mandates,
    words,
    corrections,
    months,
    payables,
    vouchers,
    beginnings,
    stocks,
    statements,
    gift_questions,
    searches,
    receipts,
    invoices,
    giving,
    log,
    looks,
    history,
)
ROUTERS = (
    *(subject.router for subject in SUBJECTS),
    receipts.link_router,
    mandates.link_router,
    ledger.router,
    paying.router,
    month_pages.router,
    account_pages.router,
    reconciling.router,
    disclosures.router,
    report_pages.router,
    invoice_pages.router,
    statement_pages.router,
    voucher_files.router,
    stock_pages.router,
    searching.router,
    finance.router,
    proposing.router,
)
