"""Campaigns (专项行动), within a period and a budget, and areas under emergency measures."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, get_args

from pydantic import Field

from services.matching.messages import (
    BUDGET_EXCEEDED,
    CAMPAIGN_NOT_ON,
    CAMPAIGN_UNKNOWN,
    DONOR_NOT_IN_CAMPAIGN,
    NEED_NOT_IN_CAMPAIGN,
)
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared.contracts.events import EmergencyCause
from shared.contracts.values import (
    BeneficiaryClass,
    Category,
    Identifier,
    Moment,
    PositiveFen,
    ShortText,
    TownCode,
    Value,
)
from shared.errors import Message
from shared.messaging.decision import State

JOINED_MAX = 500


class Criteria(Value):
    """Which requests belong to it of themselves. Empty tuples mean any."""

    beneficiary_classes: tuple[BeneficiaryClass, ...] = ()
    categories: tuple[Category, ...] = ()
    town_codes: tuple[TownCode, ...] = ()

    def is_met_by(self, need: Need) -> bool:
        return (
            (not self.beneficiary_classes or need.beneficiary_class in self.beneficiary_classes)
            and (not self.categories or need.category in self.categories)
            and (not self.town_codes or need.town_code in self.town_codes)
        )


class Campaign(State):
    """held_fen: money set aside or paid within the budget, from proposed to confirmed.

    criteria: None where requests are joined by name alone. donor_ids: who may give in it.
    """

    COLLECTION: ClassVar[str] = "campaigns"

    name: str
    starts_at: datetime
    ends_at: datetime
    budget_fen: int
    held_fen: int = 0
    criteria: Criteria | None = None
    donor_ids: tuple[str, ...] = ()
    created_by: str

    @property
    def remaining_fen(self) -> int:
        return self.budget_fen - self.held_fen

    def is_on(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def covers(self, need: Need) -> bool:
        """Joined by name; or it meets the criteria and was recorded within the period."""
        if self.id in need.campaigns:
            return True
        within = self.starts_at <= need.recorded_at < self.ends_at
        return within and self.criteria is not None and self.criteria.is_met_by(need)

    def reserve(self, fen: int) -> "Campaign":
        return self.model_copy(update={"held_fen": self.held_fen + fen})

    def release(self, fen: int) -> "Campaign":
        return self.model_copy(update={"held_fen": self.held_fen - fen})

    def with_donors(self, ids: Iterable[str]) -> "Campaign":
        return self.model_copy(update={"donor_ids": tuple(dict.fromkeys((*self.donor_ids, *ids)))})


def find_covering(need: Need, campaigns: Iterable[Campaign]) -> tuple[str, ...]:
    """The ids of those that cover it, in order."""
    return tuple(sorted(campaign.id for campaign in campaigns if campaign.covers(need)))


def find_campaign_obstacle(
    campaign: Campaign | None, offer: Offer, quantity: int, now: datetime, *, is_member: bool
) -> Message | None:
    """Why this offer of the campaign may not serve a need; None when it may.

    is_member: whether the need is in the campaign.
    """
    if offer.campaign_id is None:
        return None
    if campaign is None:
        return CAMPAIGN_UNKNOWN
    checks = (
        (CAMPAIGN_NOT_ON, not campaign.is_on(now)),
        (DONOR_NOT_IN_CAMPAIGN, offer.donor_id not in campaign.donor_ids),
        (NEED_NOT_IN_CAMPAIGN, not is_member),
        (BUDGET_EXCEEDED, offer.is_money and quantity > campaign.remaining_fen),
    )
    return next((message for message, stands in checks if stands), None)


class CampaignTerms(Value):
    """name: shown to people. budget_fen: of all money given in it; goods do not count."""

    name: ShortText
    starts_at: Moment
    ends_at: Moment
    budget_fen: PositiveFen
    criteria: Criteria | None = None
    donor_ids: Annotated[tuple[Identifier, ...], Field(max_length=JOINED_MAX)] = ()


class CreateCampaign(Value):
    campaign_id: Identifier
    terms: CampaignTerms


class JoinDonors(Value):
    campaign_id: Identifier
    donor_ids: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=JOINED_MAX)]


class JoinRequests(Value):
    campaign_id: Identifier
    request_ids: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=JOINED_MAX)]


class EndCampaign(Value):
    """Before its time; what is set aside stands."""

    campaign_id: Identifier


# --- areas under emergency measures (民政纾困十条) ----------------------------------------------


ENDING_LIFETIME = timedelta(days=7)


class Emergency(State):
    """As intake declared it. lift: by how many tiers its needs rise; tier 0 stays the most urgent.

    town_codes, village_codes: whole towns, and villages of others. categories: empty is any.
    reason: the code of its cause; of earlier ones what was written. ending_by, ending_at: who
    proposed to end an earlier one before its time. ended_by: who approved that.
    """

    COLLECTION: ClassVar[str] = "emergencies"

    town_codes: tuple[str, ...]
    village_codes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    lift: int
    starts_at: datetime
    ends_at: datetime
    reason: str
    declared_by: str
    ending_by: str = ""
    ending_at: datetime | None = None
    ended_by: str = ""

    def is_ending(self, now: datetime) -> bool:
        """Whether an end is proposed that another may approve."""
        return self.ending_at is not None and now < self.ending_at + ENDING_LIFETIME

    @property
    def is_earlier(self) -> bool:
        """Declared here, before intake declared them: intake knows no such emergency."""
        return self.reason not in get_args(EmergencyCause)

    def is_on(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def covers(self, need: Need) -> bool:
        is_within = need.town_code in self.town_codes or need.village_code in self.village_codes
        return is_within and (not self.categories or need.category in self.categories)

    def build_query(self) -> dict[str, object]:
        """The same for Mongo."""
        towns = {"town_code": {"$in": list(self.town_codes)}}
        villages = {"village_code": {"$in": list(self.village_codes)}}
        kinds = {"category": {"$in": list(self.categories)}} if self.categories else {}
        return {"$or": [towns, villages], **kinds}


def lift_tier(need: Need, emergencies: Iterable[Emergency]) -> int:
    """The tier it has while these are on: the highest lift, not their sum."""
    lifts = (emergency.lift for emergency in emergencies if emergency.covers(need))
    return max(0, need.tier - max(lifts, default=0))


class ProposeEarlierEnd(Value):
    """Before its time; of one that was declared here."""

    emergency_id: Identifier


class EndEarlierEmergency(Value):
    """As another proposed."""

    emergency_id: Identifier


class RefuseEarlierEnd(Value):
    """It goes on."""

    emergency_id: Identifier
