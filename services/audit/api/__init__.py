"""Every way into audit by HTTP, one module per subject."""

from services.audit.api import corrections, designations, funds, log, receipts, statements

ROUTERS = tuple(
    part.router for part in (funds, corrections, statements, designations, receipts, log)
)
