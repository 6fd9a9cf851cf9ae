"""The log of actions says in words what staff did, and calls no two things by one name."""

import pytest

from shared.security import STAFF, Role
from shared.web.access import find_guard
from shared.web.action_names import NAMES, find_ending, name_action
from tests.support.services import SERVICES, not_started, operations

# Whoever signs in is known only afterwards.
SIGN_IN = "/sign-in"


def list_routes(service: str, roles: frozenset[Role]) -> list[str]:
    """Of what these may do, and not only read."""
    return [
        each.path
        for each in operations(not_started(service))
        if each.route and (guard := find_guard(each.route)) and guard.roles & roles
        if each.method not in ("GET", "HEAD", "OPTIONS")
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_staff_may_do_has_a_name(service: str) -> None:
    assert [route for route in list_routes(service, STAFF) if find_ending(route) is None] == []


def test_each_name_is_of_something_that_somebody_may_do() -> None:
    routes = [route for service in SERVICES for route in list_routes(service, frozenset(Role))]
    assert NAMES.keys() - set(map(find_ending, routes)) == {find_ending(SIGN_IN)}


@pytest.mark.parametrize(
    ("route", "name"),
    [
        ("/persons/{person_id}/export", "export a person's data"),
        ("/payment-orders/{order_id}/export", "export a payment order"),
        ("/desk/search", "search"),
        ("/audit/finance/search", "search for gifts"),
        ("/links/revoke", "revoke links"),
        ("/mandates/{mandate_id}/revoke", "revoke a mandate"),
        ("/desk/new", "record a request"),
        ("/meetings/new", "convene a joint meeting"),
        ("/staff/{holder}/remove", "remove from the register"),
        ("/cases/{request_id}/files/{attachment_id}/remove", "remove a photo or document"),
        ("/matches/{match_id}/reopen", "reopen"),
        ("/audit/finance/months/reopen", "propose to reopen a month"),
        ("/of/an/earlier/release", "POST /of/an/earlier/release"),
    ],
)
def test_what_ends_alike_and_is_another_thing_has_another_name(route: str, name: str) -> None:
    assert name_action("POST", route)[1] == name
