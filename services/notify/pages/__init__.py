"""Notify's pages: for staff what was sent, whom no message reaches, what notices say; for everybody
what one consents to inside WeChat."""

from services.notify.pages import calls, notices, subscribe, wordings

ROUTERS = (calls.router, notices.router, subscribe.router, wordings.router)
