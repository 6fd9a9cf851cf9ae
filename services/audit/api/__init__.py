"""Every way into audit by HTTP, one module per subject."""

from services.audit.api import (
    corrections,
    designations,
    funds,
    health,
    log,
    payments,
    receipts,
    statements,
)

ROUTERS = (
    *(
        part.router
        for part in (
            health,
            funds,
            corrections,
            payments,
            statements,
            designations,
            receipts,
            log,
        )
    ),
    receipts.link_router,
)
