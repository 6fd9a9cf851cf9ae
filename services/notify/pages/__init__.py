"""Notify's pages: for staff notices sent, calls to make, texts of notices; for everybody
what one consents to inside WeChat."""

from services.notify.pages import calls, notices, subscribe, wordings

ROUTERS = (calls.router, notices.router, subscribe.router, wordings.router)
