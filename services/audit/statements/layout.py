"""How a statement's columns are named: a TOML file, and options of a command laid over it.

mapping.example.toml is a complete one.
"""

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Literal, get_args

from pydantic import Field, ValidationError

from shared.contracts.values import Value
from shared.errors import Invalid
from shared.validation import describe_validation

Column = Literal[
    "statement",
    "row",
    "bank_reference",
    "received_at",
    "name",
    "phone",
    "amount",
    "fund_id",
    "designation",
]
COLUMNS: tuple[str, ...] = get_args(Column)
NEEDED = ("name", "amount", "fund_id", "received_at")
USUAL = {
    "对账单": "statement",
    "行号": "row",
    "流水号": "bank_reference",
    "名称": "name",
    "电话": "phone",
    "金额": "amount",
    "基金": "fund_id",
    "到账时间": "received_at",
    "用途": "designation",
    **{name: name for name in COLUMNS},
}
"""What a column is without being told."""


def example() -> str:
    return files("services.audit.statements").joinpath("mapping.example.toml").read_text("utf-8")


class Amounts(Value):
    unit: Literal["元", "万元", "分"] = "元"


class Layout(Value):
    columns: dict[Column, str] = Field(default_factory=dict)
    constants: dict[Column, str] = Field(default_factory=dict)
    amounts: Amounts = Amounts()

    def named(self, headers: Sequence[str]) -> dict[str, int]:
        """Our names, and in which place each stands. Raises Invalid: what is missing or unclear."""
        theirs = [header.strip() for header in headers]
        found = self._told(theirs)
        for place, header in enumerate(theirs):
            ours = USUAL.get(header)
            if ours and ours not in found and ours not in self.constants:
                found[ours] = place
        missing = [name for name in NEEDED if name not in found and name not in self.constants]
        if missing:
            raise _missing(missing)
        return found

    def _told(self, theirs: Sequence[str]) -> dict[str, int]:
        absent = [name for name in self.columns.values() if name not in theirs]
        if absent:
            names = ", ".join(absent)
            zh, en = f"文件中没有这些列：{names}", f"the file has no columns {names}"
            raise Invalid.of("columns_missing", zh, en)
        return {ours: theirs.index(header) for ours, header in self.columns.items()}


def layout_of(
    toml: bytes = b"", columns: Sequence[str] = (), constants: Sequence[str] = ()
) -> Layout:
    """The file's, with `ours=theirs` and `ours=value` laid over it. Raises Invalid."""
    try:
        said = tomllib.loads(toml.decode("utf-8-sig"))
        return Layout.model_validate(
            said
            | {"columns": said.get("columns", {}) | _pairs(columns)}
            | {"constants": said.get("constants", {}) | _pairs(constants)}
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise Invalid.of(
            "mapping_wrong", f"列映射不是 TOML：{error}", f"no TOML: {error}"
        ) from None
    except ValidationError as error:
        raise Invalid(*describe_validation(error)) from None


def _pairs(given: Sequence[str]) -> Mapping[str, str]:
    split = [text.partition("=") for text in given]
    wrong = [
        text for text, (name, sign, _) in zip(given, split, strict=True) if not (name and sign)
    ]
    if wrong:
        zh, en = "写法：字段=列名", f"written as {COLUMNS[0]}=value, not as {wrong[0]}"
        raise Invalid.of("mapping_wrong", zh, en)
    return {name.strip(): value.strip() for name, _, value in split}


def _missing(names: Sequence[str]) -> Invalid:
    labels = {ours: label for label, ours in reversed(USUAL.items()) if ours != label}
    return Invalid.of(
        "columns_missing",
        f"缺少列：{'、'.join(labels[name] for name in names)}（可用 --column 或 --set 指定）",
        f"columns missing: {', '.join(names)} (name them with --column or --set)",
    )
