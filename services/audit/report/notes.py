"""What a journal says beside the amounts of an entry: where it comes from, what it refers to."""

from typing import Any

from services.audit.report.names import encoded
from services.audit.report.titles import yuan
from shared.contracts.ledger import LedgerEntry

_SAID_ELSEWHERE = {"schema", "currency", "legs", "index", "log", "subject", "accounts"}
TAGS = (
    *("kind", "fund", "recorded-at", "effective-at", "event-source", "event-id"),
    *(f"event-position-{part}" for part in ("cluster", "topic", "partition", "offset")),
    *("commitment", "reverses", "gift-log", "gift-index"),
    *(f"authorisation-{part}" for part in ("maker", "checker", "reference")),
    *("purpose-category", "purpose-beneficiary-class", "purpose-town"),
    *("name", "restricted", "terms-purpose", "terms-fee-permille-max"),
    *("terms-categories", "terms-beneficiary-classes", "terms-towns"),
    *("previous-log", "previous-size", "previous-root"),
)
"""Every name that `notes` gives to an entry with legs; `ledger --pedantic` wants them declared."""


def notes(entry: LedgerEntry) -> dict[str, str]:
    """Names and values for the comments of a transaction; flat, values `encoded`."""
    return {
        name.replace("_", "-"): encoded(value)
        for key, said in entry.items()
        if key not in _SAID_ELSEWHERE
        for name, value in _flat(key, said)
        if value
    }


def comment(entry: LedgerEntry) -> str:
    """One line on an entry that moves nothing."""
    told = (f"{key}={value}" for key, value in notes(entry).items())
    return ", ".join((encoded(entry["subject"]), *told))


def _flat(key: str, value: Any) -> list[tuple[str, str]]:
    match value:
        case dict():
            return [
                (f"{key}-{name}", text)
                for inner, each in value.items()
                for name, text in _flat(inner, each)
            ]
        case list():
            return [(key, "+".join(map(str, value)))]
        case int() if key.endswith("_fen"):
            return [(key.removesuffix("_fen"), yuan(value))]
        case _:
            return [(key, str(value))]
