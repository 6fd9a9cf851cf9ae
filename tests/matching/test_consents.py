"""A standing consent says yes within its terms, never beyond a month's sum, and ends at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.model.consent import (
    ConsentTerms,
    EndConsent,
    GiveConsent,
    StandingConsent,
    build_consent_id,
)
from services.matching.model.donor_digest import DonorDigest, SendDonorDigest
from services.matching.model.match import GiveUpMatch, Match
from services.matching.model.match_id import build_match_id
from services.matching.model.relations import DeclareRelation
from shared.contracts.events import (
    ConsentEnded,
    ConsentGiven,
    ConsentUsed,
    LedgerCommitted,
    LedgerRefused,
    MandateRevoked,
    MatchAccepted,
    MatchProposed,
    PersonLinksRevoked,
    ProposalsGathered,
    StandingLimits,
)
from shared.contracts.values import CHINA
from shared.revocations import LinkRevocation
from tests.matching.decisions import (
    FUND,
    DecisionHarness,
    make_granted,
    make_ledger_answer,
    make_propose,
    make_submitted,
    person_id,
    request_id,
)
from tests.matching.test_decide_namesakes import NAME

DONOR = "P-donor"
LINK = "link:proposals.donor"
CHASHAN = "441900103"


class ConsentHarness(DecisionHarness):
    """One donor with money of a fund, and requests that differ by name."""

    def __init__(self, **terms: Any) -> None:
        super().__init__()
        self.money = self.offer(quantity=100_000, fund_id=FUND)
        if terms:
            self.give(**terms)

    def give(self, days: float = 90, **terms: Any) -> int:
        valid_until = self.now + timedelta(days=days)
        data = GiveConsent(donor_id=DONOR, terms=ConsentTerms(valid_until=valid_until, **terms))
        answer = self.command(data, principal=LINK)
        assert answer is not None
        return answer.status

    def ask(self, name: str, quantity: int, offer: str = "", number: int = 1, **need: Any) -> Match:
        """A round proposes so much of the money, or of another offer, for a request."""
        if number == 1:
            self.need(name, need.pop("asked", quantity), **need)
        offer = offer or self.money
        answer = self.command(make_propose(request_id(name), offer, quantity, number))
        assert answer is not None
        assert answer.status == 201, answer.body
        return self.match(build_match_id(request_id(name), offer, number))

    @property
    def consent(self) -> StandingConsent:
        return self.get(StandingConsent, build_consent_id("donor", DONOR))


def test_what_lies_within_its_terms_is_accepted_by_itself_and_told_of_together() -> None:
    harness = ConsentHarness(request_fen=500, month_fen=1000)
    states = [harness.ask(f"r{n}", 300).state for n in range(4)]
    assert states == ["accepted", "accepted", "accepted", "proposed"]
    accepted = [fact for _, fact in harness.facts if isinstance(fact, MatchAccepted)]
    assert [fact.by_consent for fact in accepted] == ["donor"] * 3
    proposed = [fact for _, fact in harness.facts if isinstance(fact, MatchProposed)]
    assert all(fact.is_quiet for fact in proposed)

    digest = harness.get(DonorDigest, DONOR)
    assert digest.due_at is not None
    harness.now = digest.due_at
    harness.command(SendDonorDigest(aggregate_id=DONOR, due_at=digest.due_at, waiting=1))
    [used] = [fact for _, fact in harness.facts if isinstance(fact, ConsentUsed)]
    [asked] = [fact for _, fact in harness.facts if isinstance(fact, ProposalsGathered)]
    assert (used.count, used.kind, asked.count) == (3, "donor", 1)
    assert harness.get(DonorDigest, DONOR).consented == 0


def test_what_it_accepted_alone_is_told_of_too() -> None:
    harness = ConsentHarness(request_fen=500, month_fen=1000)
    harness.ask("r", 300)
    due_at = harness.get(DonorDigest, DONOR).due_at
    assert due_at is not None
    harness.now = due_at
    harness.command(SendDonorDigest(aggregate_id=DONOR, due_at=due_at, waiting=0))
    assert isinstance(harness.last(), ConsentUsed)


@pytest.mark.parametrize(
    ("terms", "need"),
    [
        ({"request_fen": 299, "month_fen": 1000}, {}),
        ({"request_fen": 500, "month_fen": 299}, {}),
        ({"request_fen": 500, "month_fen": 1000, "categories": ("meals",)}, {}),
        ({"request_fen": 500, "month_fen": 1000, "town_codes": (CHASHAN,)}, {}),
        ({"month_cases": 5}, {}),
    ],
)
def test_beyond_its_terms_the_donor_is_asked(terms: dict[str, Any], need: dict[str, Any]) -> None:
    harness = ConsentHarness(**terms)
    assert harness.ask("r", 300, **need).state == "proposed"


def test_to_one_request_all_that_the_donor_gives_is_added_up() -> None:
    """By another offer of his, or in another round."""
    harness = ConsentHarness(request_fen=500, month_fen=5000)
    other = harness.offer("b", quantity=100_000, fund_id=FUND)
    assert harness.ask("r", 300, asked=2000).state == "accepted"
    assert harness.ask("r", 201, offer=other, number=2).state == "proposed"
    assert harness.ask("r", 200, number=3).state == "proposed"
    assert harness.ask("another", 500).state == "accepted"


def test_goods_and_time_are_counted_by_the_request() -> None:
    harness = ConsentHarness(month_cases=2)
    rice = harness.offer("rice", quantity=100, unit="袋", item="大米")
    kind: dict[str, Any] = {"unit": "袋", "item": "大米"}
    states = [harness.ask(f"r{n}", 5, offer=rice, **kind).state for n in range(3)]
    assert states == ["committed", "committed", "proposed"]
    assert harness.ask("money", 1).state == "proposed"


def test_a_month_is_one_of_chinas_calendar() -> None:
    harness = ConsentHarness()
    harness.now = datetime(2026, 1, 31, 15, 59, tzinfo=UTC)
    harness.give(request_fen=500, month_fen=500)
    assert harness.ask("r1", 500).state == "accepted"
    assert harness.ask("r2", 500).state == "proposed"
    harness.now = datetime(2026, 1, 31, 16, 0, tzinfo=UTC)
    assert harness.ask("r3", 500).state == "accepted"
    harness.now = datetime(2026, 1, 31, 15, 0, tzinfo=UTC)
    assert harness.ask("r4", 500).state == "proposed", "a clock that goes back begins no month"


def test_what_falls_through_is_given_back_to_its_own_month() -> None:
    harness = ConsentHarness(request_fen=500, month_fen=500)
    first = harness.ask("r1", 500)
    harness.event(first.id, make_ledger_answer(LedgerRefused, 500))
    assert harness.match(first.id).state == "released"
    assert harness.consent.month_fen == 0
    second = harness.ask("r2", 500, offer=harness.offer("b", quantity=1000, fund_id="other"))
    assert second.state == "accepted"
    harness.event(second.id, make_ledger_answer(LedgerCommitted, 500, "other"))
    harness.advance(40 * 86_400)
    third = harness.ask("r3", 400)
    assert (third.state, harness.consent.month_fen) == ("accepted", 400)
    harness.command(GiveUpMatch(match_id=second.id))
    assert harness.consent.month_fen == 400


def test_it_ends_at_once_and_is_given_anew_with_the_month_as_it_stands() -> None:
    harness = ConsentHarness(request_fen=500, month_fen=500)
    harness.ask("r1", 400)
    harness.command(EndConsent(donor_id=DONOR), principal=LINK)
    harness.command(EndConsent(donor_id=DONOR), principal=LINK)
    assert harness.ask("r2", 100).state == "proposed"
    harness.give(request_fen=500, month_fen=500)
    assert harness.ask("r3", 101).state == "proposed"
    assert harness.ask("r4", 100).state == "accepted"
    names = [type(fact) for _, fact in harness.facts]
    assert (names.count(ConsentGiven), names.count(ConsentEnded)) == (2, 1)


def test_whoever_has_the_link_fills_no_phone_by_giving_it_again_and_again() -> None:
    harness = ConsentHarness()
    terms: dict[str, int] = {"request_fen": 500, "month_fen": 500}
    assert [harness.give(**terms) for _ in range(4)] == [200, 200, 200, 409]
    harness.command(EndConsent(donor_id=DONOR), principal=LINK)
    assert harness.ask("r", 100).state == "proposed"
    harness.advance(86_400)
    assert harness.give(**terms) == 200


def test_it_lasts_no_longer_than_it_says_nor_than_a_year() -> None:
    harness = ConsentHarness(days=1, request_fen=500, month_fen=5000)
    harness.advance(86_399)
    assert harness.ask("r1", 100).state == "accepted"
    harness.advance(1)
    assert harness.ask("r2", 100).state == "proposed"
    assert harness.give(days=367, request_fen=500, month_fen=500) == 422
    assert harness.give(days=0, request_fen=500, month_fen=500) == 422
    assert harness.give(days=9, request_fen=500) == 422
    assert harness.give(days=9) == 422


def test_it_ends_with_the_links_that_it_was_given_by() -> None:
    """Somebody else had his phone, or he was erased."""
    harness = ConsentHarness(request_fen=500, month_fen=5000)
    harness.event(DONOR, PersonLinksRevoked())
    assert harness.ask("r1", 100).state == "proposed"
    seen = harness.consent.end_with_links(harness.get(LinkRevocation, DONOR))
    assert not seen.is_on(harness.now), "his page says so too"
    harness.advance(1)
    harness.give(request_fen=500, month_fen=5000)
    assert harness.ask("r2", 100).state == "accepted"


def test_it_carries_no_money_that_no_mandate_carries() -> None:
    harness = ConsentHarness(request_fen=500, month_fen=5000)
    mandate = f"A-{FUND}-{DONOR}"
    granted = harness.ask("r1", 100)
    assert granted.mandate_id == mandate
    revoked = MandateRevoked(
        fund_id=FUND, donor_id=DONOR, covers="fund", sum_fen=1, valid_until=harness.now
    )
    harness.event(mandate, revoked)
    harness.need("r2", 100)
    answer = harness.command(make_propose(request_id("r2"), harness.money, 100))
    assert answer is not None
    assert answer.status == 409


def test_a_fund_gives_by_itself_under_the_mandate_that_two_people_gave() -> None:
    """Within its sums and towns; whose name it bears is told of it, and one ends it."""
    harness = ConsentHarness()
    submitted = make_submitted(fund_id="own", mandate_id="A-own", quantity=10_000)
    limits = StandingLimits(request_fen=500, month_fen=900)
    granted = make_granted(submitted, standing=limits, source="desk")
    harness.event("A-own", granted)
    offer = harness.offer("own", quantity=10_000, fund_id="own", mandate_id="A-own")
    states = [harness.ask(f"r{n}", fen, offer=offer).state for n, fen in enumerate((501, 500, 401))]
    assert states == ["proposed", "accepted", "proposed"]
    assert harness.ask("of another fund", 100).state == "proposed"
    [accepted] = [fact for _, fact in harness.facts if isinstance(fact, MatchAccepted)]
    assert (accepted.by_consent, accepted.mandate_id) == ("fund", "A-own")
    assert harness.get(DonorDigest, DONOR).by_fund == 1
    harness.event(accepted_id(harness), make_ledger_answer(LedgerRefused, 500, "own"))
    consent = harness.get(StandingConsent, build_consent_id("fund", "A-own"))
    assert consent.month_fen == 0
    harness.event("A-own", MandateRevoked(**granted.model_dump(exclude={"on_word", "said_to"})))
    ended = harness.get(StandingConsent, build_consent_id("fund", "A-own"))
    assert not ended.is_on(harness.now)


def accepted_id(harness: DecisionHarness) -> str:
    [id_] = [id_ for id_, fact in harness.facts if isinstance(fact, MatchAccepted)]
    return id_


def test_another_donors_consent_says_nothing() -> None:
    harness = ConsentHarness(request_fen=500, month_fen=5000)
    other = harness.offer("b", quantity=1000, fund_id=FUND, donor_id="P-other")
    assert harness.ask("r", 100, offer=other).state == "proposed"


def test_whoever_is_called_like_a_related_party_is_checked_first() -> None:
    harness = ConsentHarness(request_fen=500, month_fen=5000)
    harness.need("first", name_id=NAME)
    declaration = DeclareRelation(fund_id=FUND, person_id=person_id("first"), tie="relative")
    harness.command(declaration, "maker")
    match = harness.ask("second", 100, name_id=NAME)
    assert (match.state, match.waits_for) == ("proposed", "namesake")


Steps = st.lists(
    st.tuples(st.sampled_from(["ask", "refuse", "give_up", "later"]), st.integers(1, 400)),
    min_size=1,
    max_size=30,
)


@given(Steps, st.integers(1, 500), st.integers(1, 900))
@settings(max_examples=60, deadline=None)
def test_no_order_of_things_passes_a_limit(
    steps: list[tuple[str, int]], request_fen: int, month_fen: int
) -> None:
    """What stands of a month is never more than its sum, and what it counts is what stands."""
    harness = ConsentHarness(days=365, request_fen=request_fen, month_fen=month_fen)
    for number, (step, size) in enumerate(steps):
        accepted = [each for each in harness.states.values() if isinstance(each, Match)]
        accepted = [each for each in accepted if each.state == "accepted"]
        if step == "ask":
            offer = harness.offer(f"o{number}", quantity=size, fund_id=f"fund-{number}")
            harness.ask(f"r{number}", size, offer=offer)
        elif step == "later":
            harness.advance(size * 3600)
        elif accepted:
            match = accepted[size % len(accepted)]
            kind = LedgerRefused if step == "refuse" else LedgerCommitted
            harness.event(match.id, make_ledger_answer(kind, match.quantity, match.fund_id or ""))
            if step == "give_up":
                harness.command(GiveUpMatch(match_id=match.id))
        check_month(harness, request_fen, month_fen)


def check_month(harness: ConsentHarness, request_fen: int, month_fen: int) -> None:
    months: dict[str, int] = {}
    for match in harness.states.values():
        if isinstance(match, Match) and match.by_consent and match.state != "released":
            assert match.quantity <= request_fen
            month = f"{match.proposed_at.astimezone(CHINA):%Y-%m}"
            months[month] = months.get(month, 0) + match.quantity
    assert all(fen <= month_fen for fen in months.values())
    consent = harness.consent
    assert consent.month_fen == months.get(consent.month, 0)
