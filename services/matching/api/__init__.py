"""HTTP for staff and partners, one module per subject."""

from services.matching.api import (
    campaigns,
    consents,
    history,
    links,
    matches,
    offers,
    outlook,
    relations,
    rounds,
    words,
)

ROUTERS = (
    offers.router,
    matches.router,
    offers.menu_router,
    relations.router,
    campaigns.router,
    campaigns.emergency_router,
    matches.selection_router,
    rounds.router,
    rounds.explanation_router,
    links.router,
    consents.router,
    words.router,
    history.router,
    outlook.router,
)
