"""Every way into intake by HTTP but the providers' callbacks, one module per subject."""

from services.intake.api import links, persons, requests

ROUTERS = (requests.router, persons.router, links.router)
