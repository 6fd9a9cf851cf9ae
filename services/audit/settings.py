"""What audit adds to the settings: the name of its log, and how often it is published."""

from typing import Annotated

from pydantic import Field

from shared.settings import Settings


class AuditSettings(Settings):
    """log_origin: the log's C2SP origin without its ledger year: 2026's is `<log_origin>/2026`."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8004
    log_origin: Annotated[
        str,
        Field(
            pattern=r"^[^\s+/](?:[^\s+]{0,150}[^\s+/])?$",
            description="an address without scheme, no space, no plus, no slash at the ends",
        ),
    ] = "guanjia.local/log"
    publish_entries_max: Annotated[
        int, Field(ge=1, le=50_000, description="entries per checkpoint")
    ] = 5000
    publish_interval_ms: Annotated[
        int, Field(ge=0, le=60_000, description="least time between two checkpoints")
    ] = 100
