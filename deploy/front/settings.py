"""What the front needs to know: where it listens, where the services are, how much it lets in."""

from typing import Annotated, Self

from pydantic import Field, FilePath, model_validator

from shared.settings import Settings


class FrontSettings(Settings):
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    front_body_bytes_max: Annotated[
        int, Field(ge=1024, description="of one request; services take less of most")
    ] = 64 * 1024 * 1024
    front_silence_s: Annotated[
        float, Field(gt=0, description="an answer that says nothing for so long is given up")
    ] = 75.0

    front_cert_file: Annotated[
        FilePath | None,
        Field(description="certificate and chain (PEM): the front speaks TLS; read at each start"),
    ] = None
    front_key_file: Annotated[FilePath | None, Field(description="its private key (PEM)")] = None

    @model_validator(mode="after")
    def _check_certificate(self) -> Self:
        if bool(self.front_cert_file) != bool(self.front_key_file):
            raise ValueError("front_cert_file and front_key_file go together")
        if self.front_cert_file and self.public_scheme != "https":
            raise ValueError("the front speaks TLS: set public_scheme to https")
        return self

    @property
    def upstreams(self) -> dict[str, str]:
        return {
            "intake": self.intake_url,
            "matching": self.matching_url,
            "notify": self.notify_url,
            "audit": self.audit_url,
        }
