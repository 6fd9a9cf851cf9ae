"""What every provider receives and what it answers, whatever it speaks on the wire."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from services.notify.channels import Parameters
from services.notify.model import OutcomeKind
from shared.http import CallError, NotSentError, Reply

# 503 and 429 say that the request was not accepted. Other 5xx may come from a gateway
# whose upstream did accept it: those stay `unknown`.
NOT_ACCEPTED = frozenset({429, 503})

_LONG_NUMBER = re.compile(r"\+?\d{7,}")
_MAINLAND_NUMBER = re.compile(r"1[0-9]{10}")
_NUMBER = re.compile(r"\+[0-9]{6,15}")


@dataclass(frozen=True, slots=True)
class Message:
    """A status notice for one recipient; never an appeal for donations.

    notice_id: what the provider deduplicates or echoes by.
    recipient: an E.164 number or an openid; kept out of repr, and so out of logs.
    template: our name for it; each provider maps it to its own template id. as_subscription: as a
    subscribe message of WeChat's.
    """

    notice_id: str
    recipient: str = field(repr=False)
    template: str
    parameters: Parameters = field(default=(), repr=False)
    url: str | None = field(default=None, repr=False)
    as_subscription: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call.

    sent: accepted; a receipt will follow. retry: certainly not sent, may work later.
    refused: this recipient cannot be reached here. misconfigured: our account, template
    or parameters are wrong; no message will pass until a person looks. unknown: it may
    have been sent; never resend, await the receipt.
    code: the provider's own. detail: free of numbers and openids. throttled: it takes nothing of us
    just now, whoever is called. blocked: the carrier or the person wants nothing of us there, today
    and tomorrow. blames_name: what the message says of somebody cannot be carried. parts: SMS that
    it is billed as.
    """

    kind: OutcomeKind
    provider_message_id: str | None = None
    code: str = ""
    detail: str = ""
    retry_after_s: float | None = None
    throttled: bool = False
    blocked: bool = False
    blames_name: bool = False
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Ruling:
    """One line of a provider's table of codes; the words are `Outcome`'s."""

    kind: OutcomeKind
    retry_after_s: float | None = None
    throttles: bool = False
    blocks: bool = False
    blames_name: bool = False

    def build_outcome(
        self,
        code: str,
        detail: str,
        provider_message_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> Outcome:
        return Outcome(
            self.kind,
            provider_message_id,
            code,
            detail,
            retry_after_s or self.retry_after_s,
            throttled=self.throttles,
            blocked=self.blocks,
            blames_name=self.blames_name,
        )


class Provider(Protocol):
    """Sends one message and returns what became of it; raises for nothing the wire can do."""

    @property
    def name(self) -> str: ...

    async def send(self, message: Message) -> Outcome: ...


def find_ruling(table: Mapping[str, Ruling], code: str, otherwise: Ruling) -> Ruling:
    """The most specific line: `A.B` is looked up as `A.B`, then as `A`."""
    while code:
        if code in table:
            return table[code]
        code = code.rpartition(".")[0]
    return otherwise


def classify_failure(error: CallError) -> Outcome:
    """A request without an answer: harmless if no connection stood, ambiguous if one did."""
    if isinstance(error, NotSentError):
        detail = "no connection to the provider"
        return Outcome("retry", code=str(error), detail=detail, throttled=True)
    return Outcome("unknown", code=str(error), detail="no answer after the request was on its way")


def classify_status(reply: Reply) -> Outcome | None:
    """An HTTP status that is itself the answer; None when the body has to be read."""
    code = f"HTTP{reply.status}"
    if reply.status in NOT_ACCEPTED:
        return Outcome(
            "retry",
            code=code,
            detail="not taken",
            retry_after_s=_parse_retry_after(reply.headers),
            throttled=True,
        )
    if reply.status >= 500:
        return Outcome("unknown", code=code, detail="failed inside the provider")
    if reply.status >= 300:
        return Outcome("misconfigured", code=code, detail="the endpoint refuses the request")
    return None


def _parse_retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None


def redact(text: str, *private: str) -> str:
    """A provider's message fit for logs: no long numbers, none of the private words."""
    for word in filter(None, private):
        text = text.replace(word, "…")
    return _LONG_NUMBER.sub("…", text)[:200]


def format_e164(number: str) -> str | None:
    """`+86…` for a mainland number written without it; None for what is no number at all."""
    if _MAINLAND_NUMBER.fullmatch(number):
        return f"+86{number}"
    return number if _NUMBER.fullmatch(number) else None


def list_values(message: Message) -> list[str]:
    return [p if isinstance(p, str) else p[1] for p in message.parameters]
