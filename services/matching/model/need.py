"""A need: the open part of a request, as matching knows it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field, computed_field

from services.matching.model.match_id import parse_match_id
from services.matching.model.place import Place, find_centre
from services.matching.solver.interface import OpenNeed
from shared.contracts.values import BeneficiaryClass, Category, Cell, Kind, Value
from shared.messaging.decision import State
from shared.moments import count_milliseconds
from shared.towns import find_middle

SILENCES_MAX = 2
"""So often a donor is asked for one need without an answer; then he hears of it no more."""


class Silence(Value):
    """A donor's proposals ran out without an answer: how often, and when the last one did."""

    donor_id: str
    at: datetime
    times: int = 1


class Need(State):
    """Its id is the request's. name_id: tells equal names, and no name.

    matches: match id -> quantity, of every match that counts (proposed to confirmed).
    paid_by: match id -> campaign, of those among them that a campaign's budget pays.
    unsettled: match id -> fen that were paid for a match that fell: not asked for anew before
    audit says that they are settled.
    campaigns: those it was joined to by name, whatever their criteria.
    proposals: how many matches it ever had; the next one's number is one more.
    excluded_funds: could not or may not pay; excluded_offers: the same, before funds were
    excluded whole; excluded_donors: declined. None is asked again.
    silences: of donors who did not answer in time. Others are asked before them, and they
    themselves no more than twice.
    vouched_by: the staff on whose word the request stands, as intake says.
    is_budgeted: withdrawn because the public budget pays it, not by the person: it may come back.
    """

    COLLECTION: ClassVar[str] = "needs"

    person_id: str
    name_id: str | None = None
    kind: Kind | None = None
    category: Category
    beneficiary_class: BeneficiaryClass
    tier: int
    town_code: str
    village_code: str | None = None
    cell: Cell | None = None
    unit: str
    item: str = ""
    quantity: int
    matches: Mapping[str, int] = Field(default_factory=dict)
    paid_by: Mapping[str, str] = Field(default_factory=dict)
    unsettled: Mapping[str, int] = Field(default_factory=dict)
    campaigns: tuple[str, ...] = ()
    proposals: int = 0
    excluded_offers: tuple[str, ...] = ()
    excluded_funds: tuple[str, ...] = ()
    excluded_donors: tuple[str, ...] = ()
    vouched_by: tuple[str, ...] = ()
    silences: tuple[Silence, ...] = ()
    state: Literal["open", "withdrawn", "closed"] = "open"
    is_budgeted: bool = False
    recorded_at: datetime
    closed_at: datetime | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def remaining(self) -> int:
        return max(0, self.quantity - sum(self.matches.values()) - sum(self.unsettled.values()))

    @property
    def place(self) -> Place | None:
        return find_centre(self.cell) if self.cell else None

    def to_open(
        self,
        *,
        tier: int,
        related_funds: tuple[str, ...],
        campaigns: tuple[str, ...],
        barred_funds: tuple[str, ...] = (),
        own_donors: tuple[str, ...] = (),
    ) -> OpenNeed:
        """What the rules and the solver read of it; tier: the one it has now."""
        shares: dict[str, int] = {}
        for match, quantity in self.matches.items():
            offer = parse_match_id(match).offer_id
            shares[offer] = shares.get(offer, 0) + quantity
        return OpenNeed(
            id=self.id,
            unit=self.unit,
            item=self.item,
            category=self.category.value,
            beneficiary_class=self.beneficiary_class.value,
            town_code=self.town_code,
            tier=tier,
            recorded_ms=count_milliseconds(self.recorded_at),
            remaining=self.remaining,
            next_number=self.proposals + 1,
            excluded_offers=tuple(sorted(self.excluded_offers)),
            shares=tuple(sorted(shares.items())),
            excluded_donors=tuple(sorted(self.excluded_donors)),
            village_code=self.village_code,
            place=self.place,
            excluded_funds=tuple(sorted(self.excluded_funds)),
            related_funds=related_funds,
            campaigns=campaigns,
            middle=find_middle(self.town_code),
            barred_funds=barred_funds,
            own_donors=own_donors,
        )

    def compute_share(self, offer_id: str) -> int:
        """What this offer already gives, in `unit`."""
        return sum(q for m, q in self.matches.items() if parse_match_id(m).offer_id == offer_id)

    def with_match(self, match_id: str, quantity: int, campaign_id: str | None = None) -> "Need":
        """campaign_id: whose budget pays it."""
        paid_by = {**self.paid_by, match_id: campaign_id} if campaign_id else self.paid_by
        return self.model_copy(
            update={
                "matches": {**self.matches, match_id: quantity},
                "paid_by": paid_by,
                "proposals": parse_match_id(match_id).number,
            }
        )

    def without_match(self, match_id: str) -> "Need":
        matches = {m: q for m, q in self.matches.items() if m != match_id}
        paid_by = {m: c for m, c in self.paid_by.items() if m != match_id}
        return self.model_copy(update={"matches": matches, "paid_by": paid_by})

    def with_unsettled(self, match_id: str, fen: int) -> "Need":
        """So much more was paid for nothing; less where it was reversed."""
        amount = max(0, self.unsettled.get(match_id, 0) + fen)
        unsettled = {m: f for m, f in self.unsettled.items() if m != match_id}
        if amount:
            unsettled[match_id] = amount
        return self.model_copy(update={"unsettled": unsettled})

    def without_unsettled(self, match_ids: Collection[str]) -> "Need":
        unsettled = {m: f for m, f in self.unsettled.items() if m not in match_ids}
        return self.model_copy(update={"unsettled": unsettled})

    def with_campaign(self, campaign_id: str) -> "Need":
        return self.model_copy(update={"campaigns": _add(self.campaigns, campaign_id)})

    def exclude_offer(self, offer_id: str) -> "Need":
        excluded = _add(self.excluded_offers, offer_id)
        return self.model_copy(update={"excluded_offers": excluded})

    def exclude_fund(self, fund_id: str) -> "Need":
        """A fund that cannot pay is not asked again through another offer of its money."""
        excluded = _add(self.excluded_funds, fund_id)
        return self.model_copy(update={"excluded_funds": excluded})

    def record_silence(self, donor_id: str, now: datetime) -> "Need":
        """The last of each donor is kept."""
        others = tuple(row for row in self.silences if row.donor_id != donor_id)
        times = 1 + sum(row.times for row in self.silences if row.donor_id == donor_id)
        silences = (*others, Silence(donor_id=donor_id, at=now, times=times))
        return self.model_copy(update={"silences": silences})

    def list_silent_donors(self, since: datetime) -> tuple[str, ...]:
        """Those who did not answer a proposal that ran out later than that."""
        return tuple(row.donor_id for row in self.silences if row.at > since)

    def list_mute_donors(self) -> tuple[str, ...]:
        """Those who were asked often enough: it is theirs to claim."""
        return tuple(row.donor_id for row in self.silences if row.times >= SILENCES_MAX)

    def exclude_donor(self, donor_id: str) -> "Need":
        """A donor who said no is not asked again through another of his offers."""
        excluded = _add(self.excluded_donors, donor_id)
        return self.model_copy(update={"excluded_donors": excluded})


def _add(ids: tuple[str, ...], id_: str) -> tuple[str, ...]:
    return ids if id_ in ids else (*ids, id_)


class Namesakes(State):
    """Who asked for something in a town under a name; its id says which, and neither in words."""

    COLLECTION: ClassVar[str] = "namesakes"

    person_ids: tuple[str, ...] = ()

    def with_person(self, person_id: str) -> "Namesakes":
        ids = dict.fromkeys((*self.person_ids, person_id))
        return self.model_copy(update={"person_ids": tuple(ids)})


def build_namesakes_id(need: Need) -> str | None:
    """None where the name is not known."""
    return f"{need.town_code}:{need.name_id}" if need.name_id else None
