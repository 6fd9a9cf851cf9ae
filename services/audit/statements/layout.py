"""How a statement's columns are named: a TOML file, and options of a command laid over it.

mapping.example.toml is a complete one.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, ValidationError

from services.audit.statements.booking import parse_booked_at
from services.audit.statements.meaning import (
    build_guards,
    check_designation,
    check_finished,
    check_giver,
    check_incoming,
    check_unread,
)
from services.audit.statements.messages import (
    AMOUNT_REVERSED,
    MAPPING_UNREADABLE,
    MAPPING_WRONG,
    ROW_WRONG,
)
from shared.contracts.values import Value
from shared.errors import Invalid
from shared.messages import AMOUNT_SIGNED
from shared.money import parse_amount
from shared.phones import PHONE_CODES, parse_mobile
from shared.sheets import ABSENT_WORDS, Column, Columns, check_yuan, make_code_parser
from shared.sheets.columns import fold_header
from shared.sheets.messages import VALUE_ERROR
from shared.text import FOLDED, clean_lines, clean_text, fold_text
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

# The label first, then what banks and payment channels call it. Two of them in one file are asked
# about: the mapping says which.
_REFERENCE_WORDS = (
    "流水号 交易流水号 银行流水号 交易单号 微信支付单号 微信订单号 支付宝交易号 支付宝流水号 "
    "账户明细编号-交易流水号 凭证号/流水号 流水号/凭证号 交易流水号/凭证号 "
    "银行流水 核心流水号 主机流水号 柜员流水号"
)
_GIVER_WORDS = (
    "名称 捐赠者 捐赠人 捐赠方 捐款人 捐赠单位 捐赠者名称 对方户名 对方名称 对方账户名称 "
    "付款人 付款人名称 付款方 付款方名称 付款户名 交易对方 对方单位名称 收(付)方名称"
)
_AMOUNT_WORDS = (
    "金额 捐赠金额 捐款金额 交易金额 入账金额 到账金额 收款金额 "
    "收入 收入金额 存入金额 贷方 贷方金额 贷方发生额 贷方发生额(收入)"
)
_MOMENT_WORDS = (
    "到账时间 到账日期 入账时间 入账日期 记账时间 记账日期 交易时间 交易日期 "
    "捐赠时间 捐赠日期 捐款时间 捐款日期"
)
_SPOILT = frozenset({VALUE_ERROR.code})


def read_example() -> str:
    return files("services.audit.statements").joinpath("mapping.example.toml").read_text("utf-8")


class Amounts(Value):
    unit: Literal["元", "千元", "万元", "分"] = "元"


class Layout(Value):
    """columns: the headers of this file. constants: the same for every row. ignored: headers that
    somebody looked at and that say nothing of the money. account: whose statements they are; equal
    gifts of two accounts are two. bank_fund: where interest and charges of the account are entered;
    empty: finance is asked of each."""

    columns: dict[ColumnName, str] = Field(default_factory=dict)
    constants: dict[ColumnName, str] = Field(default_factory=dict)
    amounts: Amounts = Amounts()
    ignored: tuple[str, ...] = ()
    account: Annotated[str, Field(max_length=100), FOLDED] = ""
    bank_fund: Annotated[str, Field(max_length=60), FOLDED] = ""

    def of_account(self, account: str) -> Self:
        """The same, of the account that is named, if one is."""
        return self.model_copy(update={"account": fold_text(account)}) if account else self

    def with_bank_fund(self, fund_id: str) -> Self:
        """The same, with the fund that is named, if one is."""
        return self.model_copy(update={"bank_fund": fold_text(fund_id)}) if fund_id else self

    def lay_over(self, other: Self) -> Self:
        """This one, with what `other` says in place of it."""
        return self.model_copy(
            update={
                "columns": {**self.columns, **other.columns},
                "constants": {**self.constants, **other.constants},
                "amounts": other.amounts if other.amounts != Amounts() else self.amounts,
                "ignored": tuple(dict.fromkeys((*self.ignored, *other.ignored))),
                "account": other.account or self.account,
                "bank_fund": other.bank_fund or self.bank_fund,
            }
        )

    def for_bank_file(self, account: str) -> Self:
        """The same for a format whose columns and unit are known. account: as the file says it,
        where nobody named it."""
        columns = {"designation": "附言"}
        update = {"columns": columns, "amounts": Amounts(), "account": self.account or account}
        return self.model_copy(update=update)

    def build_columns(self) -> Columns:
        """Declared once for all statements; the file's own words and values laid over it."""
        ignored = {fold_header(header) for header in self.ignored}
        mapping: dict[str, str] = {
            str(name): text
            for name, text in self.columns.items()
            if fold_header(text) not in ignored
        }
        constants: dict[str, str] = {str(name): text for name, text in self.constants.items()}
        return Columns(
            (
                Column("statement", "对账单"),
                Column("row", "行号", _parse_row_number),
                Column("bank_reference", _REFERENCE_WORDS, make_code_parser("流水号"), single=True),
                # Cash at the counter has no name, and is given nevertheless.
                Column("name", _GIVER_WORDS, self._parse_giver, required=True, may_be_empty=True),
                # The money is there, whatever the bank says of a phone.
                Column(
                    "phone",
                    "电话 手机 手机号",
                    parse_mobile,
                    absent=ABSENT_WORDS,
                    forgiven=PHONE_CODES | _SPOILT,
                ),
                Column("amount", _AMOUNT_WORDS, self._parse_amount, required=True, single=True),
                Column("fund_id", "基金 基金编号", make_code_parser("基金"), required=True),
                Column("received_at", _MOMENT_WORDS, parse_booked_at, required=True),
                Column(
                    "designation",
                    "用途 捐赠用途 捐赠意向",
                    self._parse_designation,
                    forgiven=_SPOILT,
                ),
                # Whatever a file calls these, they are known by their guards.
                Column("currency", "币种", check_yuan),
                Column("direction", "收支", self._check_incoming, takes_blank=False),
                Column("state", "状态", self._check_finished),
            ),
            mapping=mapping,
            constants=constants,
            ignored=self.ignored,
            guards=build_guards(self.columns.get("amount", "")),
            check_unread=check_unread,
        )

    def _parse_giver(self, text: str, field: str) -> str:
        return clean_text(check_giver(text, field, self.columns.get("name", "名称")))

    def _parse_designation(self, text: str, field: str) -> str:
        header = self.columns.get("designation", "用途")
        return clean_lines(check_designation(text, field, header))

    def _check_incoming(self, text: str, field: str) -> str:
        return check_incoming(text, field, self.columns.get("direction", "收支"))

    def _check_finished(self, text: str, field: str) -> str:
        return check_finished(text, field, self.columns.get("state", "状态"))

    def _parse_amount(self, text: str, field: str) -> int:
        try:
            return parse_amount(text, field, self.amounts.unit)
        except Invalid as error:
            if any(problem.code == AMOUNT_SIGNED.code for problem in error.problems):
                raise AMOUNT_REVERSED.invalid(field) from None
            raise


def parse_layout(
    toml: bytes = b"",
    columns: Sequence[str] = (),
    constants: Sequence[str] = (),
    ignored: Sequence[str] = (),
) -> Layout:
    """The file's, with `ours=theirs`, `ours=value` and more to ignore laid over it. Raises
    Invalid."""
    try:
        mapping = tomllib.loads(toml.decode("utf-8-sig"))
        layout = Layout.model_validate(
            mapping
            | {"columns": mapping.get("columns", {}) | split_pairs(columns)}
            | {"constants": mapping.get("constants", {}) | split_pairs(constants)}
        )
        return layout.model_copy(update={"ignored": (*layout.ignored, *ignored)})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise MAPPING_UNREADABLE.invalid(reason=error) from None
    except ValidationError as error:
        raise Invalid(*describe_validation(error)) from None


def split_pairs(pairs: Sequence[str]) -> Mapping[str, str]:
    """`ours=theirs`, as a command takes them. Raises Invalid."""
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
