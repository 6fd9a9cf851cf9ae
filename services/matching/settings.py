"""What matching alone needs to know."""

from typing import Annotated

from pydantic import AfterValidator, Field

from services.matching.model.donor_digest import DigestRules
from services.matching.solver.weights import Weights
from shared.settings import Settings


class MatchingSettings(Settings):
    """weights: GUANJIA_WEIGHTS is a JSON object of those that differ, each described there."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8002
    round_interval_ms: Annotated[
        int, Field(ge=10, le=60_000, description="rounds are at least this far apart")
    ] = 200
    round_needs_max: Annotated[int, Field(ge=1, le=5000, description="needs in one round")] = 500
    round_takeover_s: Annotated[
        float, Field(gt=0, description="a round nobody was heard of is taken over after this")
    ] = 10.0
    whole_round_interval_s: Annotated[
        float, Field(gt=0, description="the optimum over the whole open pool, and its prices")
    ] = 3600.0
    whole_round_needs_max: Annotated[
        int, Field(ge=1, le=100_000, description="the most urgent needs of a whole round")
    ] = 50_000
    round_retention_days: Annotated[
        int, Field(ge=1, le=36_500, description="recorded rounds are kept, then expire as a whole")
    ] = 400
    weights: Annotated[
        Weights,
        AfterValidator(Weights.require_range),
        Field(description="what counts how much in a round, in points, metres and days"),
    ] = Weights()
    proposal_lifetime_s: Annotated[
        float,
        Field(gt=0, description="a donor has this long to answer; long holidays do not count"),
    ] = 72 * 3600.0
    proposal_reminder_s: Annotated[
        float, Field(ge=0, description="so long before its end he is reminded; 0: never")
    ] = 24 * 3600.0
    donor_digest_wait_s: Annotated[
        float,
        Field(
            ge=0,
            le=86_400,
            description="a donor's proposals of so many seconds are one message; 0: one each",
        ),
    ] = 60.0
    donor_digest_gap_s: Annotated[
        float,
        Field(
            ge=0, le=7 * 86_400, description="new proposals are told at most this often to a donor"
        ),
    ] = 4 * 3600.0
    ask_again_days: Annotated[
        float,
        Field(
            ge=0,
            description="who did not answer is asked again for the same request after so many "
            "days, or once nobody else can serve it",
        ),
    ] = 7.0
    help_phone: Annotated[
        str, Field(pattern=r"^[0-9+-]{3,20}$", description="whom pages say to call")
    ] = "12345"
    reopen_days: Annotated[
        int,
        Field(ge=0, le=365, description="after a confirmation it may be said not to have arrived"),
    ] = 15
    mandates_required: Annotated[
        bool, Field(description="no money is offered that names no mandate")
    ] = True
    due_poll_ms: Annotated[int, Field(ge=50, le=60_000)] = 1000

    @property
    def digest_rules(self) -> DigestRules:
        return DigestRules(self.donor_digest_wait_s, self.donor_digest_gap_s)
