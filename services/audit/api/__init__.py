"""Every way into audit by HTTP, one module per subject."""

from services.audit.api import corrections, designations, funds, health, log, receipts, statements

ROUTERS = tuple(
    part.router for part in (health, funds, corrections, statements, designations, receipts, log)
)
