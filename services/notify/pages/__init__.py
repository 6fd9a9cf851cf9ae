"""Notify's pages for staff: whom to call, because no message reaches him."""

from services.notify.pages import calls

ROUTERS = (calls.router,)
