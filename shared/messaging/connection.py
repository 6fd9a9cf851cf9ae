"""How this process comes to the brokers: where they are, by TLS or not, and who it says it is."""

import ssl
from dataclasses import dataclass, field
from typing import Any

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.messaging.header_keys import read_any_header_key
from shared.settings import Settings

# Here, because whoever makes a client of aiokafka comes by.
read_any_header_key()

_MECHANISMS = {
    "PLAIN": SASLPlaintext,
    "SCRAM-SHA-256": SASLScram256,
    "SCRAM-SHA-512": SASLScram512,
}


@dataclass(frozen=True, slots=True)
class BrokerConnection:
    """tls: trusts the authority of the settings, or those of the system. user: empty, nobody asks.

    One for the whole process: a TLS context reads the authority's file once.
    """

    bootstrap: str
    tls: ssl.SSLContext | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    mechanism: str = "SCRAM-SHA-512"

    @classmethod
    def from_settings(cls, settings: Settings) -> "BrokerConnection":
        context = None
        if settings.kafka_tls:
            context = ssl.create_default_context(cafile=settings.kafka_ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
        return cls(
            settings.kafka_bootstrap,
            context,
            settings.kafka_user,
            settings.kafka_password.get_secret_value(),
            settings.kafka_mechanism,
        )

    @property
    def addresses(self) -> list[str]:
        """FastStream takes a text for one address."""
        return [each.strip() for each in self.bootstrap.split(",") if each.strip()]

    def as_options(self) -> dict[str, Any]:
        """Of each client of aiokafka."""
        transport = "SSL" if self.tls else "PLAINTEXT"
        options: dict[str, Any] = {
            "bootstrap_servers": self.addresses,
            "security_protocol": f"SASL_{transport}" if self.user else transport,
            "ssl_context": self.tls,
        }
        if self.user:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return options

    def as_security(self) -> BaseSecurity | None:
        """The same for FastStream."""
        if self.user:
            kind = _MECHANISMS[self.mechanism]
            return kind(self.user, self.password, ssl_context=self.tls, use_ssl=bool(self.tls))
        return BaseSecurity(ssl_context=self.tls) if self.tls else None
