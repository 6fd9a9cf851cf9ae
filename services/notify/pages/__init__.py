"""Notify's pages for staff: whom to call, because no message reaches him; what notices say."""

from services.notify.pages import calls, wordings

ROUTERS = (calls.router, wordings.router)
