"""Matching's own decisions and solver over simulated time, in memory."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from services.matching.model.match import AcceptMatch, Propose
from services.matching.model.match_id import build_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer, build_offer_id
from services.matching.solver.candidates import Candidates
from services.matching.solver.interface import Allocation, Inputs, OpenOffer, SolverResult
from services.matching.solver.solve import MinCostFlow
from services.matching.store import build_open_need
from shared.contracts.values import Value
from shared.ids import make_id
from tests.bench.wuhan.assume import Assumptions
from tests.bench.wuhan.facts import SOURCE, Registration, make_opened, make_withdrawn
from tests.bench.wuhan.needs import Change, HospitalItem
from tests.bench.wuhan.offers import OfferRow
from tests.bench.wuhan.periods import Ending, RequestPeriod, explain_rest
from tests.matching.decisions import DecisionHarness

LIFETIME_S = 3600.0

Prices = tuple[tuple[str, int], ...]


class MatchingReplay:
    """Matching over simulated time."""

    def __init__(
        self, offers: Sequence[OfferRow], assumed: Assumptions, usual: Mapping[str, int]
    ) -> None:
        self.periods: list[RequestPeriod] = []
        self.decisions = DecisionHarness()
        self._offers, self._assumed, self._usual = offers, assumed, usual
        self._solver = MinCostFlow()
        self._prices: Prices = ()
        self._current: dict[HospitalItem, RequestPeriod] = {}
        self._waiting: dict[str, RequestPeriod] = {}
        self._stock: list[str] = []
        self._remaining = Candidates(())

    # --- input ---

    def register(self, upcoming: Sequence[Registration], now: datetime) -> Sequence[Registration]:
        """Those of the offers that are still to come."""
        due = [command for at, command in upcoming if at <= now]
        self.decisions.now = now
        for command in due:
            self._execute(command, 201)
            self._stock.append(build_offer_id(command.source, command.message_id))
        return upcoming[len(due) :]

    def apply(self, batch: Iterable[Change], now: datetime) -> list[RequestPeriod]:
        """The periods that begin."""
        self.decisions.now = now
        opened = []
        for change in batch:
            before = self._current.get(change.item_needed)
            if before is not None and before.stated == change.quantity:
                continue
            if before is not None:
                self._withdraw(before, now)
            if change.quantity:
                opened.append(self._open(change, before.since if before else now))
        return opened

    def _open(self, change: Change, since: datetime) -> RequestPeriod:
        item_needed = change.item_needed
        parts = (item_needed.city, item_needed.hospital, item_needed.item, str(len(self.periods)))
        period = RequestPeriod(
            request_id=make_id("R", SOURCE, *parts),
            item_needed=item_needed,
            town_code=change.town_code,
            opened_at=change.at,
            since=since,
            stated=change.quantity,
            requested=self._assumed.find_quantity(item_needed.item, change.quantity, self._usual),
        )
        self.periods.append(period)
        self._current[item_needed] = period
        if period.requested is not None:
            self.decisions.event(period.request_id, make_opened(period, period.requested))
            self._waiting[period.request_id] = period
        return period

    def _withdraw(self, period: RequestPeriod, now: datetime) -> None:
        period.reason = self._explain(period, now, "withdrawn_before_match")
        period.ended_at = now
        period.freed, period.standing = period.standing, 0
        del self._current[period.item_needed]
        self._waiting.pop(period.request_id, None)
        if period.requested is not None:
            self.decisions.event(period.request_id, make_withdrawn(period))

    def close(self, now: datetime) -> None:
        for period in self._current.values():
            period.reason = self._explain(period, now, "waiting")

    def _explain(self, period: RequestPeriod, now: datetime, with_stock: Ending) -> Ending:
        """with_stock: when the last decision left something that it could have had."""
        published = [o for o in self._offers if o.since is None or o.since <= now]
        ending = explain_rest(period, published, self._assumed, now)
        if ending != "stock_exhausted":
            return ending
        need = build_open_need(self.decisions.get(Need, period.request_id))
        return with_stock if self._remaining.serve(need) else ending

    # --- rounds ---

    def hold_batch(self, arrived: Iterable[RequestPeriod], now: datetime) -> None:
        self._hold([s for s in arrived if s.request_id in self._waiting], now, self._prices)

    def hold_whole(self, now: datetime) -> None:
        decided = self._hold(list(self._waiting.values()), now, None)
        if decided is not None:
            self._prices = decided.prices

    def _hold(
        self, periods: list[RequestPeriod], now: datetime, prices: Prices | None
    ) -> SolverResult | None:
        """None when no remaining offer fits anybody."""
        self.decisions.now = now
        offers = self._open_offers(now)
        candidates, items = Candidates(offers), {offer.item for offer in offers}
        requests = [
            self.decisions.get(Need, s.request_id) for s in periods if s.item_needed.item in items
        ]
        needs = tuple(n for n in map(build_open_need, requests) if candidates.serve(n))
        decided = None
        if needs:
            now_ms = int(now.timestamp() * 1000)
            decided = self._solver.decide(Inputs(needs, tuple(offers), now_ms, prices=prices))
            for allocation in decided.allocations:
                self._carry_out(allocation, now)
        self._remaining = Candidates(self._open_offers(now))
        return decided

    def _open_offers(self, now: datetime) -> list[OpenOffer]:
        offers = (self.decisions.get(Offer, id_) for id_ in self._stock)
        return [offer.to_open() for offer in offers if offer.is_open(now) and offer.free > 0]

    def _carry_out(self, allocation: Allocation, now: datetime) -> None:
        """Proposed and accepted; the decisions refuse nothing of a round that just read them."""
        propose = Propose(
            request_id=allocation.request_id,
            offer_id=allocation.offer_id,
            number=allocation.number,
            quantity=allocation.quantity,
            lifetime_s=LIFETIME_S,
        )
        self._execute(propose, 201)
        id_ = build_match_id(allocation.request_id, allocation.offer_id, allocation.number)
        self._execute(AcceptMatch(match_id=id_), 200)
        period = self._waiting[allocation.request_id]
        period.standing += allocation.quantity
        period.matched_at = period.matched_at or now
        if period.standing == period.requested:
            del self._waiting[allocation.request_id]

    def _execute(self, data: Value, status: int) -> None:
        answer = self.decisions.command(data)
        assert answer is not None, data
        assert answer.status == status, answer.body
