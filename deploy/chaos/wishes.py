"""What the load asks for: each wish of another person, and what it says."""

import hashlib

from shared.contracts.events import RequestSubmitted

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


def make_phone(run: str, number: int) -> str:
    """154: a prefix no operator has. Each run its own people, ten million of them."""
    tenth = int(hashlib.sha256(run.encode()).hexdigest()[:4], 16) % 10
    return f"+86154{tenth}{number:07d}"
