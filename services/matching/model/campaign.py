"""A campaign (专项行动): requests and donors under one name, for a period, within a budget."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from services.matching.model.need import Need
from services.matching.model.offer import Offer
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
from shared.messaging.decision import State

JOINED_AT_ONCE = 500


class Criteria(Value):
    """Which requests belong to it of themselves. Empty tuples mean any."""

    beneficiary_classes: tuple[BeneficiaryClass, ...] = ()
    categories: tuple[Category, ...] = ()
    town_codes: tuple[TownCode, ...] = ()

    def met_by(self, need: Need) -> bool:
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
    def left_fen(self) -> int:
        return self.budget_fen - self.held_fen

    def is_on(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def covers(self, need: Need) -> bool:
        """Joined by name; or it meets the criteria and was recorded within the period."""
        if self.id in need.campaigns:
            return True
        within = self.starts_at <= need.recorded_at < self.ends_at
        return within and self.criteria is not None and self.criteria.met_by(need)

    def hold(self, fen: int) -> "Campaign":
        return self.model_copy(update={"held_fen": self.held_fen + fen})

    def let_go(self, fen: int) -> "Campaign":
        return self.model_copy(update={"held_fen": self.held_fen - fen})

    def with_donors(self, ids: Iterable[str]) -> "Campaign":
        return self.model_copy(update={"donor_ids": tuple(dict.fromkeys((*self.donor_ids, *ids)))})


def belonging(need: Need, campaigns: Iterable[Campaign]) -> tuple[str, ...]:
    """The ids of those that cover it, in order."""
    return tuple(sorted(campaign.id for campaign in campaigns if campaign.covers(need)))


def obstacle(
    campaign: Campaign | None, offer: Offer, need: Need, quantity: int, now: datetime
) -> str:
    """Why this offer of the campaign may not serve the need, as a code; empty when it may."""
    if offer.campaign_id is None:
        return ""
    if campaign is None:
        return "campaign_unknown"
    checks = {
        "campaign_not_on": not campaign.is_on(now),
        "donor_not_in_campaign": offer.donor_id not in campaign.donor_ids,
        "need_not_in_campaign": not campaign.covers(need),
        "campaign_budget": offer.is_money and quantity > campaign.left_fen,
    }
    return next((code for code, stands in checks.items() if stands), "")


class CampaignTerms(Value):
    """name: shown to people. budget_fen: of all money given in it; goods do not count."""

    name: ShortText
    starts_at: Moment
    ends_at: Moment
    budget_fen: PositiveFen
    criteria: Criteria | None = None
    donor_ids: Annotated[tuple[Identifier, ...], Field(max_length=JOINED_AT_ONCE)] = ()


class CreateCampaign(Value):
    campaign_id: Identifier
    terms: CampaignTerms


class JoinDonors(Value):
    campaign_id: Identifier
    donor_ids: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=JOINED_AT_ONCE)]


class JoinRequests(Value):
    campaign_id: Identifier
    request_ids: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=JOINED_AT_ONCE)]


class EndCampaign(Value):
    """Before its time; what is set aside stands."""

    campaign_id: Identifier
