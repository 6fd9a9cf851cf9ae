"""The words: one fixed template per purpose (`templates.csv`), as registered with the providers; in
English under the purpose with `.en` (`templates_en.csv`), by ids of its own. docs/decisions/0228.

Status notices only; both providers ban appeals for donations, and a variable of an SMS takes at
most six characters and no link. `{1}` is the last six characters of the request's or donation's
number, so that two notices about different things never have the same content. `{2}` and on are
what the column `with` lists, in its order (`VARIABLES`); in a digest for staff `{1}` is the time of
day. A template that some provider would refuse is not loaded (`limits.py`).
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Literal, cast, get_args

from shared.contracts.values import NoticeLanguage

Variable = Literal[
    "donor",
    "code",
    "count",
    "detail",
    "total",
    "sum",
    "what",
    "thing",
    "office",
    "quantity",
    "town",
    "until",
    "day",
    "reason",
    "answer",
    "answer_again",
]
"""donor: by name only where he consents and it is short enough, else what he is. code: of a donor's
word over the phone. count: how many wait. detail: what the event says, such as a hotline's number.
total: of what it tells of together, as the event says it. sum, quantity: of money, of anything;
with the thing, if both have room. office: to whom a request went. what: the category. thing: of
money the sum, else the item by its name in the catalogue, else the category. until: the last day.
day: of a meeting, or on which help comes. reason: in words, on WeChat alone. answer, answer_again:
the number that a donor answers with, beside Y and beside N: a template takes each place once."""
VARIABLES: tuple[Variable, ...] = get_args(Variable)
WECHAT_ONLY: frozenset[Variable] = frozenset({"reason"})


@dataclass(frozen=True, slots=True)
class Template:
    """sms_id, wechat_id: as the simulators know them; settings replace them by the approved ones.

    status, hint: WeChat's `thing` fields, at most 20 characters each. extras: what it says beside
    the reference, in order.
    """

    sms_id: str
    sms: str
    title: str
    status: str
    hint: str
    extras: tuple[Variable, ...] = ()
    language: NoticeLanguage = "zh"

    def has(self, variable: Variable) -> bool:
        return variable in self.extras

    @property
    def sms_variables(self) -> tuple[Variable, ...]:
        """Of {2} and on."""
        return tuple(each for each in self.extras if each not in WECHAT_ONLY)

    @property
    def aliyun_id(self) -> str:
        """Its variables are ${v1}, ${v2} ..., where Tencent's are {1}, {2} ..."""
        return f"SMS_{self.sms_id}"

    @property
    def wechat_id(self) -> str:
        return f"guanjia-{self.sms_id}"


ENGLISH_SUFFIX = ".en"


def name_template(purpose: str, language: NoticeLanguage) -> str:
    """Under which words and approved ids stand."""
    return purpose if language == "zh" else f"{purpose}{ENGLISH_SUFFIX}"


def find_purpose(name: str) -> str:
    """Of a template."""
    return name.removesuffix(ENGLISH_SUFFIX)


def _read_templates() -> dict[str, Template]:
    """By name: all in Chinese, then all in English."""
    chinese = {row["purpose"]: _make_template(row) for row in _read_rows("templates.csv")}
    english = {
        name_template(row["purpose"], "en"): _translate(chinese[row["purpose"]], row)
        for row in _read_rows("templates_en.csv")
    }
    return chinese | english


def _read_rows(file_name: str) -> Iterator[Mapping[str, str]]:
    """Raises ValueError for a row of more or fewer cells: a comma that nobody quoted."""
    text = files("services.notify").joinpath(file_name).read_text("utf-8")
    head, *rows = csv.reader(io.StringIO(text), strict=True)
    return (dict(zip(head, row, strict=True)) for row in rows)


def _make_template(row: Mapping[str, str]) -> Template:
    """with: the further variables that a template has, set apart by blanks."""
    extras = row["with"].split()
    unknown = set(extras) - set(VARIABLES)
    if unknown:
        raise ValueError(f"{row['purpose']}: no such variable: {', '.join(sorted(unknown))}")
    return Template(
        sms_id=row["sms_id"],
        sms=row["sms"],
        title=row["title"],
        status=row["status"],
        hint=row["hint"],
        extras=cast("tuple[Variable, ...]", tuple(extras)),
    )


def _translate(template: Template, row: Mapping[str, str]) -> Template:
    """It carries the same: 2400001 in Chinese is 2500001 in English."""
    return replace(
        template,
        sms_id=str(int(template.sms_id) + 100_000),
        sms=row["sms"],
        title=row["title"],
        status=row["status"],
        hint=row["hint"],
        language="en",
    )


TEMPLATES: Mapping[str, Template] = _read_templates()
