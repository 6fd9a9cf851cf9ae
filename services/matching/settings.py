"""What matching alone needs to know."""

from typing import Annotated

from pydantic import Field

from shared.settings import Settings


class MatchingSettings(Settings):
    port: Annotated[int, Field(ge=0, le=65535)] = 8002
    round_interval_ms: Annotated[
        int, Field(ge=10, le=60_000, description="rounds are at least this far apart")
    ] = 200
    round_needs_max: Annotated[int, Field(ge=1, le=5000, description="needs in one round")] = 500
    round_takeover_s: Annotated[
        float, Field(gt=0, description="a round left unfinished is taken over after this")
    ] = 10.0
    proposal_lifetime_s: Annotated[
        float, Field(gt=0, description="a donor has this long to answer")
    ] = 72 * 3600.0
    due_poll_ms: Annotated[int, Field(ge=50, le=60_000)] = 1000
