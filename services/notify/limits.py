"""What a provider takes: each template is checked before it can be used, and priced.

The limits are of the reference of both SMS providers and of WeChat's fields. docs/decisions/0191.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from services.notify.messages import (
    TEMPLATE_APPEALS,
    TEMPLATE_EMPTY,
    TEMPLATE_FIELD_LONG,
    TEMPLATE_LINKS,
    TEMPLATE_LONG,
    TEMPLATE_VARIABLES,
)
from services.notify.templates import TEMPLATES, Template
from shared.contracts.values import NoticeLanguage
from shared.errors import Invalid, Problem

SMS_VARIABLE_MAX = 6
WECHAT_THING_MAX = 20
ONE_SMS_UNITS = 70
PART_UNITS = 67
SMS_UNITS_MAX = 500
SEGMENTS_MAX: Mapping[NoticeLanguage, int] = {"zh": 1, "en": 2}
"""English takes more letters, which count as Chinese ones beside a Chinese signature."""

_APPEAL = re.compile(r"募捐|捐款|捐赠|募集|献爱心|拒收请回复|donat|fundrais", re.IGNORECASE)
_LINK = re.compile(r"https?:|www\.|\.(?:com|cn)\b", re.IGNORECASE)
_PLACE = re.compile(r"\{([^{}]*)\}")


def count_sms_units(sign_name: str, text: str) -> int:
    """UTF-16 units of the text as it arrives."""
    return len(f"【{sign_name}】{text}".encode("utf-16-le")) // 2


def count_segments(units: int) -> int:
    """Of how many SMS it is billed."""
    return 1 if units <= ONE_SMS_UNITS else -(-units // PART_UNITS)


def count_parts(sign_name: str, template: Template, values: Iterable[object]) -> int:
    """Of the SMS with these values. {1} is the first."""
    return count_segments(count_sms_units(sign_name, fill_places(template.sms, values)))


def fill_places(text: str, values: Iterable[object]) -> str:
    """{1} is the first."""
    for number, value in enumerate(values, 1):
        text = text.replace(f"{{{number}}}", str(value))
    return text


def fill_longest(template: Template) -> str:
    """Every variable as long as it may be."""
    return _PLACE.sub("字" * SMS_VARIABLE_MAX, template.sms)


def has_all_places(template: Template) -> bool:
    """Each of its variables once, and no other."""
    return sorted(_PLACE.findall(template.sms)) == _list_places(template)


def _list_places(template: Template) -> list[str]:
    return [str(number + 1) for number in range(1 + len(template.sms_variables))]


def list_problems(template: Template, sign_name: str) -> Iterator[Problem]:
    """Why some provider would refuse it, or it would cost more than it may."""
    if not has_all_places(template):
        wanted = "、".join(f"{{{number}}}" for number in _list_places(template))
        yield TEMPLATE_VARIABLES.problem("sms", wanted=wanted)
    segments_max = SEGMENTS_MAX[template.language]
    units = count_sms_units(sign_name, fill_longest(template))
    if units > SMS_UNITS_MAX or count_segments(units) > segments_max:
        yield TEMPLATE_LONG.problem("sms", units=units, segments=segments_max)
    for field in ("sms", "title", "status", "hint"):
        text = getattr(template, field)
        if not text.strip():
            yield TEMPLATE_EMPTY.problem(field)
        if _APPEAL.search(text):
            yield TEMPLATE_APPEALS.problem(field)
        if _LINK.search(text):
            yield TEMPLATE_LINKS.problem(field)
    for field in ("title", "status", "hint"):
        text = getattr(template, field)
        if len(text) > WECHAT_THING_MAX:
            yield TEMPLATE_FIELD_LONG.problem(field, length=len(text), most=WECHAT_THING_MAX)


def check_templates(sign_name: str) -> None:
    """Before any is used. Raises Invalid with all that a provider would refuse."""
    problems = tuple(
        replace(problem, field=f"{name}.{problem.field}")
        for name, template in TEMPLATES.items()
        for problem in list_problems(template, sign_name)
    )
    if problems:
        raise Invalid(*problems)
