"""Every way into intake by HTTP but the providers' callbacks, one module per subject."""

from services.intake.api import (
    approvals,
    attachments,
    catalogue,
    judgement,
    links,
    listing,
    messages,
    overdue,
    people,
    persons,
    regular,
    requests,
    sessions,
    statistics,
    suggestions,
)

ROUTERS = (
    requests.router,
    listing.router,
    approvals.router,
    overdue.router,
    regular.router,
    attachments.router,
    messages.router,
    persons.router,
    people.router,
    suggestions.router,
    judgement.router,
    statistics.router,
    links.router,
    sessions.router,
    catalogue.router,
)
