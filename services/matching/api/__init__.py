"""HTTP for staff and partners, one module per subject."""

from services.matching.api import (
    campaigns,
    delivery,
    emergencies,
    explanations,
    matches,
    menu,
    offers,
    relations,
    rounds,
    selection,
)

ROUTERS = (
    offers.router,
    matches.router,
    delivery.router,
    menu.router,
    relations.router,
    campaigns.router,
    emergencies.router,
    selection.router,
    rounds.router,
    explanations.router,
)
