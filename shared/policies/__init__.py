"""Statutory policies first (分层分类社会救助): which class has a right to which, in one file.

`policies.csv` is installed with Guanjia; `GUANJIA_POLICIES_FILE` names another, edited in any
spreadsheet program. What stands there is shown to approvers and applicants.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from shared.contracts.values import LABELS, BeneficiaryClass, Category
from shared.documents import Document
from shared.errors import Invalid, Problem
from shared.policies.messages import (
    POLICIES_UNREADABLE,
    POLICY_CODE_WRONG,
    POLICY_DAYS_WRONG,
    POLICY_ROW_WRONG,
    POLICY_TWICE,
    POLICY_WORD_UNKNOWN,
)
from shared.sheets import (
    Column,
    Columns,
    RefusedRow,
    Row,
    open_sheet,
    parse_folded,
    parse_text,
)
from shared.text import fold_text

PACKAGED = Path(__file__).parent / "policies.csv"
EVERYBODY = "全部"
DAYS_MAX = 120
W = TypeVar("W", BeneficiaryClass, Category)
_SPLIT = re.compile(r"[\s、;,/|]+")
_CODE = re.compile(r"[a-z][a-z0-9_]{1,40}")


@dataclass(frozen=True, slots=True)
class Policy:
    """answer_days: working days within which the department answers. hint: who has a right."""

    code: str
    zh: str
    en: str
    classes: frozenset[BeneficiaryClass]
    categories: frozenset[Category]
    department_zh: str
    department_en: str
    answer_days: int
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Policies:
    rows: tuple[Policy, ...]

    @property
    def names(self) -> Mapping[str, tuple[str, str]]:
        """Chinese and English, by code."""
        return {row.code: (row.zh, row.en) for row in self.rows}

    def find(self, code: str) -> Policy | None:
        return next((row for row in self.rows if row.code == code), None)

    def suggest(self, class_: BeneficiaryClass, category: Category) -> tuple[Policy, ...]:
        """Those that this class has a right to, for this sort of help."""
        return tuple(
            row for row in self.rows if class_ in row.classes and category in row.categories
        )


def _parse_words(text: str, words: type[W]) -> frozenset[W]:
    labels = {LABELS[word]: word for word in words}
    names = [name for name in _SPLIT.split(fold_text(text)) if name]
    if EVERYBODY in names:
        return frozenset(words)
    for name in names:
        if name not in labels:
            raise POLICY_WORD_UNKNOWN.invalid(word=name, labels="、".join(labels))
    return frozenset(labels[name] for name in names)


def _parse_classes(text: str, _: str) -> frozenset[BeneficiaryClass]:
    return _parse_words(text, BeneficiaryClass)


def _parse_categories(text: str, _: str) -> frozenset[Category]:
    return _parse_words(text, Category)


def _parse_days(text: str, field: str) -> int:
    folded = fold_text(text)
    if not (folded.isascii() and folded.isdigit() and 1 <= int(folded) <= DAYS_MAX):
        raise POLICY_DAYS_WRONG.invalid(field)
    return int(folded)


def _parse_code(text: str, field: str) -> str:
    folded = fold_text(text)
    if not _CODE.fullmatch(folded):
        raise POLICY_CODE_WRONG.invalid(field)
    return folded


COLUMNS = Columns(
    (
        Column("code", "代码", _parse_code, required=True),
        Column("zh", "政策 名称", parse_folded, required=True),
        Column("en", "英文", parse_folded, required=True),
        Column("classes", "困难类别", _parse_classes, required=True),
        Column("categories", "诉求类别", _parse_categories, required=True),
        Column("department_zh", "受理部门", parse_folded, required=True),
        Column("department_en", "部门英文", parse_folded, required=True),
        Column("answer_days", "答复工作日", _parse_days, required=True),
        Column("hint", "说明", parse_text),
    )
)


@cache
def load_policies(file: Path | None = None) -> Policies:
    """Of this file, or the one that is installed. Raises Invalid with everything that is wrong."""
    try:
        content = (file or PACKAGED).read_bytes()
    except OSError as error:
        raise POLICIES_UNREADABLE.invalid(reason=error.strerror or type(error).__name__) from None
    return read_policies(content)


def read_policies(content: bytes) -> Policies:
    """Raises Invalid."""
    rows = list(open_sheet(content).find_table(COLUMNS))
    problems = [problem for row in rows if isinstance(row, RefusedRow) for problem in _place(row)]
    policies = [_make_policy(row.values) for row in rows if isinstance(row, Row)]
    codes = [policy.code for policy in policies]
    problems += [
        POLICY_TWICE.problem(code=code) for code in dict.fromkeys(codes) if codes.count(code) > 1
    ]
    if problems:
        raise Invalid(*problems)
    return Policies(tuple(policies))


def _make_policy(values: Document) -> Policy:
    return Policy(**values)


def _place(row: RefusedRow) -> Iterator[Problem]:
    return (
        POLICY_ROW_WRONG.problem(each.field, line=row.line, zh=each.zh, en=each.en)
        for each in row.problems
    )
