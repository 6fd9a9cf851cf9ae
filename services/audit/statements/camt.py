"""CAMT.053 (ISO 20022 BankToCustomerStatement), versions 02 to 13: one account's statement."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from xml.etree.ElementTree import Element, ParseError

from services.audit.statements import messages
from services.audit.statements.bank_lines import (
    BOOKED,
    PENDING,
    REVERSED,
    UNDIVIDED,
    BankFile,
    BankLine,
    parse_decimal,
)

_NAMESPACE = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.(05[234])\.001\.\d\d\}Document")
_STATES = {"BOOK": BOOKED, "PDNG": PENDING, "FUTR": PENDING}
_KINDS = {"INTR": "利息", "CHRG": "手续费", "FEES": "手续费", "COMM": "手续费", "TAXE": "税费"}
_ABSENT = ("", "NOTPROVIDED", "NONREF")


def is_camt(content: bytes) -> bool:
    return b"iso:20022:tech:xsd:camt." in content[:2000]


def read_camt(content: bytes) -> BankFile:
    """Raises Invalid for what is broken, or no statement of one account."""
    from defusedxml import DefusedXmlException  # an auditor does not have it
    from defusedxml.ElementTree import fromstring

    try:
        document = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise messages.BANK_FILE_BROKEN.invalid(reason=str(error)[:100]) from None
    named = _NAMESPACE.fullmatch(document.tag)
    if named is None or named[1] != "053":
        raise messages.CAMT_OTHER.invalid(kind=named[1] if named else document.tag[-20:])
    statements = _find_all(document, "BkToCstmrStmt/Stmt")
    accounts = {_read_account(each) for each in statements}
    if len(accounts) != 1:
        raise messages.ACCOUNTS_SEVERAL.invalid(count=len(accounts))
    lines = tuple(each for statement in statements for each in _read_entries(statement))
    first, last = statements[0], statements[-1]
    opening, closing = _read_balance(first, "OPBD", "PRCD"), _read_balance(last, "CLBD")
    return BankFile(accounts.pop(), lines, opening, closing)


def _read_account(statement: Element) -> str:
    return _read_text(statement, "Acct/Id/IBAN") or _read_text(statement, "Acct/Id/Othr/Id")


def _read_balance(statement: Element, *codes: str) -> Decimal | None:
    for balance in _find_all(statement, "Bal"):
        if _read_text(balance, "Tp/CdOrPrtry/Cd") in codes:
            amount = parse_decimal(_read_text(balance, "Amt"))
            return amount if _is_credit(balance) else -amount
    return None


def _read_entries(statement: Element) -> Iterator[BankLine]:
    for entry in _find_all(statement, "Ntry"):
        details = _find_all(entry, "NtryDtls/TxDtls")
        amounts = [_read_amount(each) for each in details]
        total = parse_decimal(_read_text(entry, "Amt"))
        if len(details) > 1 and None not in amounts and sum(filter(None, amounts)) == total:
            yield from _tell_apart([_read_line(entry, each) for each in details])
        else:
            single = details[0] if len(details) == 1 else None
            line = _read_line(entry, single, total)
            yield _mark_undivided(line) if len(details) > 1 else line


def _tell_apart(lines: Sequence[BankLine]) -> Iterator[BankLine]:
    """Details that have the entry's reference alone are numbered: each is a gift of its own."""
    counts = Counter(line.reference for line in lines)
    for number, line in enumerate(lines, 1):
        is_shared = line.reference and counts[line.reference] > 1
        yield replace(line, reference=f"{line.reference}-{number}") if is_shared else line


def _mark_undivided(line: BankLine) -> BankLine:
    named = (line.reference, line.moment, line.party, line.amount)
    return BankLine(*named, line.currency, line.is_credit, UNDIVIDED, line.kind, line.memo)


def _read_amount(detail: Element) -> Decimal | None:
    text = _read_text(detail, "Amt") or _read_text(detail, "AmtDtls/TxAmt/Amt")
    return parse_decimal(text) if text else None


def _read_line(entry: Element, detail: Element | None, total: Decimal | None = None) -> BankLine:
    """total: the entry's own amount, where the detail is all of it."""
    parts = [part for part in (detail, entry) if part is not None]
    amount = total if total is not None else _read_amount(parts[0])
    assert amount is not None
    is_credit, is_reversal = _is_credit(entry), _read_text(entry, "RvslInd") in ("true", "1")
    state = _STATES.get(_read_text(entry, "Sts/Cd") or _read_text(entry, "Sts"), PENDING)
    families = [_find_first(parts, f"BkTxCd/Domn/Fmly/{name}") for name in ("SubFmlyCd", "Cd")]
    return BankLine(
        reference=_read_reference(parts),
        moment=_find_first([entry], "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"),
        party=_read_party(parts, "Dbtr" if is_credit else "Cdtr"),
        amount=amount,
        currency=_read_currency(entry),
        is_credit=is_credit,
        state=REVERSED if is_reversal else state,
        kind=next((_KINDS[code] for code in families if code in _KINDS), ""),
        memo=_read_memo(parts),
        account="" if is_credit else _read_counterparty(parts),
    )


def _is_credit(element: Element) -> bool:
    indicator = _read_text(element, "CdtDbtInd")
    if indicator not in ("CRDT", "DBIT"):
        raise messages.BANK_FILE_BROKEN.invalid(reason=f"CdtDbtInd {indicator[:10]}")
    return indicator == "CRDT"


def _read_currency(entry: Element) -> str:
    amount = _find(entry, "Amt")
    return amount.get("Ccy", "") if amount is not None else ""


def _read_reference(parts: Sequence[Element]) -> str:
    """The bank's own first; what the payer chose is his alone."""
    for path in ("Refs/AcctSvcrRef", "AcctSvcrRef", "Refs/TxId", "NtryRef", "Refs/EndToEndId"):
        for part in parts:
            reference = _read_text(part, path)
            if reference.upper() not in _ABSENT:
                return reference
    return ""


def _read_party(parts: Sequence[Element], role: str) -> str:
    return _find_first(parts, f"RltdPties/{role}/Pty/Nm", f"RltdPties/{role}/Nm")


def _read_counterparty(parts: Sequence[Element]) -> str:
    named = ("RltdPties/CdtrAcct/Id/IBAN", "RltdPties/CdtrAcct/Id/Othr/Id")
    return _find_first(parts, *named)


def _read_memo(parts: Sequence[Element]) -> str:
    texts = [each.text or "" for part in parts for each in _find_all(part, "RmtInf/Ustrd")]
    return " ".join(text.strip() for text in texts if text.strip()) or _find_first(
        parts, "AddtlTxInf", "AddtlNtryInf"
    )


def _find_first(parts: Sequence[Element], *paths: str) -> str:
    texts = (_read_text(part, path) for path in paths for part in parts)
    return next((text for text in texts if text), "")


def _read_text(element: Element, path: str) -> str:
    child = _find(element, path)
    return (child.text or "").strip() if child is not None else ""


def _find(element: Element, path: str) -> Element | None:
    return element.find(_qualify(path))


def _find_all(element: Element, path: str) -> list[Element]:
    return element.findall(_qualify(path))


def _qualify(path: str) -> str:
    """Of whatever version: the root says which it is."""
    return "/".join(f"{{*}}{part}" for part in path.split("/"))
