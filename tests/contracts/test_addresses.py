"""The table of addresses: everything for people and programs is there, and nothing internal."""

import pytest

from shared.contracts.addresses import ADDRESSES, API, INTERNAL, Target, find_target
from shared.contracts.links import LINKS
from shared.web.links import LinkRoute
from shared.web.staff import PageRoute
from tests.support.services import SERVICES, address, not_started, operations


def is_internal(path: str) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in INTERNAL)


def is_for_outside(route: object, path: str) -> bool:
    return isinstance(route, PageRoute | LinkRoute) or path.startswith(("/callbacks/", "/log/"))


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_is_reachable_and_nothing_internal_is(service: str) -> None:
    """Programs find every route under /api/<service>/; pages and links stand where they are."""
    for operation in operations(not_started(service)):
        path = address(operation.path)
        expected = None if is_internal(path) else Target(service, path)
        assert find_target(f"{API}{service}{path}") == expected, path
        direct = find_target(path)
        if is_internal(path):
            assert direct is None, path
        elif is_for_outside(operation.route, path):
            assert direct == Target(service, path), path


def test_links_lead_where_the_table_of_links_says() -> None:
    for link in LINKS:
        assert find_target(link.path("dG9rZW4")) == Target(link.service, link.path("dG9rZW4"))


def test_the_first_page_is_itself_alone() -> None:
    assert find_target("/") == Target("intake", "/")
    assert find_target("/nothing") is None
    assert find_target("/homer") is None
    assert find_target("/api/") is None
    assert find_target("/api/elsewhere/requests") is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        "home",
        "//home",
        "/home//x",
        "/r/../internal/contacts",
        "/r/./x",
        "/r/%2e%2e/internal/contacts",
        "/r/..%2finternal",
        "/r/x%2F..%2F..%2Finternal",
        "/r/%252e%252e/x",
        "/%69nternal/contacts",
        "/api/intake/%69nternal/contacts",
        "/api/intake/../intake/internal/contacts",
        "/api/intake//internal/contacts",
        "/api/intake/internal/contacts",
        "/api/intake/internal",
        "/api/notify/metrics",
        "/api/audit/health/ready",
        "/metrics",
        "/internal/sessions",
        "/home\\..\\internal",
        "/home%00",
        "/home%0d%0aX: y",
        "/api/intake/\\internal",
    ],
)
def test_what_another_could_read_otherwise_goes_nowhere(path: str) -> None:
    assert find_target(path) is None


def test_words_in_other_scripts_are_plain() -> None:
    assert find_target("/api/audit/funds/%E8%8C%B6%E5%9B%AD") == Target(
        "audit", "/funds/%E8%8C%B6%E5%9B%AD"
    )


def test_rows_hide_no_other_row() -> None:
    for at, row in enumerate(ADDRESSES):
        first = next(each for each in ADDRESSES if each.holds(row.path))
        assert ADDRESSES.index(first) == at, row.path
