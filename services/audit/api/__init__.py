"""Every way into audit by HTTP, one module per subject."""

from services.audit.api import corrections, designations, funds, health, log, receipts, statements

ROUTERS = (
    *(p.router for p in (health, funds, corrections, statements, designations, receipts, log)),
    receipts.link_router,
)
