"""Which campaigns run from when to when: asked of matching for the calendar of disclosure.

Names and days; nobody's name, no request's and no offer's number.
"""

from typing import Annotated

from pydantic import Field

from shared.contracts.values import Identifier, Moment, Value

CAMPAIGNS_PATH = "/internal/campaigns"
CAMPAIGNS_MAX = 1000


class CampaignDays(Value):
    """ends_at: until before this moment. fund_ids: where its money is."""

    name: Annotated[str, Field(max_length=200)]
    starts_at: Moment
    ends_at: Moment
    fund_ids: tuple[Identifier, ...] = ()


class CampaignList(Value):
    """The latest first."""

    campaigns: Annotated[tuple[CampaignDays, ...], Field(max_length=CAMPAIGNS_MAX)]
