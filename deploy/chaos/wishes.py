"""What the load asks for: each wish of another person, and what it says."""

import hashlib

from shared.contracts.events import RequestSubmitted
from shared.contracts.values import LABELS, BeneficiaryClass, Category

CHANNEL = "/channels/village"
WISH_FEN = 20_000


def make_wish(run: str, number: int, amount_fen: int = WISH_FEN) -> RequestSubmitted:
    return RequestSubmitted.model_validate(
        {
            "kind": "wish",
            "category": "supplies",
            "beneficiary_class": "temporary_hardship",
            "channel": "committee",
            "need": {"unit": "fen", "quantity": amount_fen},
            "area": {"town_code": "441900104"},
            "applicant": {"name": "示例", "phone": make_phone(run, number)},
            "text": "测试心愿",
        }
    )


def write_wish(run: str, number: int, amount_fen: int) -> dict[str, str]:
    """The same by SMS, as the simulated phones take it."""
    digits = "".join("零一二三四五六七八九"[int(digit)] for digit in f"{number % 1000:03d}")
    surname = "陈林李黄张梁王刘何吴"[number // 1000 % 10]
    return {
        "number": make_phone(run, number),
        "text": f"心愿 {LABELS[Category.SUPPLIES]} {amount_fen / 100:.2f}元 茶山镇 "
        f"{LABELS[BeneficiaryClass.TEMPORARY_HARDSHIP]} 姓名:{surname}{digits}",
    }


def make_phone(run: str, number: int) -> str:
    """154: a prefix no operator has. Each run its own people, ten million of them."""
    tenth = int(hashlib.sha256(run.encode()).hexdigest()[:4], 16) % 10
    return f"+86154{tenth}{number:07d}"
