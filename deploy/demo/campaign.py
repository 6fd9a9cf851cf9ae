"""The campaign: enterprises, their money, and wishes; invented, the same each time.

Figures of the article of January 2022: 1,000 wishes of three classes, 18 enterprises, CNY
204,500.00. Nobody here exists: the phones begin with numbers that no operator has given out.
"""

import csv
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from shared.contracts.events import Applicant, DonationReceived, OfferSubmitted, RequestSubmitted
from shared.contracts.values import (
    LABELS,
    MONEY_UNIT,
    Area,
    BeneficiaryClass,
    Category,
    Channel,
    Kind,
    Need,
)
from shared.documents import Document
from shared.towns import load_towns

SEED = 20220118
WISHES = 1000
FUND_ID = "nuanliu-2022"
FUND_NAME = "新春暖“留”行动专项基金"
CAMPAIGN_ID, CAMPAIGN_NAME = "nuanliu-2022", "新春暖“留”行动"
CAMPAIGN_LIFETIME = timedelta(days=30)
DONATED_YUAN = (
    *(5000, 6000, 6800, 8000, 8800, 9000, 10000, 10000, 10000, 10888),
    *(12000, 12000, 12800, 15000, 15000, 16000, 18000, 19212),
)
TOTAL_FEN = 20_450_000
# The rest is room to match again after a decline.
REQUESTED_FEN_MAX = TOTAL_FEN * 98 // 100

CLASSES = (
    BeneficiaryClass.LOW_INCOME_EDGE,
    BeneficiaryClass.TEMPORARY_HARDSHIP,
    BeneficiaryClass.MIGRANT_WORKER,
)
CATEGORIES = (
    Category.SUPPLIES,
    Category.SUPPLIES,
    Category.EDUCATION,
    Category.MEDICAL,
    Category.MEALS,
)
# How many of a hundred wishes come in where.
SHARES: dict[Channel, int] = {
    Channel.COMMITTEE: 18,
    Channel.HOTLINE: 14,
    Channel.HOUSEHOLD_VISIT: 12,
    Channel.STATION: 20,
    Channel.SPREADSHEET: 16,
    Channel.SMS: 10,
    Channel.WECHAT: 10,
}
YUAN = (100, 120, 150, 180, 200, 220, 240, 260, 280)
# Above what opens by itself: a village approves these.
YUAN_TO_APPROVE = 600
APPROVAL_EVERY, TWICE_EVERY = 100, 25
# Some who write by SMS do so in plain words, and are asked for the name; some share a phone.
PLAIN_EVERY, SHARED_EVERY = 2, 10

_SURNAMES = "陈林李黄张梁王刘何吴周罗叶谢莫卢钟邓蔡郑"
_DIGITS = "零一二三四五六七八九"
_WORDS = {
    Category.SUPPLIES: "盼过年添置棉被和米油",
    Category.EDUCATION: "盼为孩子添置文具",
    Category.MEDICAL: "盼补贴年前的药费",
    Category.MEALS: "盼吃上一顿团圆饭",
}


@dataclass(frozen=True, slots=True)
class Enterprise:
    number: int
    amount_fen: int

    @property
    def name(self) -> str:
        return f"示例企业{self.number:02d}有限公司（演示）"

    @property
    def phone(self) -> str:
        """As a mobile number is written, so that one can sign in with it."""
        return f"+861618{self.number:07d}"

    @property
    def openid(self) -> str:
        return f"demo-donor-{self.number:02d}"

    def make_mandate(self, donor_id: str, source: str, now: datetime) -> Document:
        """What this partner may offer in the enterprise's name: what it gave, for a while."""
        return {
            "fund_id": FUND_ID,
            "donor_id": donor_id,
            "source": source,
            "covers": "fund",
            "sum_fen": self.amount_fen,
            "terms": {"beneficiary_classes": [each.value for each in CLASSES]},
            "valid_until": (now + CAMPAIGN_LIFETIME).isoformat(),
            "reference": "演示：基金管理委员会会议纪要",
        }

    def make_offer(
        self, donor_id: str, mandate_id: str, campaign_id: str | None = None
    ) -> OfferSubmitted:
        return OfferSubmitted(
            donor_id=donor_id,
            unit=MONEY_UNIT,
            quantity=self.amount_fen,
            beneficiary_classes=CLASSES,
            fund_id=FUND_ID,
            mandate_id=mandate_id,
            campaign_id=campaign_id,
        )

    def make_donation(self, donor_id: str, received_at: datetime) -> DonationReceived:
        return DonationReceived(
            donor_id=donor_id,
            fund_id=FUND_ID,
            amount_fen=self.amount_fen,
            received_at=received_at,
            bank_reference=f"DEMO-{self.number:04d}",
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """twice: its message is sent a second time, and must stay one request."""

    number: int
    channel: Channel
    beneficiary_class: BeneficiaryClass
    category: Category
    amount_fen: int
    town_code: str
    twice: bool

    @property
    def message_id(self) -> str:
        return f"demo-{self.number:05d}"

    @property
    def name(self) -> str:
        """A surname and digits: never somebody's, and never the same twice."""
        surname = _SURNAMES[self.number % len(_SURNAMES)]
        return surname + "".join(_DIGITS[int(d)] for d in f"{self.number // len(_SURNAMES):03d}")

    @property
    def phone(self) -> str | None:
        """Who writes by WeChat left no number, nor did some who are visited at home."""
        visited = self.channel is Channel.HOUSEHOLD_VISIT
        has_none = self.channel is Channel.WECHAT or (visited and self.number % 3 == 0)
        number = self.number - 1 if self.shares_phone else self.number
        return None if has_none else f"+86161{number:08d}"

    @property
    def shares_phone(self) -> bool:
        """With whose wish came before; nobody writes an SMS from another's phone."""
        return self.number % SHARED_EVERY == 7 and self.channel is not Channel.SMS

    @property
    def is_plain(self) -> bool:
        return self.channel is Channel.SMS and self.number % PLAIN_EVERY == 0

    @property
    def openid(self) -> str | None:
        """Of those who write by WeChat; and of some who follow the account besides."""
        also = self.phone and self.channel is not Channel.SMS and self.number % 4 == 0
        follows = self.channel is Channel.WECHAT or also
        return f"demo-wish-{self.number:05d}" if follows else None

    @property
    def is_reachable(self) -> bool:
        return bool(self.phone or self.openid)

    @property
    def yuan(self) -> str:
        whole, cents = divmod(self.amount_fen, 100)
        return f"{whole}.{cents:02d}" if cents else str(whole)

    def make_request(self) -> RequestSubmitted:
        return RequestSubmitted(
            kind=Kind.WISH,
            category=self.category,
            beneficiary_class=self.beneficiary_class,
            channel=self.channel,
            need=Need(unit=MONEY_UNIT, quantity=self.amount_fen),
            area=Area(town_code=self.town_code),
            applicant=Applicant(name=self.name, phone=self.phone, wechat_openid=self.openid),
            text=_WORDS[self.category],
        )

    def format_text(self) -> str:
        """As somebody writes it on a phone."""
        if self.is_plain:
            return (
                f"家里有困难，想申请{LABELS[self.category]}{self.yuan}元，{load_towns()[self.town_code]}，"
                f"我们是{LABELS[self.beneficiary_class]}"
            )
        return (
            f"心愿 {LABELS[self.category]} {self.yuan}元 {load_towns()[self.town_code]} "
            f"{LABELS[self.beneficiary_class]} 姓名:{self.name}"
        )

    def format_row(self) -> dict[str, str]:
        """As a village office writes it into its spreadsheet."""
        return {
            "编号": self.message_id,
            "姓名": self.name,
            "手机": (self.phone or "").removeprefix("+86"),
            "openid": self.openid or "",
            "类型": LABELS[Kind.WISH],
            "类别": LABELS[self.category],
            "困难类别": LABELS[self.beneficiary_class],
            "金额": self.yuan,
            "镇街": load_towns()[self.town_code],
            "内容": _WORDS[self.category],
        }


def list_enterprises() -> tuple[Enterprise, ...]:
    return tuple(Enterprise(number, yuan * 100) for number, yuan in enumerate(DONATED_YUAN, 1))


def build_terms(donor_ids: Iterable[str], now: datetime) -> Document:
    """Of the campaign: its wishes are those of three classes that come in from now on."""
    return {
        "campaign_id": CAMPAIGN_ID,
        "name": CAMPAIGN_NAME,
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + CAMPAIGN_LIFETIME).isoformat(),
        "budget_fen": TOTAL_FEN,
        "criteria": {"beneficiary_classes": [each.value for each in CLASSES]},
        "donor_ids": sorted(donor_ids),
    }


def make_wishes(count: int = WISHES, seed: int = SEED) -> tuple[Wish, ...]:
    """Together a little less than the donations."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    channels = chance.choices(list(SHARES), list(SHARES.values()), k=count)
    codes = sorted(load_towns())
    amounts = _make_amounts(chance, count)
    return tuple(
        Wish(
            number=number,
            channel=channels[number - 1],
            beneficiary_class=chance.choice(CLASSES),
            category=chance.choice(CATEGORIES),
            amount_fen=amounts[number - 1],
            town_code=chance.choice(codes),
            twice=number % TWICE_EVERY == 3,
        )
        for number in range(1, count + 1)
    )


def _make_amounts(chance: random.Random, count: int) -> list[int]:
    """In fen; where the sum exceeds the money, every amount is reduced in proportion."""
    yuan = [
        YUAN_TO_APPROVE if n % APPROVAL_EVERY == 37 else chance.choice(YUAN)
        for n in range(1, count + 1)
    ]
    requested = sum(yuan) * 100
    if requested <= REQUESTED_FEN_MAX:
        return [each * 100 for each in yuan]
    return [max(1, each * 100 * REQUESTED_FEN_MAX // requested) for each in yuan]


def list_names(wishes: Sequence[Wish]) -> dict[str, str]:
    """By phone, of who writes in plain words: he is asked for it."""
    return {wish.phone: wish.name for wish in wishes if wish.is_plain and wish.phone}


def count_shared_phones(wishes: Sequence[Wish]) -> int:
    phones = Counter(wish.phone for wish in wishes if wish.phone)
    return sum(count > 1 for count in phones.values())


def group_by_channel(wishes: Sequence[Wish]) -> dict[Channel, list[Wish]]:
    return {channel: [w for w in wishes if w.channel is channel] for channel in SHARES}


def repeat_messages(wishes: Sequence[Wish]) -> Iterator[Wish]:
    """Every wish as often as its message is sent."""
    for wish in wishes:
        yield wish
        if wish.twice:
            yield wish


def write_spreadsheet(file: Path, wishes: Sequence[Wish]) -> None:
    rows: list[Document] = [wish.format_row() for wish in repeat_messages(wishes)]
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        table = csv.DictWriter(out, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
