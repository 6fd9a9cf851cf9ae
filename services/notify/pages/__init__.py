"""Notify's pages for staff: what was sent, whom no message reaches, what notices say."""

from services.notify.pages import calls, notices, wordings

ROUTERS = (calls.router, notices.router, wordings.router)
