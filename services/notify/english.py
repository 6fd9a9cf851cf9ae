"""What a notice in English says within the six characters of an SMS variable.

Names of towns, units and things stay as everybody here writes them.
"""

import calendar
import re
from collections.abc import Mapping
from datetime import datetime

from services.notify.limits import SMS_VARIABLE_MAX
from shared.contracts.values import CHINA, Category, DonorKind

DONORS: Mapping[DonorKind | None, str] = {
    None: "donor",
    DonorKind.INDIVIDUAL: "donor",
    DonorKind.ENTERPRISE: "a firm",
    DonorKind.SOCIAL_ORGANISATION: "an NGO",
}
CATEGORIES: Mapping[Category | None, str] = {
    None: "help",
    Category.HOME_ADAPTATION: "home",
    Category.MEALS: "meals",
    Category.HOME_CARE: "care",
    Category.MEDICAL: "health",
    Category.EDUCATION: "school",
    Category.DISABILITY: "aid",
    Category.CHILDREN: "child",
    Category.HOUSING_REPAIR: "house",
    Category.COUNSELLING: "talks",
    Category.SUPPLIES: "goods",
    Category.EMPLOYMENT: "job",
    Category.PUBLIC_WORKS: "works",
    Category.STREET_RESCUE: "rescue",
    Category.AFTER_SCHOOL: "care",
    Category.OTHER: "help",
}
_DAY = re.compile(r"(1[0-2]|[1-9])月([1-9][0-9]?)日")
SCALES = ((1, ""), (10**3, "k"), (10**6, "m"), (10**9, "b"))


def format_short_sum(fen: int) -> str:
    """¥2000, ¥0.50, else what it is at least: ¥204k+."""
    if not fen:
        return "a sum"
    yuan, rest = divmod(fen, 100)
    exact = f"¥{yuan}.{rest:02}" if rest else f"¥{yuan}"
    texts = [exact, *(f"¥{yuan // scale}{sign}+" for scale, sign in SCALES)]
    return next((text for text in texts if len(text) <= SMS_VARIABLE_MAX), "a sum")


def format_short_day(at: datetime | None) -> str:
    return f"{at.astimezone(CHINA):%b} {at.astimezone(CHINA).day}" if at else "soon"


def translate_day(text: str) -> str:
    """Aug 20 of 8月20日, as an event says it; anything else as it is."""
    day = _DAY.fullmatch(text)
    return f"{calendar.month_abbr[int(day[1])]} {day[2]}" if day else text
