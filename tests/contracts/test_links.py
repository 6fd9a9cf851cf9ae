"""The table of signed links and the pages that serve them say the same."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.contracts import links
from shared.contracts.links import LINKS, SignedLink
from tests.support.services import not_started, operations

START = datetime(2026, 5, 20, 8, tzinfo=UTC)


def test_purposes_and_paths_are_what_sent_links_say() -> None:
    assert {link.purpose: (link.service, link.template) for link in LINKS} == {
        "request": ("intake", "/r/{token}"),
        "match.donor": ("matching", "/d/{token}"),
        "proposals.donor": ("matching", "/p/{token}"),
        "match.applicant": ("matching", "/c/{token}"),
        "offer.menu": ("matching", "/m/{token}"),
        "gift.receipt": ("audit", "/g/{token}"),
        "mandate.donor": ("audit", "/a/{token}"),
    }


def test_no_two_links_share_a_purpose_or_a_path() -> None:
    assert len(links.BY_PURPOSE) == len(LINKS)
    assert len({link.segment for link in LINKS}) == len(LINKS)


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.purpose)
def test_its_service_serves_it(link: SignedLink) -> None:
    app = not_started(link.service)
    assert ("GET", link.template) in {(o.method, o.path) for o in operations(app)}


def test_a_link_lives_as_long_as_its_row_or_its_event_says() -> None:
    deadline = START + timedelta(days=3)
    assert links.DELIVERY.compute_end(START, deadline) == START + timedelta(days=30)
    assert links.PROPOSAL.compute_end(START, deadline) == deadline
    with pytest.raises(ValueError, match=r"match\.donor"):
        links.PROPOSAL.compute_end(START)


def test_paths_of_buttons_lie_below_the_page() -> None:
    assert links.PROPOSAL.route("accept") == "/d/{token}/accept"
    assert links.PROPOSAL.path("t", "accept") == "/d/t/accept"
