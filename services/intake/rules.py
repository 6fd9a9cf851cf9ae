"""The rules of intake: what a request must say, and who has to approve it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from services.intake.approvals.limits import ApprovalTable, Limits
from services.intake.clocks.rules import ClockRules
from services.intake.messages import (
    CONTACT_MISSING,
    ITEM_MISSING,
    ITEM_WITH_NUMBER,
    MONEY_WITH_ITEM,
    PHONE_NOT_MOBILE,
    QUANTITY_IS_PHONE,
    TEXT_TOO_SHORT,
    TOWN_UNKNOWN,
    UNIT_NOT_FEN,
    UNIT_UNKNOWN,
    VILLAGE_ELSEWHERE,
    WAIT_REASONS,
)
from services.intake.model import Manner, SaidReason, WaitReason
from services.intake.model.emergency import EmergencyRules
from services.intake.regular.rules import WorkRules
from shared.catalogue import Catalogue
from shared.contracts.events import ApprovalLevel, RequestSubmitted
from shared.contracts.values import Area, Category, Channel, Kind, Need
from shared.errors import Problem
from shared.id_numbers import find_id_problem
from shared.money import PIECES
from shared.personal import has_number
from shared.policies import Policies
from shared.towns import is_city_wide, is_known

PROJECT_TEXT_MIN = 4
LEVELS: tuple[ApprovalLevel, ...] = ("village", "town", "city")

_MOBILE = re.compile(r"^\+861[3-9]\d{9}$")
_DIGITS_OF_MOBILE = re.compile(r"1[3-9]\d{9}")
_MONEY_WORDS = frozenset({"元", "块", "圆", "角", "分", "yuan", "rmb", "cny", "¥"})


# Where who records is with the person, and how.
MEETING_CHANNELS: Mapping[Channel, Manner] = {
    Channel.LEADER_VISIT: "visit",
    Channel.GRID_WORKER: "visit",
    Channel.HOUSEHOLD_VISIT: "visit",
    Channel.SOCIAL_WORKER: "visit",
    Channel.COMMITTEE: "office",
    Channel.SERVICE_WINDOW: "office",
    Channel.VETERANS_CENTRE: "office",
    Channel.STATION: "office",
}


@dataclass(frozen=True, slots=True)
class Cap:
    """What opens by itself in so many days, today among them."""

    reason: WaitReason
    days: int
    openings_max: int
    limit_fen: int


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits are inclusive; a wish up to the small ones opens by itself. Defaults: settings.py.

    meeting_sources: their word that a person was met counts; register_sources: theirs on classes.
    catalogue: what items are called where they leave intake. policies: which class has a right
    to what. approvals: other limits than these, by kind, category and place.
    """

    small_wish_limit_fen: int
    village_limit_fen: int
    town_limit_fen: int
    request_limit_fen: int
    small_wish_limit_quantity: int
    village_limit_quantity: int
    town_limit_quantity: int
    request_limit_quantity: int
    duplicate_days: int
    opening_days: int
    person_openings_max: int
    person_opening_limit_fen: int
    household_openings_max: int
    household_opening_limit_fen: int
    contact_openings_max: int
    contact_opening_limit_fen: int
    channel_openings_max: int
    channel_opening_limit_fen: int
    standing_days: int
    meeting_quorum: int
    meeting_sources: frozenset[str]
    register_sources: frozenset[str]
    catalogue: Catalogue
    policies: Policies
    approvals: ApprovalTable
    clock: ClockRules
    work: WorkRules
    emergency: EmergencyRules

    def find_limits(self, kind: Kind, category: Category, need: Need, area: Area) -> Limits:
        """Of the table, else of the settings."""
        row = self.approvals.find(kind, category, need, area)
        return row or self.find_usual_limits(is_money=need.is_money)

    def find_usual_limits(self, *, is_money: bool) -> Limits:
        if is_money:
            small, village = self.small_wish_limit_fen, self.village_limit_fen
            return Limits(small, village, self.town_limit_fen, self.request_limit_fen)
        small, village = self.small_wish_limit_quantity, self.village_limit_quantity
        return Limits(small, village, self.town_limit_quantity, self.request_limit_quantity)

    def get_cap(self, tally_id: str) -> Cap:
        """Of the tally that has this id."""
        days = self.opening_days
        match tally_id.partition(":")[0]:
            case "person" | "identity":
                limits = (self.person_openings_max, self.person_opening_limit_fen)
                return Cap("person_often", days, *limits)
            case "household":
                limits = (self.household_openings_max, self.household_opening_limit_fen)
                return Cap("household_often", days, *limits)
            case "contact":
                limits = (self.contact_openings_max, self.contact_opening_limit_fen)
                return Cap("contact_often", days, *limits)
            case _:
                limits = (self.channel_openings_max, self.channel_opening_limit_fen)
                return Cap("channel_often", 1, *limits)


def find_wait_reasons(
    rules: Rules, kind: Kind, category: Category, need: Need, area: Area
) -> tuple[WaitReason, ...]:
    """Why somebody must approve it, whoever asks: what `find_approval_level` goes by. Above what
    the city may approve it is too large for anybody alone: the joint meeting decides."""
    limits = rules.find_limits(kind, category, need, area)
    reasons: dict[WaitReason, bool] = {
        "town_missing": is_city_wide(area.town_code),
        "need_large": limits.find_level(need.quantity) is not None,
        "kind_project": kind is Kind.PROJECT,
        "category_other": category is Category.OTHER,
        "meeting_due": need.quantity > limits.city,
    }
    return tuple(reason for reason, stands in reasons.items() if stands)


def describe_wait_reasons(reasons: Iterable[SaidReason]) -> list[dict[str, str]]:
    """For whoever asked and whoever decides."""
    messages = (WAIT_REASONS[reason] for reason in reasons)
    return [{"code": message.code, "zh": message.zh, "en": message.en} for message in messages]


def find_approval_level(
    rules: Rules, kind: Kind, category: Category, need: Need, area: Area
) -> ApprovalLevel | None:
    """Who must approve; None when it opens by itself.

    A project always needs somebody, and so does what nobody could put into a category; where the
    town is not known, only the city can judge.
    """
    if is_city_wide(area.town_code):
        return "city"
    level = rules.find_limits(kind, category, need, area).find_level(need.quantity)
    if level is None and (kind is Kind.PROJECT or category is Category.OTHER):
        return "village"
    return level


def find_problems(rules: Rules, request: RequestSubmitted) -> tuple[Problem, ...]:
    """Everything that has to be changed before it can be taken; the types are right already."""
    return (
        *_find_need_problems(rules, request.need),
        *_find_area_problems(request.area),
        *_find_applicant_problems(request),
        *_find_project_problems(request),
    )


def _find_need_problems(rules: Rules, need: Need) -> Iterator[Problem]:
    is_piece = need.unit in PIECES and bool(need.item)
    if need.unit.casefold() in _MONEY_WORDS and not is_piece:
        yield UNIT_NOT_FEN.problem("need.unit")
    elif need.is_money and need.item:
        yield MONEY_WITH_ITEM.problem("need.item")
    elif not need.is_money and not need.item.strip():
        yield ITEM_MISSING.problem("need.item")
    elif not need.is_money and not rules.catalogue.read_unit(need.unit):
        yield UNIT_UNKNOWN.problem("need.unit")
    if has_number(need.item):
        yield ITEM_WITH_NUMBER.problem("need.item")
    if _is_phone(need):
        yield QUANTITY_IS_PHONE.problem("need.quantity")


def _is_phone(need: Need) -> bool:
    """It would leave as a figure, in clear. A sum of that size is a whole number of yuan."""
    is_round_sum = need.is_money and need.quantity % 100 == 0
    return not is_round_sum and bool(_DIGITS_OF_MOBILE.fullmatch(str(need.quantity)))


def _find_area_problems(area: Area) -> Iterator[Problem]:
    if not is_known(area.town_code):
        yield TOWN_UNKNOWN.problem("area.town_code")
    if area.village_code and not area.village_code.startswith(area.town_code):
        yield VILLAGE_ELSEWHERE.problem("area.village_code")


def _find_applicant_problems(request: RequestSubmitted) -> Iterator[Problem]:
    applicant = request.applicant
    if applicant.phone and not _MOBILE.fullmatch(applicant.phone):
        yield PHONE_NOT_MOBILE.problem("applicant.phone")
    if applicant.id_number and (message := find_id_problem(applicant.id_number)):
        yield message.problem("applicant.id_number")
    reachable = applicant.phone or applicant.wechat_openid or request.collector_id
    if request.kind is Kind.WISH and not reachable:
        yield CONTACT_MISSING.problem("applicant.phone")


def _find_project_problems(request: RequestSubmitted) -> Iterator[Problem]:
    if request.kind is Kind.PROJECT and len(request.text.strip()) < PROJECT_TEXT_MIN:
        yield TEXT_TOO_SHORT.problem("text")


# --- signing in ---


@dataclass(frozen=True, slots=True)
class SignInRules:
    """failures_max: so many in a row lock. password_days: 0 for passwords that never expire.

    second_factor: whether who has no codes is refused.
    """

    sign_in_failures_max: int
    sign_in_lock_minutes: int
    session_hours: int
    session_idle_minutes: int
    password_days: int
    second_factor: bool
