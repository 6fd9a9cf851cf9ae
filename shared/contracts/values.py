"""The words of the domain as types: kinds, channels, classes, categories, needs, areas.

The Chinese term is the authority (`LABELS`); codes are what travels.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
)
from pydantic_core import PydanticCustomError

from shared.contracts.frozen import Frozen
from shared.text import CLEANED, FOLDED, fold_text


class Value(Frozen):
    """A frozen value at an edge: unknown fields are refused, inputs never shown in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


_BARE_NUMBER = re.compile(r"\s*[+-]?[\d_]*\.?\d+\s*")


def _check_plausible(at: datetime) -> datetime:
    """Near the ends of the calendar a time has no UTC form, and no database takes it."""
    if not 1900 <= at.year < 9000:
        raise PydanticCustomError("time_implausible", "a year from 1900 to 8999 is needed")
    return at


def _require_calendar(value: object) -> object:
    """20271201 is a date that somebody wrote, and not that many seconds after 1970."""
    is_number = isinstance(value, int | float) or (
        isinstance(value, str) and _BARE_NUMBER.fullmatch(value) is not None
    )
    if is_number:
        raise PydanticCustomError(
            "datetime_parsing", "Input should be a date with its time and zone, no bare number"
        )
    return value


def _fold_code(value: object) -> object:
    """As it is printed: one width, no blanks, capitals."""
    return "".join(fold_text(value).split()).upper() if isinstance(value, str) else value


Moment = Annotated[
    AwareDatetime, BeforeValidator(_require_calendar), AfterValidator(_check_plausible)
]
Whole = Annotated[int, Strict()]
"""An integer that is written as one: neither "100" nor 1e2 nor true."""
Fen = Annotated[Whole, Field(ge=0, le=2**53 - 1)]
PositiveFen = Annotated[Whole, Field(gt=0, le=2**53 - 1)]
Quantity = Annotated[Whole, Field(gt=0, le=10**12)]
NoticeLanguage = Literal["zh", "en"]
Identifier = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\w.:/@+-]+$")]
TownCode = Annotated[str, Field(pattern=r"^[0-9]{9}$")]
VillageCode = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
Phone = Annotated[str, Field(pattern=r"^\+861[0-9]{10}$")]
IdNumber = Annotated[
    str,
    Field(pattern=r"^([0-9]{15}|[0-9]{17}[0-9X])$"),
    BeforeValidator(_fold_code),
]
"""Of a resident's ID card. Of 15 digits it is refused with its reason, after its shape."""
Cell = Annotated[str, Field(pattern=r"^8[0-9a-f]{14}$")]
"""An h3 cell: the finest a place is told outside intake's vault."""
ShortText = Annotated[str, Field(min_length=1, max_length=200)]
TEXT_MAX = 40_000
"""Characters of what somebody says he needs: it is kept whole."""
LongText = Annotated[str, Field(max_length=4000)]
Name = Annotated[str, Field(min_length=1, max_length=200), CLEANED]
"""Of a person or organisation: without invisible marks and blanks around."""
Unit = Annotated[str, Field(min_length=1, max_length=20), FOLDED]
Item = Annotated[str, Field(max_length=100), FOLDED]
"""Folded at every edge, before ids, fits and keys: “棉被　” is “棉被”, “Ａ4纸” is “A4纸”."""

MONEY_UNIT = "fen"
GENERAL_FUND = "general"
"""Pays for a match that names no fund."""
CHINA = timezone(timedelta(hours=8))
"""Whose calendar ledger years, statements, campaigns and providers go by."""


class Kind(StrEnum):
    WISH = "wish"
    PROJECT = "project"


class Channel(StrEnum):
    LEADER_VISIT = "leader_visit"
    COMMITTEE = "committee"
    SERVICE_WINDOW = "service_window"
    GRID_WORKER = "grid_worker"
    HOUSEHOLD_VISIT = "household_visit"
    SOCIAL_WORKER = "social_worker"
    VETERANS_CENTRE = "veterans_centre"
    STATION = "station"
    HOTLINE = "hotline"
    WECHAT = "wechat"
    SMS = "sms"
    WEB = "web"
    SPREADSHEET = "spreadsheet"
    PARTNER = "partner"


class BeneficiaryClass(StrEnum):
    EXTREME_POVERTY = "extreme_poverty"
    SUBSISTENCE = "subsistence"
    LOW_INCOME_EDGE = "low_income_edge"
    TEMPORARY_HARDSHIP = "temporary_hardship"
    MIGRANT_WORKER = "migrant_worker"
    ELDERLY_ALONE = "elderly_alone"
    DISABLED = "disabled"
    CHILD = "child"
    VETERAN = "veteran"
    GENERAL = "general"


class Category(StrEnum):
    HOME_ADAPTATION = "home_adaptation"
    MEALS = "meals"
    HOME_CARE = "home_care"
    MEDICAL = "medical"
    EDUCATION = "education"
    DISABILITY = "disability"
    CHILDREN = "children"
    HOUSING_REPAIR = "housing_repair"
    COUNSELLING = "counselling"
    SUPPLIES = "supplies"
    EMPLOYMENT = "employment"
    PUBLIC_WORKS = "public_works"
    STREET_RESCUE = "street_rescue"
    AFTER_SCHOOL = "after_school"
    OTHER = "other"


class Giving(StrEnum):
    MONEY = "money"
    GOODS = "goods"
    VISITS = "visits"
    HOURS = "hours"
    PAIRING = "pairing"


class DonorKind(StrEnum):
    ENTERPRISE = "enterprise"
    SOCIAL_ORGANISATION = "social_organisation"
    INDIVIDUAL = "individual"


# For donors who did not consent that their name is shown.
DONOR_WORDS: Mapping[DonorKind | None, str] = {
    None: "爱心人士",
    DonorKind.INDIVIDUAL: "爱心人士",
    DonorKind.ENTERPRISE: "爱心企业",
    DonorKind.SOCIAL_ORGANISATION: "爱心组织",
}

LABELS: dict[str, str] = {
    Kind.WISH: "民生微心愿",
    Kind.PROJECT: "民生微实事",
    Channel.LEADER_VISIT: "领导干部驻点联系群众",
    Channel.COMMITTEE: "村(居)委会收集",
    Channel.SERVICE_WINDOW: "政务服务中心窗口",
    Channel.GRID_WORKER: "网格员巡查",
    Channel.HOUSEHOLD_VISIT: "入户走访",
    Channel.SOCIAL_WORKER: "双百社工",
    Channel.VETERANS_CENTRE: "退役军人服务中心",
    Channel.STATION: "驿站",
    Channel.HOTLINE: "12345热线",
    Channel.WECHAT: "微信公众号",
    Channel.SMS: "短信",
    Channel.WEB: "网页",
    Channel.SPREADSHEET: "表格导入",
    Channel.PARTNER: "系统对接",
    BeneficiaryClass.EXTREME_POVERTY: "特困",
    BeneficiaryClass.SUBSISTENCE: "低保",
    BeneficiaryClass.LOW_INCOME_EDGE: "低保边缘",
    BeneficiaryClass.TEMPORARY_HARDSHIP: "临时困境",
    BeneficiaryClass.MIGRANT_WORKER: "困难异地务工人员",
    BeneficiaryClass.ELDERLY_ALONE: "独居老人",
    BeneficiaryClass.DISABLED: "残疾",
    BeneficiaryClass.CHILD: "困境儿童",
    BeneficiaryClass.VETERAN: "优抚对象",
    BeneficiaryClass.GENERAL: "一般群众",
    Category.HOME_ADAPTATION: "适老化改造",
    Category.MEALS: "配餐",
    Category.HOME_CARE: "居家养老服务",
    Category.MEDICAL: "医疗救助",
    Category.EDUCATION: "助学",
    Category.DISABILITY: "助残",
    Category.CHILDREN: "儿童关爱",
    Category.HOUSING_REPAIR: "住房修缮",
    Category.COUNSELLING: "心理慰藉",
    Category.SUPPLIES: "生活物资",
    Category.EMPLOYMENT: "就业",
    Category.PUBLIC_WORKS: "便民工程",
    Category.STREET_RESCUE: "街面救助",
    Category.AFTER_SCHOOL: "校外托管",
    Category.OTHER: "其他",
    Giving.MONEY: "资金扶持",
    Giving.GOODS: "物资捐赠",
    Giving.VISITS: "定期探访",
    Giving.HOURS: "志愿服务",
    Giving.PAIRING: "结对帮扶",
    DonorKind.ENTERPRISE: "企业",
    DonorKind.SOCIAL_ORGANISATION: "社会组织",
    DonorKind.INDIVIDUAL: "个人",
}

# Lower is more urgent: the order of 分层分类社会救助.
TIERS: dict[BeneficiaryClass, int] = {
    BeneficiaryClass.EXTREME_POVERTY: 0,
    BeneficiaryClass.SUBSISTENCE: 1,
    BeneficiaryClass.CHILD: 1,
    BeneficiaryClass.LOW_INCOME_EDGE: 2,
    BeneficiaryClass.TEMPORARY_HARDSHIP: 2,
    BeneficiaryClass.DISABLED: 2,
    BeneficiaryClass.ELDERLY_ALONE: 3,
    BeneficiaryClass.MIGRANT_WORKER: 3,
    BeneficiaryClass.VETERAN: 3,
    BeneficiaryClass.GENERAL: 4,
}


class Need(Value):
    """What is asked for. Money: unit `fen`, no item. Goods and hours: an item with its unit."""

    unit: Unit
    quantity: Quantity
    item: Item = ""

    @property
    def is_money(self) -> bool:
        return self.unit == MONEY_UNIT


class Area(Value):
    """A town or street, and a village or community where known; codes of the national division.

    cell: for distances, where a channel knows it.
    """

    town_code: TownCode
    village_code: VillageCode | None = None
    cell: Cell | None = None


def format_yuan(fen: int) -> str:
    """204,500.00, for people."""
    whole, cents = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{cents:02d}"


def format_yuan_plain(fen: int) -> str:
    """204500.00, for other programs and for fields that people edit."""
    return format_yuan(fen).replace(",", "")
