"""What a notice says, as short as its channel needs it: sums, quantities, towns, days."""

from collections.abc import Mapping
from datetime import date, datetime

from services.notify import english
from services.notify.limits import SMS_VARIABLE_MAX
from services.notify.model import About
from shared.catalogue import load_catalogue
from shared.contracts.values import (
    CHINA,
    LABELS,
    Category,
    NoticeLanguage,
    format_yuan_plain,
)
from shared.towns import town_name

WAN = 10_000
YI = WAN * WAN


def format_short_yuan(fen: int, language: NoticeLanguage = "zh") -> str:
    """In six characters: exact where that fits, else what it is at least."""
    if language == "en":
        return english.format_short_sum(fen)
    if not fen:
        return "一笔款"
    yuan, rest = divmod(fen, 100)
    exact = format_yuan_plain(fen) if rest else str(yuan)
    wan = f"{yuan / WAN:.4f}".rstrip("0").rstrip(".")
    is_exact_wan = not rest and yuan >= WAN and yuan % WAN in range(0, WAN, 100)
    texts = [f"{exact}元", *([f"{wan}万元", f"{wan}万"] if is_exact_wan else [])]
    texts += [f"{yuan}余元", f"{yuan // WAN}万余元", f"{yuan // YI}亿余元"]
    return next((text for text in texts if len(text) <= SMS_VARIABLE_MAX), "一笔款")


def format_quantity(
    quantity: int,
    unit: str,
    length_max: int = SMS_VARIABLE_MAX,
    language: NoticeLanguage = "zh",
) -> str:
    if unit == "fen":
        return format_short_yuan(quantity, language)
    some = "一批" if language == "zh" else "some"
    if not quantity:
        return some
    texts = (f"{quantity}{unit}", str(quantity))
    return next((text for text in texts if len(text) <= length_max), some)


def format_amount(about: About, language: NoticeLanguage, *, says_what: bool) -> str:
    """棉被2床, as a number alone says nothing of what. Where both have no room, the thing alone.

    says_what: the sentence names the category already.
    """
    if about.unit == "fen" or language == "en":
        return format_quantity(about.quantity, about.unit, language=language)
    thing = format_thing(about.item, about.category)
    if thing == format_what(None) or (says_what and thing == format_what(about.category)):
        return format_quantity(about.quantity, about.unit)
    texts = (f"{thing}{about.quantity}{about.unit}", thing) if about.quantity else (thing,)
    return next(text for text in texts if len(text) <= SMS_VARIABLE_MAX)


SOME_OFFICE = "有关部门"
_OFFICES: Mapping[str, str] = {
    "民政": "民政部门",
    "医疗保障": "医保部门",
    "教育": "教育部门",
    "住房": "住建部门",
    "残疾人联合会": "残联",
    "退役军人": "退役军人部门",
    "人力资源": "人社部门",
    "救助管理站": "救助管理站",
}
"""What everybody calls a department whose whole name has no room, by a word of that name."""


def format_office(department: str) -> str:
    return next((short for word, short in _OFFICES.items() if word in department), SOME_OFFICE)


def format_what(category: Category | None, language: NoticeLanguage = "zh") -> str:
    if language == "en":
        return english.CATEGORIES[category]
    return LABELS[category] if category else "帮助"


def format_help(about: About, language: NoticeLanguage, length_max: int = SMS_VARIABLE_MAX) -> str:
    """What came or will: of money the sum, which may be a part; else the thing."""
    if about.unit == "fen" and about.quantity:
        return format_short_yuan(about.quantity, language)
    return format_thing(about.item, about.category, language, length_max)


PRIVATE = frozenset({Category.COUNSELLING, Category.STREET_RESCUE})
"""What a phone that several share does not tell of one of them."""


def format_thing(
    item: str,
    category: Category | None,
    language: NoticeLanguage = "zh",
    length_max: int = SMS_VARIABLE_MAX,
) -> str:
    """Of an item only its name in the catalogue, which says nothing of a person; else, as where it
    has no room or no English, the category, unless that is a matter of one's own or says nothing.
    """
    if category in PRIVATE:
        return format_what(None, language)
    entry = load_catalogue().find(item) if language == "zh" else None
    if entry is not None and entry.category not in PRIVATE and len(entry.name) <= length_max:
        return entry.name
    return format_what(None if category is Category.OTHER else category, language)


def format_town(town_code: str) -> str:
    """东莞滨海湾新区 is too long by its first word."""
    name = town_name(town_code) if town_code else ""
    short = name.removeprefix("东莞") if len(name) > SMS_VARIABLE_MAX else name
    return short if 0 < len(short) <= SMS_VARIABLE_MAX else "东莞市"


def format_day(at: datetime | None, language: NoticeLanguage = "zh") -> str:
    if language == "en":
        return english.format_short_day(at)
    if at is None:
        return "近日"
    here = at.astimezone(CHINA)
    return f"{here.month}月{here.day}日"


def format_hour(at: datetime | None, language: NoticeLanguage = "zh") -> str:
    """Until when somebody may answer: the day and the full hour before it, in six characters; the
    month is the next in which there is such a day."""
    if language == "en" or at is None:
        return format_day(at, language)
    here = at.astimezone(CHINA)
    return f"{here.day}日{here.hour}时"


def format_short_date(text: str, language: NoticeLanguage = "zh") -> str:
    day = date.fromisoformat(text) if text else None
    if language == "en":
        return f"{day:%b} {day.day}" if day else "soon"
    if day is None:
        return "近日"
    return f"{day.month}月{day.day}日"


def format_long_date(text: str) -> str:
    """As WeChat's fields of time take it."""
    day = date.fromisoformat(text)
    return f"{day.year}年{day.month}月{day.day}日"


def format_moment(at: datetime) -> str:
    """As WeChat's fields of time take it."""
    here = at.astimezone(CHINA)
    return f"{here.year}年{here.month}月{here.day}日 {here:%H:%M}"
