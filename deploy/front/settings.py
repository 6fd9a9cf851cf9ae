"""What the front needs to know: where it listens, where the services are, how much it lets in."""

from typing import Annotated

from pydantic import Field

from shared.settings import Settings


class FrontSettings(Settings):
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    front_body_bytes_max: Annotated[
        int, Field(ge=1024, description="of one request; services take less of most")
    ] = 64 * 1024 * 1024
    front_silence_s: Annotated[
        float, Field(gt=0, description="an answer that says nothing for so long is given up")
    ] = 75.0

    @property
    def upstreams(self) -> dict[str, str]:
        return {
            "intake": self.intake_url,
            "matching": self.matching_url,
            "notify": self.notify_url,
            "audit": self.audit_url,
        }
