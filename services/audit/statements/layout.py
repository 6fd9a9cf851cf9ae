"""How a statement's columns are named: a TOML file, and options of a command laid over it.

mapping.example.toml is a complete one.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.resources import files
from typing import Literal, get_args

from pydantic import Field, ValidationError

from services.audit.messages import (
    DIRECTION_OUTGOING,
    MAPPING_UNREADABLE,
    MAPPING_WRONG,
    ROW_WRONG,
    STATE_UNFINISHED,
)
from shared.contracts.values import Value
from shared.errors import Invalid, Message
from shared.moments import parse_moment
from shared.money import check_currency, parse_amount
from shared.phones import PHONE_CODES, parse_mobile
from shared.sheets import ABSENT_WORDS, Column, Columns, make_code_parser
from shared.sheets.messages import VALUE_ERROR
from shared.text import clean_lines, fold_text
from shared.validation import describe_validation

ColumnName = Literal[
    "statement",
    "row",
    "bank_reference",
    "received_at",
    "name",
    "phone",
    "amount",
    "fund_id",
    "designation",
    "currency",
    "direction",
    "state",
]
COLUMNS: tuple[str, ...] = get_args(ColumnName)

_SPOILT = frozenset({VALUE_ERROR.code})
_INCOMING = frozenset(
    {"收入", "收", "贷", "贷方", "入账", "转入", "汇入", "存入", "进账"}
    | {"+", "c", "cr", "credit", "in", "income"}
)
_FINISHED = frozenset(
    {"成功", "交易成功", "支付成功", "完成", "已完成", "支付完成", "已入账", "已到账", "已收款"}
    | {"正常", "success", "completed", "ok"}
)


def read_example() -> str:
    return files("services.audit.statements").joinpath("mapping.example.toml").read_text("utf-8")


class Amounts(Value):
    unit: Literal["元", "万元", "分"] = "元"


class Layout(Value):
    """columns: the headers of this file. constants: the same for every row."""

    columns: dict[ColumnName, str] = Field(default_factory=dict)
    constants: dict[ColumnName, str] = Field(default_factory=dict)
    amounts: Amounts = Amounts()

    def as_columns(self) -> Columns:
        """Declared once for all statements; the file's own words and values laid over it."""
        mapping: dict[str, str] = {str(name): text for name, text in self.columns.items()}
        constants: dict[str, str] = {str(name): text for name, text in self.constants.items()}
        return Columns(
            (
                Column("statement", "对账单"),
                Column("row", "行号", _parse_row_number),
                Column("bank_reference", "流水号", make_code_parser("流水号")),
                # Cash at the counter has no name, and is given nevertheless.
                Column("name", "名称", required=True, may_be_empty=True),
                # The money is there, whatever the bank says of a phone.
                Column(
                    "phone",
                    "电话 手机 手机号",
                    parse_mobile,
                    absent=ABSENT_WORDS,
                    forgiven=PHONE_CODES | _SPOILT,
                ),
                Column("amount", "金额", self._parse_amount, required=True),
                Column("fund_id", "基金", make_code_parser("基金"), required=True),
                Column("received_at", "到账时间", parse_moment, required=True),
                Column("designation", "用途", _parse_prose, forgiven=_SPOILT),
                Column("currency", "币种 货币 币别 交易币种", _check_yuan),
                Column("direction", "收支 借贷 收/支 借贷标志 借贷方向 收支方向", _check_incoming),
                Column("state", "状态 交易状态 支付状态", _check_finished),
            ),
            mapping=mapping,
            constants=constants,
        )

    def _parse_amount(self, text: str, field: str) -> int:
        return parse_amount(text, field, self.amounts.unit)


def parse_layout(
    toml: bytes = b"", columns: Sequence[str] = (), constants: Sequence[str] = ()
) -> Layout:
    """The file's, with `ours=theirs` and `ours=value` laid over it. Raises Invalid."""
    try:
        mapping = tomllib.loads(toml.decode("utf-8-sig"))
        return Layout.model_validate(
            mapping
            | {"columns": mapping.get("columns", {}) | _split_pairs(columns)}
            | {"constants": mapping.get("constants", {}) | _split_pairs(constants)}
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise MAPPING_UNREADABLE.invalid(reason=error) from None
    except ValidationError as error:
        raise Invalid(*describe_validation(error)) from None


def _split_pairs(pairs: Sequence[str]) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not (name and sign):
            raise MAPPING_WRONG.invalid(text=pair)
        texts[name.strip()] = text.strip()
    return texts


def _parse_row_number(text: str, field: str) -> int:
    folded = fold_text(text)
    if not re.fullmatch(r"[0-9]{1,9}", folded) or int(folded) < 1:
        raise ROW_WRONG.invalid(field)
    return int(folded)


def _parse_prose(text: str, _: str) -> str:
    return clean_lines(text)


def _check_yuan(text: str, field: str) -> str:
    check_currency(text, field)
    return text


def _check_word(accepted: frozenset[str], refusal: Message, text: str, field: str) -> str:
    if fold_text(text).casefold() not in accepted:
        raise refusal.invalid(field)
    return text


_check_incoming = partial(_check_word, _INCOMING, DIRECTION_OUTGOING)
_check_finished = partial(_check_word, _FINISHED, STATE_UNFINISHED)
