"""A giver's pages, each in the states that look different."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fastapi.responses import HTMLResponse

from services.matching.donor_menu import DonorMenu, OpenRequest, Source
from services.matching.giving import build_year
from services.matching.model.consent import ConsentTerms, StandingConsent, find_month
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.pages.consent import ConsentFacts, render_consent
from services.matching.pages.donor_menu import (
    Choice,
    Claimed,
    MenuFacts,
    render_donor_menu,
)
from services.matching.pages.givers import SIGN_IN, Giver
from services.matching.pages.giving import render_certificate, render_giving
from services.matching.pages.partner import PartnerFacts, describe_on_page, render_partner
from services.matching.pages.preferences import render_preference
from services.matching.pages.proposals import render_proposals
from services.matching.proposals import Outcome
from shared.contracts.events import Finding, RecordAnswered
from shared.contracts.values import Category
from shared.errors import Problem, refuse
from shared.giving_client import FundUse, Gift, Giving
from shared.messaging.feedback import Refusal
from shared.security import Role
from tests.support.readers import make_reader

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
CHASHAN = "441900103"
HELP_PHONE = "12345"


def render_giver_samples(waiting: Match, words: str, token: str) -> Mapping[str, HTMLResponse]:
    """waiting: a proposal of what is given. words: what somebody wrote."""
    giver = Giver.of_link(make_reader(path=f"/p/{token}"), "P-donor", token)
    rows = [waiting.model_copy(update={"id": f"{waiting.id}{n}", "quantity": n}) for n in (1, 2)]
    problem = Problem(code="match_expired", zh=words, en=words)
    outcome = Outcome("accept", ("M-1",), ((waiting, problem),))
    return {
        "proposals": render_proposals(rows, giver, HELP_PHONE),
        "proposals_answered": render_proposals(rows[:1], giver, HELP_PHONE, outcome),
        "proposals_empty": render_proposals([], giver, HELP_PHONE),
        **_render_giving(rows, giver, words),
        **_render_donor_menus(rows[0], giver, words),
        **_render_sign_in(words),
        "giver_notices": render_preference(giver, "sms", "en", is_done=True),
        "giver_notices_wrong": render_preference(
            giver, None, "zh", [Problem(code="preference_unreachable", zh=words, en=words)]
        ),
        **_render_consents(rows, giver, words),
        **_render_partner(rows, words),
    }


def _render_partner(rows: Sequence[Match], words: str) -> Mapping[str, HTMLResponse]:
    reader = make_reader(Role.DONOR_PARTNER)
    offer = make_offer(rows[0])
    ended = offer.model_copy(update={"valid_until": NOW - timedelta(days=1)})
    offers = [
        offer,
        ended,
        *(offer.model_copy(update={"state": s}) for s in ("paused", "withdrawn")),
    ]
    finding = Finding(code="any", field="quantity", zh=words, en=words)
    record = RecordAnswered(
        record_topic="t", partition=0, offset=1, outcome="refused", problems=(finding,)
    )
    named = record.model_copy(update={"message_id": "offer-1"})
    facts = PartnerFacts(
        [describe_on_page(each, NOW) for each in offers],
        rows,
        [Refusal(NOW, record), Refusal(NOW, named)],
    )
    refused = refuse(409, Problem(code="offer_withdrawn", zh=words, en=words))
    return {
        "partner": render_partner(reader, facts),
        "partner_refused": render_partner(reader, facts, refused),
        "partner_empty": render_partner(reader, PartnerFacts((), (), ())),
    }


def _render_donor_menus(match: Match, giver: Giver, words: str) -> Mapping[str, HTMLResponse]:
    """Two requests, of which one may be given from two offers; and nothing to give from."""
    offer = make_offer(match)
    need = Need(
        id=match.request_id,
        person_id=match.person_id,
        category=match.category,
        beneficiary_class=match.beneficiary_class,
        tier=1,
        town_code=match.town_code,
        unit=match.unit,
        item=match.item,
        quantity=6,
        matches={match.id: 2},
        recorded_at=NOW - timedelta(days=9),
    )
    one, two = Source(offer, 4), Source(offer.model_copy(update={"id": "O-other"}), 3)
    menu = DonorMenu(
        (OpenRequest(need, (one,)), OpenRequest(need, (one, two))),
        "1.2.R-3",
        {
            CHASHAN: 2,
            "441900101": 7,
            "441900000": 1,
        },
    )
    choice = Choice("meals", "茶山镇", words, "urgent")
    facts = MenuFacts(menu, choice, True, False, NOW, HELP_PHONE)
    problem = Problem(code="quantity_wrong", zh=words, en=words)
    empty = replace(facts, menu=DonorMenu((), None, {}), problems=(problem,), is_first=False)
    return {
        "donor_menu": render_donor_menu(facts, giver),
        "donor_menu_claimed": render_donor_menu(
            replace(facts, claimed=Claimed(150, "fen", "", "committed")), giver
        ),
        "donor_menu_empty": render_donor_menu(empty, giver),
        "donor_menu_none": render_donor_menu(replace(empty, may_claim=False), giver),
        "donor_menu_pushed": render_donor_menu(
            replace(empty, may_claim=False, is_pushed=True), giver
        ),
    }


def _render_sign_in(words: str) -> Mapping[str, HTMLResponse]:
    visitor = make_reader(path="/giver/sign-in")
    problem = Problem(code="sign_in_code_wrong", zh=words, en=words)
    return {
        "giver_sign_in": SIGN_IN.render(visitor, typed=words, problems=(problem,)),
        "giver_code": SIGN_IN.render(visitor, phone=words, ticket=words),
    }


def _render_consents(rows: Sequence[Match], giver: Giver, words: str) -> Mapping[str, HTMLResponse]:
    """Standing, with what it did; ended; and what was typed wrongly."""
    terms = ConsentTerms(
        categories=(Category.MEALS, Category.SUPPLIES),
        town_codes=(CHASHAN,),
        request_fen=50_000,
        month_fen=300_000,
        month_cases=20,
        valid_until=NOW + timedelta(days=180),
    )
    consent = StandingConsent(
        id="S-1", donor_id="P-donor", terms=terms, given_at=NOW, month=find_month(NOW), month_fen=9
    )
    used = [row.model_copy(update={"by_consent": "donor"}) for row in rows]
    ended = consent.end(NOW)
    typed = {"month_yuan": [words], "category": ["meals"], "months": ["6"]}
    problem = Problem(code="consent_empty", zh=words, en=words)
    return {
        "consent": render_consent(ConsentFacts(consent, used, NOW, HELP_PHONE), giver),
        "consent_none": render_consent(ConsentFacts(ended, [], NOW, HELP_PHONE), giver),
        "consent_wrong": render_consent(
            ConsentFacts(None, [], NOW, HELP_PHONE), giver, typed, [problem]
        ),
    }


def _render_giving(rows: Sequence[Match], giver: Giver, words: str) -> Mapping[str, HTMLResponse]:
    """One arrived and was rated, one is under way."""
    confirmed = {"state": "confirmed", "confirmed_at": NOW, "stars": 5}
    matches = [
        rows[0].model_copy(update=confirmed),
        rows[1].model_copy(update={"state": "committed"}),
    ]
    year, nothing = build_year(matches, NOW.year), build_year([], NOW.year)
    offers = [make_offer(rows[0])]
    return {
        "giving": render_giving(
            year, [NOW.year, 2025], offers, 2, giver, HELP_PHONE, _make_gifts(matches, words)
        ),
        "giving_alone": render_giving(year, [NOW.year], [], 0, giver, HELP_PHONE, None),
        "giving_empty": render_giving(nothing, [NOW.year], [], 0, giver, HELP_PHONE),
        "certificate": render_certificate(year, NOW, giver),
        "certificate_empty": render_certificate(nothing, NOW, giver),
    }


def _make_gifts(matches: Sequence[Match], words: str) -> Giving:
    """As it came; partly given back; undone. Of one match the entry is known."""
    gift = Gift(
        "2026-03-02",
        words,
        "fen",
        "",
        1_200_000,
        0,
        False,
        "/ledger/2026/entries/3",
        "/log/2026/proof/3",
    )
    return Giving(
        (
            gift,
            replace(gift, refunded_fen=2_000),
            replace(gift, unit="床", item=words, quantity=30, undone=True),
        ),
        (FundUse(words, 2_400_000, 900_000, 1_500_000),),
        {matches[0].id: "/ledger/2026/entries/12"},
    )


def make_offer(match: Match) -> Offer:
    return Offer(
        id=match.offer_id,
        donor_id=match.donor_id,
        source=match.source,
        unit=match.unit,
        item=match.item,
        quantity=10,
        registered_at=NOW,
    )
