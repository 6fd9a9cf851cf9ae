"""Addresses that show a page: all that the services have, so that none is forgotten."""

import re
from collections.abc import Iterable

from shared.web.links import LinkRoute
from shared.web.staff import PageRoute
from tests.support.services import SERVICES, not_started, operations

# What a browser saves or draws, and what a script reads.
NO_PAGE = re.compile(r"\.(xlsx|csv|pdf|\{form\})$|/files/\{|/(file|receipt|offline|live)$")
# Only where somebody else's accounts are set up.
OF_PROVIDER = re.compile(r"/organisation(/|$)")
FIELD = re.compile(r"\{[^}]*\}")


def list_page_routes() -> list[str]:
    """Those without a field first: they are the ones that a path of both means."""
    found = {
        operation.path
        for service in SERVICES
        for operation in operations(not_started(service))
        if isinstance(operation.route, PageRoute | LinkRoute)
        and operation.method == "GET"
        and not NO_PAGE.search(operation.path)
        and not OF_PROVIDER.search(operation.path)
    }
    return sorted(found, key=lambda path: (len(FIELD.findall(path)), path))


def list_unseen(paths: Iterable[str]) -> list[str]:
    """Routes that no path leads to."""
    routes = {path: re.compile(FIELD.sub("[^/]+", path)) for path in list_page_routes()}
    seen = {
        next((route for route, form in routes.items() if form.fullmatch(path)), "")
        for path in {each.partition("?")[0] for each in paths}
    }
    return [route for route in routes if route not in seen]
