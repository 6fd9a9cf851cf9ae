"""What every provider is given and what it answers, whatever it speaks on the wire."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import httpx

OutcomeKind = Literal["sent", "retry", "refused", "misconfigured", "unknown"]

# Nothing has left this machine, so trying again cannot send twice.
NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

# 503 and 429 say that the request was not taken. Other 5xx may come from a gateway
# whose upstream did take it: those stay `unknown`.
NOT_TAKEN = frozenset({429, 503})

_LONG_NUMBER = re.compile(r"\+?\d{7,}")


@dataclass(frozen=True, slots=True)
class Message:
    """A status notice for one recipient; never an appeal for donations.

    notice_id: what the provider deduplicates or echoes by.
    recipient: an E.164 number or an openid; kept out of repr, and so out of logs.
    template: our name for it; each provider maps it to its own template id.
    parameters: in the template's order, or as (field name, value) where fields have names.
    """

    notice_id: str
    recipient: str = field(repr=False)
    template: str
    parameters: tuple[str | tuple[str, str], ...] = field(default=(), repr=False)
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the provider said.

    sent: accepted; a receipt will follow. retry: certainly not sent, may work later.
    refused: this recipient cannot be reached here. misconfigured: our account, template
    or parameters are wrong; no message will pass until a person looks. unknown: it may
    have been sent; never resend, await the receipt.
    code: the provider's own word for it. detail: free of numbers and openids.
    """

    kind: OutcomeKind
    provider_message_id: str | None = None
    code: str = ""
    detail: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """One line of a provider's table of codes."""

    kind: OutcomeKind
    retry_after_s: float | None = None


class Provider(Protocol):
    """Sends one message and tells what became of it; raises for nothing the wire can do."""

    @property
    def name(self) -> str: ...

    async def send(self, message: Message) -> Outcome: ...


def ruling_by_prefix(table: Mapping[str, Ruling], code: str, otherwise: Ruling) -> Ruling:
    """The most specific line: `A.B` is looked up as `A.B`, then as `A`."""
    while code:
        if code in table:
            return table[code]
        code = code.rpartition(".")[0]
    return otherwise


def outcome_of_failure(error: httpx.HTTPError) -> Outcome:
    """A request without an answer: harmless if no connection stood, ambiguous if one did."""
    name = type(error).__name__
    if isinstance(error, NOTHING_SENT):
        return Outcome("retry", code=name, detail="no connection to the provider")
    return Outcome("unknown", code=name, detail="no answer after the request was on its way")


def outcome_of_status(reply: httpx.Response) -> Outcome | None:
    """An HTTP status that is itself the answer; None when the body has to be read."""
    code = f"HTTP{reply.status_code}"
    if reply.status_code in NOT_TAKEN:
        return Outcome(
            "retry", code=code, detail="not taken", retry_after_s=_retry_after_s(reply.headers)
        )
    if reply.status_code >= 500:
        return Outcome("unknown", code=code, detail="failed inside the provider")
    if reply.status_code >= 300:
        return Outcome("misconfigured", code=code, detail="the endpoint refuses the request")
    return None


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None


def without_persons(text: str, *private: str) -> str:
    """A provider's message fit for logs: no long numbers, none of the given words."""
    for word in filter(None, private):
        text = text.replace(word, "…")
    return _LONG_NUMBER.sub("…", text)[:200]
