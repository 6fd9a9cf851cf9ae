"""What a bank's own statement format says, whichever it is."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from services.audit.statements import messages

BOOKED = "已入账"
PENDING = "处理中"
REVERSED = "已冲正"
REFUNDED = "已退款"
NOT_PAID_IN = "非付款收入"
"""Nobody gave it: a top-up of one's own, a fee that came back."""
UNDIVIDED = "明细不全"
"""Several gifts in one entry, of which the file does not say how much each was."""

DIGITS_MAX = 15
"""Before the point. `1E+999999999` would be written out."""


@dataclass(frozen=True, slots=True)
class BankLine:
    """moment: a day, or a time, as text. party: who paid or was paid; empty where it is not said.
    account: of who was paid, where the file has it.
    state: in a word that the reader of statements knows."""

    reference: str
    moment: str
    party: str
    amount: Decimal
    currency: str
    is_credit: bool
    state: str = BOOKED
    kind: str = ""
    memo: str = ""
    account: str = ""

    @property
    def signed(self) -> Decimal:
        """What it adds to the balance."""
        if self.state == PENDING:
            return Decimal(0)
        return self.amount if self.is_credit else -self.amount


@dataclass(frozen=True, slots=True)
class BankFile:
    """account: the bank's number of it. opening, closing: balances, where the file has them."""

    account: str
    lines: tuple[BankLine, ...]
    opening: Decimal | None = None
    closing: Decimal | None = None

    @property
    def balances(self) -> tuple[int, int] | None:
        """Opening and closing, in fen."""
        if self.opening is None or self.closing is None:
            return None
        return int(self.opening * 100), int(self.closing * 100)


def parse_decimal(text: str) -> Decimal:
    """Raises Invalid."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or (amount and not -DIGITS_MAX < amount.adjusted() < DIGITS_MAX):
        raise messages.BANK_FILE_BROKEN.invalid(reason=f"金额 amount {text[:20]}")
    return amount
