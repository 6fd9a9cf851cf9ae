"""MT940 (SWIFT customer statement), read by the library mt-940."""

import re
from decimal import Decimal
from typing import Any

from services.audit.statements import messages
from services.audit.statements.bank_lines import BOOKED, REVERSED, BankFile, BankLine
from shared.documents import Document
from shared.sheets.decoding import decode_text

_OPENING = re.compile(rb"^:60[FM]:", re.MULTILINE)
_BEGINNING = re.compile(rb"^(?:\{[^\n]*)?:20:", re.MULTILINE)
_LINE = re.compile(r"^:61:", re.MULTILINE)
_STATEMENT = re.compile(r"^(?:\{[^\n]*)?(?=:20:)", re.MULTILINE)
_NAME = re.compile(r"/(?:NAME|ORDP|BENM)/+(?:NAME/)?([^/\n]+)", re.IGNORECASE)
_KINDS = {"INT": "利息", "CHG": "手续费", "COM": "手续费", "CHK": "", "TRF": ""}
_ABSENT = frozenset({"", "NONREF", "NOTPROVIDED", "NONE"})


def is_mt940(content: bytes) -> bool:
    return bool(_BEGINNING.search(content[:2000]) and _OPENING.search(content[:4000]))


def read_mt940(content: bytes) -> BankFile:
    """Raises Invalid for what is broken, or no statement of one account."""
    text = decode_text(content).replace("\r\n", "\n")
    statements = [_parse(part) for part in _STATEMENT.split(text) if ":60" in part]
    accounts = {str(each.data.get("account_identification", "")) for each in statements}
    if len(accounts) != 1:
        raise messages.ACCOUNTS_SEVERAL.invalid(count=len(accounts))
    lines = tuple(_read_line(line.data) for each in statements for line in each)
    opening = _read_balance(statements[0].data, "opening")
    closing = _read_balance(statements[-1].data, "closing")
    return BankFile(accounts.pop(), lines, opening, closing)


def _parse(text: str) -> Any:  # mt940 has no types
    import mt940  # an auditor does not have it

    try:
        statement = mt940.models.Transactions()
        statement.parse(text)
    except Exception as error:  # the library raises whatever comes in its way
        raise messages.BANK_FILE_BROKEN.invalid(reason=str(error)[:100]) from None
    if len(statement) != len(_LINE.findall(text)):
        raise messages.BANK_FILE_BROKEN.invalid(
            reason=f"{len(_LINE.findall(text))} 行 :61: 只读出 {len(statement)} 行"
        )
    return statement


def _read_balance(data: Document, which: str) -> Decimal | None:
    for kind in ("final", "intermediate"):
        balance = data.get(f"{kind}_{which}_balance")
        if balance is not None:
            return Decimal(balance.amount.amount)
    return None


def _read_line(line: Document) -> BankLine:
    """A reversal (RC, RD) goes the other way than what it takes back."""
    status, amount = str(line["status"]), line["amount"]
    details = str(line.get("transaction_details") or "")
    day = line.get("entry_date") or line["date"]
    is_reversal = status.startswith("R")
    return BankLine(
        reference=_read_reference(line),
        moment=f"{day:%Y-%m-%d}",
        party=_read_party(line, details),
        amount=abs(Decimal(amount.amount)),
        currency=str(amount.currency or line.get("currency") or ""),
        is_credit=(status[-1] == "C") is not is_reversal,
        state=REVERSED if is_reversal else BOOKED,
        kind=_KINDS.get(str(line.get("id") or "")[1:], ""),
        memo=" ".join(str(line.get("purpose") or details).split()),
    )


def _read_reference(line: Document) -> str:
    for name in ("bank_reference", "customer_reference"):
        reference = str(line.get(name) or "").strip()
        if reference.upper() not in _ABSENT:
            return reference
    return ""


def _read_party(line: Document, details: str) -> str:
    name = str(line.get("applicant_name") or "")
    match = _NAME.search(details)
    return name or (match[1].strip() if match else "")
