"""A bank statement as CSV: bytes in, gifts out, each with its giver or why it is none.

Headers in Chinese or English; amounts in yuan; a time without a zone is China's.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from pydantic import ValidationError

from shared.contracts.events import Applicant, DonationReceived
from shared.errors import Invalid, describe_validation

CHINA = timezone(timedelta(hours=8))
HEADERS = {
    "流水号": "bank_reference",
    "名称": "name",
    "电话": "phone",
    "金额": "amount",
    "基金": "fund_id",
    "到账时间": "received_at",
}
NEEDED = ("bank_reference", "name", "amount", "fund_id", "received_at")
FEN_MAX = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Gift:
    """line: in the file, from 1. giver: name and perhaps phone, as intake registers a party.

    fact: without its donor_id, which intake gives when the giver is registered there.
    """

    line: int
    giver: dict[str, str]
    fact: DonationReceived


@dataclass(frozen=True, slots=True)
class Refused:
    line: int
    field: str
    zh: str
    en: str


def read(content: bytes) -> Iterator[Gift | Refused]:
    """Raises Invalid when the file is no bank statement at all."""
    lines = csv.DictReader(io.StringIO(_decoded(content), newline=""))
    names = [HEADERS.get(name.strip(), name.strip()) for name in lines.fieldnames or ()]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        zh, en = (
            "缺少列：流水号、名称、金额、基金、到账时间",
            f"columns missing: {', '.join(missing)}",
        )
        raise Invalid.of("columns_missing", zh, en)
    lines.fieldnames = names
    for cells in lines:
        yield _row(lines.line_num, {k: v.strip() for k, v in cells.items() if k and v})


def _row(line: int, values: Mapping[str, str]) -> Gift | Refused:
    for name in NEEDED:
        if not values.get(name):
            return Refused(line, name, "缺少此项", "is missing")
    try:
        return _gift(line, values)
    except ValidationError as error:
        problem = describe_validation(error)[0]
    except Invalid as error:
        problem = error.problems[0]
    return Refused(line, problem.field, problem.zh, problem.en)


def _gift(line: int, values: Mapping[str, str]) -> Gift:
    """Raises Invalid and ValidationError."""
    giver = {name: values[name] for name in ("name", "phone") if values.get(name)}
    Applicant.model_validate(giver)
    fact = DonationReceived(
        donor_id="P-not-registered-yet",
        fund_id=values["fund_id"],
        amount_fen=_fen(values["amount"]),
        received_at=_moment(values["received_at"]),
        bank_reference=values["bank_reference"],
    )
    return Gift(line, giver, fact)


def _fen(text: str) -> int:
    """Raises Invalid: no positive amount of whole fen."""
    try:
        exact = Decimal(text.replace(",", "").removeprefix("¥")) * 100
        if exact == exact.to_integral_value() and 0 < exact <= FEN_MAX:
            return int(exact)
    except (ArithmeticError, ValueError):
        pass
    raise Invalid.of("amount_wrong", "金额不正确", "not an amount in yuan", "amount")


def _moment(text: str) -> datetime:
    """Raises Invalid."""
    try:
        found = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise Invalid.of(
            "time_wrong", "时间不正确，如 2022-01-20 08:30", "not an ISO time", "received_at"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=CHINA)


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid.of("encoding_unknown", "文件编码无法识别", "neither UTF-8 nor GB18030")
