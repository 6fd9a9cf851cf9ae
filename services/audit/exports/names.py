"""Names that ledger, hledger and beancount all accept, and that lead back to ours.

An account in a journal is `<account>:<fund>`: the last part is always the fund. Each part may hold
A-Z, a-z, 0-9, `-` and Chinese characters. Any other character is written `-x<hex of its code>-`, a
`-` before an `x` as well, so `.` is `-x2e-`. A part must start with A-Z or 0-9: one that does not,
or that starts with `X`, gets an `X` in front. `FUND-NEWYEAR` stays as it is; `fund.a@b` is
`Xfund-x2e-a-x40-b`; nothing is lost, so either leads back.

Goods are commodities. ledger and hledger take any name in quotes: `"item|unit"`, with signs in it
percent-encoded. beancount takes capitals and digits only: `GOODS-` and the first 16 hex digits of
SHA-256 over the quoted name; its `commodity` line says item and unit.
"""

import hashlib
import re
from functools import lru_cache
from typing import get_args
from urllib.parse import quote

from typing_extensions import get_type_hints, is_typeddict

from services.audit.ledger.kinds import KINDS
from shared.contracts.ledger import LedgerEntry
from shared.money import format_yuan_plain

CURRENCY = "CNY"

_UNSAFE = re.compile(r"-(?=x)|[^A-Za-z0-9\-\u4e00-\u9fff]")

_STARTS_WELL = re.compile(r"[A-WYZ0-9]")

_OTHER = re.compile(r"^ | $| (?= )|[^A-Za-z0-9_./@+:#()= -]")
"""What is looked at more closely: a space stands for itself only alone and between words."""


@lru_cache(maxsize=65_536)
def format_account(account: str, fund: str) -> str:
    """Our account and fund as one account of a journal."""
    root, *parts = account.split(":")
    return ":".join((root, *map(escape_part, parts), escape_part(fund)))


def escape_part(part: str) -> str:
    """One part of an account name."""
    text = _UNSAFE.sub(lambda match: f"-x{ord(match[0]):x}-", part)
    return text if _STARTS_WELL.match(text) else f"X{text}"


@lru_cache(maxsize=65_536)
def quote_commodity(item: str, unit: str) -> str:
    """As ledger and hledger write it."""
    return f'"{encode_text(item)}|{encode_text(unit)}"'


@lru_cache(maxsize=65_536)
def hash_commodity(item: str, unit: str) -> str:
    """As beancount writes it."""
    digest = hashlib.sha256(quote_commodity(item, unit).encode()).hexdigest()
    return f"GOODS-{digest[:16].upper()}"


def encode_text(text: str) -> str:
    """Text for notes and quoted names: a sign that could mean something there, or that is not seen,
    is percent-encoded."""
    return _OTHER.sub(_make_harmless, text)


def _make_harmless(match: re.Match[str]) -> str:
    sign = match[0]
    return sign if sign.isprintable() and not sign.isascii() else quote(sign, safe="")


_WRITTEN_ELSEWHERE = {"schema", "currency", "legs", "index", "log", "subject", "accounts"}
_TAG_ORDER = (
    *("kind", "fund", "recorded-at", "effective-at", "event-source", "event-id"),
    *(f"event-position-{part}" for part in ("cluster", "topic", "partition", "offset")),
    *("commitment", "reverses", "gift-log", "gift-index"),
    *(f"authorisation-{part}" for part in ("maker", "checker", "reference")),
    *("purpose-category", "purpose-beneficiary-class", "purpose-town"),
    *("name", "restricted", "terms-purpose", "terms-fee-permille-max"),
    *("terms-categories", "terms-beneficiary-classes", "terms-towns"),
    *("previous-log", "previous-size", "previous-root"),
)
"""As journals have declared them since 2026; tags of newer fields come after."""


def collect_tags() -> tuple[str, ...]:
    """Every name `collect_notes` gives to an entry with legs, in the order journals declare them;
    `ledger --pedantic` wants them declared. They are the fields of the contract."""
    tags = {
        tag
        for contract in get_args(LedgerEntry)
        for hints in [get_type_hints(contract)]
        if _has_legs(get_args(hints["kind"])[0])
        for key, hint in hints.items()
        if key not in _WRITTEN_ELSEWHERE
        for tag in _list_tags(key, hint)
    }
    return (*_TAG_ORDER, *sorted(tags - set(_TAG_ORDER)))


def _has_legs(kind: str) -> bool:
    return kind == "reversal" or bool(KINDS[kind].parts)


def _list_tags(key: str, hint: object) -> list[str]:
    if not is_typeddict(hint):
        return [key.removesuffix("_fen").replace("_", "-")]
    fields = get_type_hints(hint).items()
    return [f"{key}-{tag}" for inner, each in fields for tag in _list_tags(inner, each)]


def collect_notes(entry: LedgerEntry) -> dict[str, str]:
    """Names and values for the comments of a transaction; flat, values `encode_text`."""
    return {
        name.replace("_", "-"): encode_text(value)
        for key, field in entry.items()
        if key not in _WRITTEN_ELSEWHERE
        for name, value in _flatten(key, field)
        if value
    }


def format_comment(entry: LedgerEntry) -> str:
    """One line on an entry that moves nothing."""
    notes = (f"{key}={value}" for key, value in collect_notes(entry).items())
    return ", ".join((encode_text(entry["subject"]), *notes))


def _flatten(key: str, value: object) -> list[tuple[str, str]]:
    match value:
        case dict():
            return [
                (f"{key}-{name}", text)
                for inner, each in value.items()
                for name, text in _flatten(inner, each)
            ]
        case list():
            return [(key, "+".join(map(str, value)))]
        case int() if key.endswith("_fen"):
            return [(key.removesuffix("_fen"), format_yuan_plain(value))]
        case _:
            return [(key, str(value))]
