"""Every way into audit by HTTP, one module per subject."""

from services.audit.api import (
    corrections,
    funds,
    giving,
    health,
    history,
    log,
    mandates,
    receipts,
    statements,
    words,
)
from services.audit.pages import finance, ledger, proposing

SUBJECTS = (
    health,
    funds,
    mandates,
    words,
    corrections,
    statements,
    receipts,
    giving,
    log,
    history,
)
ROUTERS = (
    *(subject.router for subject in SUBJECTS),
    receipts.link_router,
    mandates.link_router,
    ledger.router,
    finance.router,
    proposing.router,
)
