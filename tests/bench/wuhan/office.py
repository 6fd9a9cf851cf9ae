"""Matching's own decisions and solver over simulated time, in memory."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from services.matching.model.match import AcceptMatch, Propose
from services.matching.model.match_id import build_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer, build_offer_id
from services.matching.solver.candidates import Candidates
from services.matching.solver.interface import Allocation, Decided, Inputs, OpenOffer
from services.matching.solver.min_cost_flow import MinCostFlow
from services.matching.store import build_open_need
from shared.contracts.values import Value
from shared.ids import derived_id
from tests.bench.wuhan.assume import Assumptions
from tests.bench.wuhan.facts import SOURCE, Registration, opened, withdrawn
from tests.bench.wuhan.needs import Change, Wanted
from tests.bench.wuhan.offers import Offered
from tests.bench.wuhan.spells import Ending, Spell, reason
from tests.matching.decisions import DecisionHarness

LIFETIME_S = 3600.0

Prices = tuple[tuple[str, int], ...]


class Office:
    """Matching over simulated time."""

    def __init__(
        self, offers: Sequence[Offered], assumed: Assumptions, usual: Mapping[str, int]
    ) -> None:
        self.spells: list[Spell] = []
        self.decisions = DecisionHarness()
        self._offers, self._assumed, self._usual = offers, assumed, usual
        self._solver = MinCostFlow()
        self._prices: Prices = ()
        self._current: dict[Wanted, Spell] = {}
        self._waiting: dict[str, Spell] = {}
        self._stock: list[str] = []
        self._left = Candidates(())

    # --- what is heard ---

    def hear(self, coming: Sequence[Registration], now: datetime) -> Sequence[Registration]:
        """Those of the offers that are still to come."""
        due = [command for at, command in coming if at <= now]
        self.decisions.now = now
        for command in due:
            self._command(command, 201)
            self._stock.append(build_offer_id(command.source, command.message_id))
        return coming[len(due) :]

    def apply(self, batch: Iterable[Change], now: datetime) -> list[Spell]:
        """The spells it began."""
        self.decisions.now = now
        begun = []
        for change in batch:
            before = self._current.get(change.wanted)
            if before is not None and before.said == change.quantity:
                continue
            if before is not None:
                self._withdraw(before, now)
            if change.quantity:
                begun.append(self._open(change, before.since if before else now))
        return begun

    def _open(self, change: Change, since: datetime) -> Spell:
        wanted = change.wanted
        parts = (wanted.city, wanted.hospital, wanted.item, str(len(self.spells)))
        spell = Spell(
            request_id=derived_id("R", SOURCE, *parts),
            wanted=wanted,
            town_code=change.town_code,
            opened_at=change.at,
            since=since,
            said=change.quantity,
            asked=self._assumed.asked(wanted.item, change.quantity, self._usual),
        )
        self.spells.append(spell)
        self._current[wanted] = spell
        if spell.asked is not None:
            self.decisions.event(spell.request_id, opened(spell, spell.asked))
            self._waiting[spell.request_id] = spell
        return spell

    def _withdraw(self, spell: Spell, now: datetime) -> None:
        spell.reason = self._reason(spell, now, "withdrawn_before_match")
        spell.ended_at = now
        spell.freed, spell.standing = spell.standing, 0
        del self._current[spell.wanted]
        self._waiting.pop(spell.request_id, None)
        if spell.asked is not None:
            self.decisions.event(spell.request_id, withdrawn(spell))

    def close(self, now: datetime) -> None:
        for spell in self._current.values():
            spell.reason = self._reason(spell, now, "waiting")

    def _reason(self, spell: Spell, now: datetime, with_stock: Ending) -> Ending:
        """with_stock: when the last decision left something that it could have had."""
        heard = [o for o in self._offers if o.since is None or o.since <= now]
        found = reason(spell, heard, self._assumed, now)
        if found != "stock_exhausted":
            return found
        need = build_open_need(self.decisions.get(Need, spell.request_id))
        return with_stock if self._left.serve(need) else found

    # --- what is decided ---

    def hold_batch(self, arrived: Iterable[Spell], now: datetime) -> None:
        self._hold([s for s in arrived if s.request_id in self._waiting], now, self._prices)

    def hold_whole(self, now: datetime) -> None:
        decided = self._hold(list(self._waiting.values()), now, None)
        if decided is not None:
            self._prices = decided.prices

    def _hold(self, spells: list[Spell], now: datetime, prices: Prices | None) -> Decided | None:
        """None when nothing that is left fits anybody."""
        self.decisions.now = now
        offers = self._open_offers(now)
        candidates, items = Candidates(offers), {offer.item for offer in offers}
        asking = [self.decisions.get(Need, s.request_id) for s in spells if s.wanted.item in items]
        needs = tuple(n for n in map(build_open_need, asking) if candidates.serve(n))
        decided = None
        if needs:
            now_ms = int(now.timestamp() * 1000)
            decided = self._solver.decide(Inputs(needs, tuple(offers), now_ms, prices=prices))
            for allocation in decided.allocations:
                self._give(allocation, now)
        self._left = Candidates(self._open_offers(now))
        return decided

    def _open_offers(self, now: datetime) -> list[OpenOffer]:
        offers = (self.decisions.get(Offer, id_) for id_ in self._stock)
        return [offer.to_open() for offer in offers if offer.is_open(now) and offer.free > 0]

    def _give(self, said: Allocation, now: datetime) -> None:
        """Proposed and accepted; the decisions refuse nothing of a round that just read them."""
        propose = Propose(
            request_id=said.request_id,
            offer_id=said.offer_id,
            number=said.number,
            quantity=said.quantity,
            lifetime_s=LIFETIME_S,
        )
        self._command(propose, 201)
        id_ = build_match_id(said.request_id, said.offer_id, said.number)
        self._command(AcceptMatch(match_id=id_), 200)
        spell = self._waiting[said.request_id]
        spell.standing += said.quantity
        spell.matched_at = spell.matched_at or now
        if spell.standing == spell.asked:
            del self._waiting[said.request_id]

    def _command(self, data: Value, status: int) -> None:
        answer = self.decisions.command(data)
        assert answer is not None, data
        assert answer.status == status, answer.body
