"""The house rules of intake: what a request must say, and who has to approve it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.contracts.events import ApprovalLevel, RequestSubmitted
from shared.contracts.values import Area, Category, Kind, Need
from shared.errors import Problem
from shared.towns import is_city_wide, is_known

LEVELS: tuple[ApprovalLevel, ...] = ("village", "town", "city")

_MOBILE = re.compile(r"^\+861[3-9]\d{9}$")
_MONEY_WORDS = frozenset({"元", "块", "圆", "角", "分", "yuan", "rmb", "cny", "¥"})


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits are inclusive; a wish up to the small ones opens by itself."""

    small_wish_limit_fen: int = 50_000
    village_limit_fen: int = 200_000
    town_limit_fen: int = 2_000_000
    request_limit_fen: int = 100_000_000
    small_wish_limit_quantity: int = 10
    village_limit_quantity: int = 100
    town_limit_quantity: int = 1_000
    request_limit_quantity: int = 1_000_000
    duplicate_days: int = 30


def approval_level(
    rules: Rules, kind: Kind, category: Category, need: Need, area: Area
) -> ApprovalLevel | None:
    """Who must approve; None when it opens by itself.

    A project always needs somebody, and so does what nobody could put into a category; where the
    town is not known, only the city can judge.
    """
    if is_city_wide(area.town_code):
        return "city"
    level = _level_by_size(rules, need)
    if level is None and (kind is Kind.PROJECT or category is Category.OTHER):
        return "village"
    return level


def _level_by_size(rules: Rules, need: Need) -> ApprovalLevel | None:
    if need.is_money:
        small = rules.small_wish_limit_fen
        village, town = rules.village_limit_fen, rules.town_limit_fen
    else:
        small = rules.small_wish_limit_quantity
        village, town = rules.village_limit_quantity, rules.town_limit_quantity
    if need.quantity <= small:
        return None
    if need.quantity <= village:
        return "village"
    return "town" if need.quantity <= town else "city"


def problems_of(rules: Rules, asked: RequestSubmitted) -> tuple[Problem, ...]:
    """Everything that has to be changed before it can be taken; the types are right already."""
    return (
        *_need_problems(rules, asked.need),
        *_area_problems(asked.area),
        *_applicant_problems(asked),
        *_project_problems(asked),
    )


def _need_problems(rules: Rules, need: Need) -> Iterator[Problem]:
    if need.unit.casefold() in _MONEY_WORDS:
        yield Problem(
            "money_in_fen",
            "金额请以“分”为单位：unit 填 fen，quantity 填分数（200元填20000）",
            "give money in fen: unit `fen`, quantity in fen (CNY 200 is 20000)",
            "need.unit",
        )
    elif need.is_money and need.item:
        yield Problem(
            "money_with_item",
            "申请资金时不要填物品；申请物品时请填物品的单位",
            "money has no item; for goods give the item's own unit",
            "need.item",
        )
    elif not need.is_money and not need.item.strip():
        yield Problem(
            "item_missing",
            "请填写需要什么物品或服务，例如“棉被”",
            "say which item or service is needed, such as 棉被",
            "need.item",
        )
    most = rules.request_limit_fen if need.is_money else rules.request_limit_quantity
    if need.quantity > most:
        shown = f"{most // 100}元" if need.is_money else f"{most}"
        yield Problem(
            "too_much",
            f"单个诉求最多{shown}，更大的请提交联席会议",
            f"one request is at most {most} {need.unit}; larger ones go to the joint meeting",
            "need.quantity",
        )


def _area_problems(area: Area) -> Iterator[Problem]:
    if not is_known(area.town_code):
        yield Problem(
            "unknown_town",
            "没有这个镇街代码，请填写东莞镇街的9位代码，例如茶山镇 441900103",
            "no such town: use the 9 digit code of a town of Dongguan, such as 441900103",
            "area.town_code",
        )
    if area.village_code and not area.village_code.startswith(area.town_code):
        yield Problem(
            "village_elsewhere",
            "村（居）代码不属于所填镇街，前9位应与镇街代码相同",
            "the village is not in that town: its first 9 digits must be the town's code",
            "area.village_code",
        )


def _applicant_problems(asked: RequestSubmitted) -> Iterator[Problem]:
    who = asked.applicant
    if not who.name.strip():
        yield Problem("name_missing", "请填写姓名", "give a name", "applicant.name")
    if who.phone and not _MOBILE.fullmatch(who.phone):
        yield Problem(
            "not_a_mobile",
            "不是手机号码，请填写 +86 加11位手机号，例如 +8613800138000",
            "not a mobile number: +86 and 11 digits, such as +8613800138000",
            "applicant.phone",
        )
    reachable = who.phone or who.wechat_openid or asked.collector_id
    if asked.kind is Kind.WISH and not reachable:
        yield Problem(
            "nobody_to_tell",
            "微心愿请填写手机号、微信或收集人，以便告知进展",
            "a wish needs a phone, a WeChat openid or a collector, so that somebody can be told",
            "applicant.phone",
        )


def _project_problems(asked: RequestSubmitted) -> Iterator[Problem]:
    if asked.kind is Kind.PROJECT and len(asked.text.strip()) < 4:
        yield Problem(
            "project_without_text",
            "微实事请说明地点和要做的事（至少4个字）",
            "a project needs a text that says where and what (at least 4 characters)",
            "text",
        )
