"""Every way into intake by HTTP but the providers' callbacks, one module per subject."""

from services.intake.api import links, messages, people, persons, requests, sessions

ROUTERS = (
    requests.router,
    messages.router,
    persons.router,
    people.router,
    links.router,
    sessions.router,
)
