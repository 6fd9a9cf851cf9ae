"""No interleaving reserves more than an offer has, or gives a need more than it asks.

The model beside it (told.py) reads the events alone, as another service would.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from services.matching.model.campaign import Campaign
from services.matching.model.labels import REOPEN_REASONS
from services.matching.model.match import (
    AcceptMatch,
    ClaimNeed,
    ConfirmMatch,
    DeclineMatch,
    DeliverMatch,
    GiveUpMatch,
    MatchCommand,
    ProposalDue,
    RateMatch,
    ReleaseMatch,
    ReopenMatch,
)
from services.matching.model.match_id import build_match_id
from services.matching.model.need import Need
from services.matching.model.offer import (
    ChangeOffer,
    Offer,
    OfferCommand,
    OfferTerms,
    PauseOffer,
    ResumeOffer,
    WithdrawOffer,
)
from services.matching.model.relations import DeclareRelation
from shared.contracts.events import (
    LedgerCommitted,
    LedgerRefused,
    MatchConfirmed,
    PaymentSettled,
    RequestWithdrawn,
)
from shared.errors import Invalid
from tests.matching.contract_reader import GONE, HOLDING, ContractReader
from tests.matching.decisions import (
    FUND,
    LIFETIME_S,
    NO_CAPACITY,
    DecisionHarness,
    make_campaign,
    make_ledger_answer,
    make_propose,
    make_reversal,
    person_id,
)
from tests.support.examples import count_examples

BUDGET_FEN = 90
CASES_MAX = 3
# A withdrawal ends much: too many and nothing else would ever happen.
seldom = st.sampled_from((False, False, False, False, False, True))


class Interleavings(RuleBasedStateMachine):
    matches = Bundle("matches")

    def __init__(self) -> None:
        super().__init__()
        self.decisions = DecisionHarness()
        self.reader = ContractReader()
        self.told = self.reader.matches
        self.related: set[str] = set()
        self.reversed: dict[str, int] = {}
        self.settled: set[str] = set()

    @initialize(
        quantities=st.lists(st.integers(20, 100), min_size=2, max_size=3),
        caps=st.lists(st.none() | st.integers(1, 60), min_size=3, max_size=3),
        asked=st.lists(st.integers(20, 100), min_size=2, max_size=3),
    )
    def open(self, quantities: list[int], caps: list[int | None], asked: list[int]) -> None:
        self.size, self.cap, self.donor = {}, {}, {}
        # of the first donor's offers, money and goods; the other's is in none
        self.decisions.command(make_campaign(BUDGET_FEN, "P-0"))
        for n, (quantity, cap) in enumerate(zip(quantities, caps, strict=False)):
            unit = {"unit": "袋", "item": "大米"} if n == 2 else {"fund_id": FUND}
            unit |= {"campaign_id": "warm"} if n != 1 else {}
            donor = f"P-{n % 2}"
            cases = CASES_MAX if n == 1 else None
            id_ = self.decisions.offer(
                str(n),
                quantity,
                cap_per_request=cap,
                cases_max=cases,
                donor_id=donor,
                mode="both",
                **unit,
            )
            self.size[id_], self.cap[id_], self.donor[id_] = quantity, cap, donor
        self.asked = {}
        for n, quantity in enumerate(asked):
            unit = {"unit": "袋", "item": "大米"} if n == 2 else {}
            self.asked[self.decisions.need(str(n), quantity, **unit)] = quantity
        self.numbers = dict.fromkeys(self.asked, 0)

    def _listen(self) -> None:
        """Reads the new events as another service would."""
        for fact in self.reader.read(self.decisions.facts):
            paid = isinstance(fact, MatchConfirmed) and fact.unit == "fen"
            assert not (paid and fact.person_id in self.related and fact.fund_id == FUND)

    # --- what may happen, in any order ---

    @rule(target=matches, data=st.data(), quantity=st.integers(1, 40), stale=seldom)
    def propose(self, data: st.DataObject, quantity: int, stale: bool) -> object:
        request = data.draw(st.sampled_from(sorted(self.asked)))
        offer = data.draw(st.sampled_from(sorted(self.size)))
        number = max(1, self.numbers[request] + (0 if stale else 1))
        answer = self.decisions.command(make_propose(request, offer, quantity, number))
        assert answer is not None
        if answer.status != 201:
            return multiple()
        return self._stands(request, offer, number)

    def _stands(self, request: str, offer: str, number: int) -> str:
        """What nobody may have let through."""
        assert (request, self.donor[offer]) not in self.reader.refused, "asked again"
        held = self.decisions.get(Offer, offer)
        assert held.cases_max is None or held.open_cases <= held.cases_max
        kept_out = self.decisions.get(Need, request).person_id in self.related
        assert not (kept_out and held.fund_id == FUND), "a related party"
        self.numbers[request] = number
        return build_match_id(request, offer, number)

    @rule(target=matches, data=st.data(), quantity=st.integers(1, 40))
    def claim(self, data: st.DataObject, quantity: int) -> object:
        request = data.draw(st.sampled_from(sorted(self.asked)))
        offer = data.draw(st.sampled_from(sorted(self.size)))
        said = ClaimNeed(request_id=request, offer_id=offer, quantity=quantity)
        answer = self.decisions.command(said)
        assert answer is not None
        if answer.status != 201:
            return multiple()
        return self._stands(request, offer, self.numbers[request] + 1)

    @rule(data=st.data(), quantity=st.integers(1, 120))
    def donor_changes_his_offer(self, data: st.DataObject, quantity: int) -> None:
        offer = data.draw(st.sampled_from(sorted(self.size)))
        held = self.decisions.get(Offer, offer)
        terms = OfferTerms(quantity=quantity)
        try:
            answer = self.decisions.command(ChangeOffer(offer_id=offer, terms=terms))
        except Invalid:
            assert quantity < held.reserved + held.delivered
            return
        assert answer is not None
        if answer.status == 200:
            self.size[offer] = quantity

    @rule(data=st.data(), kind=st.sampled_from((PauseOffer, ResumeOffer, ResumeOffer)))
    def pauses(self, data: st.DataObject, kind: type[OfferCommand]) -> None:
        self.decisions.command(kind(offer_id=data.draw(st.sampled_from(sorted(self.size)))))

    @rule(really=seldom)
    def somebody_is_a_related_party(self, really: bool) -> None:
        if really:
            self.related.add(person_id("0"))
            relation = DeclareRelation(fund_id=FUND, person_id=person_id("0"), tie="relative")
            self.decisions.command(relation, principal="maker")

    @rule(match=matches, kind=st.sampled_from((AcceptMatch, DeliverMatch, ConfirmMatch)))
    def handle(self, match: str, kind: type[MatchCommand]) -> None:
        self.decisions.command(kind(match_id=match))

    @rule(match=matches)
    def goes_all_the_way(self, match: str) -> None:
        """Alone, the steps in their order would hardly ever be found."""
        self.handle(match, AcceptMatch)
        self.fund_answers(match, committed=True)
        self.handle(match, DeliverMatch)
        self.handle(match, ConfirmMatch)

    @rule(match=matches)
    def did_not_arrive(self, match: str) -> None:
        self.decisions.command(ReopenMatch(match_id=match, reason=REOPEN_REASONS[0]))

    @rule(match=matches)
    def payment_is_reversed(self, match: str) -> None:
        found = self.decisions.match(match)
        if found.is_money and found.state == "reopened" and match not in self.reversed:
            self.reversed[match] = found.quantity
            self.settled.add(match)
            self.decisions.event(f"V-{match}", make_reversal(match, found.quantity))

    @rule(match=matches)
    def two_people_allow_a_second_payment(self, match: str) -> None:
        found = self.decisions.match(match)
        if found.is_money and found.state == "reopened":
            self.settled.add(match)
            self.decisions.event(found.request_id, PaymentSettled(match_ids=(match,)))

    @rule(match=matches, really=seldom)
    def give_up(self, match: str, really: bool) -> None:
        if really:
            self.decisions.command(GiveUpMatch(match_id=match))

    @rule(match=matches, stars=st.integers(1, 5))
    def rate(self, match: str, stars: int) -> None:
        self.decisions.command(RateMatch(match_id=match, stars=stars))

    @rule(match=matches)
    def decline(self, match: str) -> None:
        self.decisions.command(DeclineMatch(match_id=match, reason=NO_CAPACITY))

    @rule(match=matches, passed=st.booleans())
    def deadline(self, match: str, passed: bool) -> None:
        found = self.decisions.match(match)
        if passed and found.due_at:
            self.decisions.advance((found.due_at - self.decisions.now).total_seconds())
        self.decisions.command(ProposalDue(aggregate_id=match, due_at=found.expires_at))

    @rule(match=matches, committed=st.booleans())
    def fund_answers(self, match: str, committed: bool) -> None:
        """Audit answers only what was asked, and it may answer twice."""
        found = self.decisions.match(match)
        if found.is_money and found.state not in ("proposed", "declined", "expired"):
            kind = LedgerCommitted if committed else LedgerRefused
            self.decisions.event(match, make_ledger_answer(kind, found.quantity))

    @rule(match=matches, really=seldom)
    def offer_is_withdrawn(self, match: str, really: bool) -> None:
        if really:
            self.decisions.command(WithdrawOffer(offer_id=self.decisions.match(match).offer_id))

    @rule(match=matches)
    def withdrawal_reaches(self, match: str) -> None:
        self.decisions.command(ReleaseMatch(match_id=match))

    @rule(match=matches, really=seldom)
    def request_is_withdrawn(self, match: str, really: bool) -> None:
        request = self.decisions.match(match).request_id
        if really:
            self.decisions.event(request, RequestWithdrawn(person_id=person_id("0")))

    @rule(seconds=st.floats(0, LIFETIME_S / 3))
    def time_passes(self, seconds: float) -> None:
        self.decisions.advance(seconds)

    # --- what holds after each ---

    @invariant()
    def events_tell_the_states(self) -> None:
        self._listen()
        for id_, told in self.told.items():
            assert self.decisions.match(id_).state == told.state

    @invariant()
    def no_offer_gives_more_than_it_has(self) -> None:
        for id_, size in getattr(self, "size", {}).items():
            taken = HOLDING | GONE
            held = [t for t in self.told.values() if t.offer == id_ and t.state in taken]
            back = sum(fen for m, fen in self.reversed.items() if self.told[m].offer == id_)
            done = sum(t.quantity for t in held if t.state in GONE) - back
            offer = self.decisions.get(Offer, id_)
            assert sum(t.quantity for t in held) - back <= size
            assert offer.delivered == done
            assert offer.reserved == sum(t.quantity for t in held) - back - done
            assert offer.free == size - offer.reserved - done >= 0
            assert offer.open_cases == sum(t.state not in GONE for t in held)

    @invariant()
    def no_campaign_gives_more_than_its_budget(self) -> None:
        if not hasattr(self, "donor"):
            return
        held = [
            t.quantity
            for t in self.told.values()
            if t.money and self.donor[t.offer] == "P-0" and t.state in HOLDING | GONE
        ]
        back = sum(f for m, f in self.reversed.items() if self.donor[self.told[m].offer] == "P-0")
        assert self.decisions.get(Campaign, "warm").held_fen == sum(held) - back <= BUDGET_FEN

    @invariant()
    def remaining_and_matched_make_the_need(self) -> None:
        for id_, asked in getattr(self, "asked", {}).items():
            held = [t for t in self.told.values() if t.request == id_ and t.state in HOLDING]
            need = self.decisions.get(Need, id_)
            unsettled = sum(
                t.quantity
                for m, t in self.told.items()
                if t.request == id_ and t.money and t.state == "reopened" and m not in self.settled
            )
            assert need.remaining + sum(t.quantity for t in held) + unsettled == asked
            assert need.remaining >= 0
            for offer, cap in self.cap.items():
                share = sum(t.quantity for t in held if t.offer == offer)
                assert cap is None or share <= cap

    @invariant()
    def withdrawn_request_holds_only_what_is_underway(self) -> None:
        for id_ in getattr(self, "asked", {}):
            need = self.decisions.get(Need, id_)
            if need.state == "withdrawn":
                for match in need.matches:
                    state = self.decisions.match(match).state
                    assert state in ("delivered", "confirmed") or (
                        state == "accepted" and self.decisions.match(match).kept
                    )


Interleavings.TestCase.settings = settings(
    max_examples=count_examples(75, 300), stateful_step_count=40, deadline=None
)
TestInterleavings = Interleavings.TestCase
