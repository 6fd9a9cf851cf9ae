"""Whether something may be entered with its date: what a bank says, and what two people propose."""

from datetime import datetime

from services.audit import messages
from services.audit.model import Donation, LogHead, is_plausible
from shared.answers import Answer
from shared.calendar import find_day
from shared.contracts.values import CHINA


def check_moment(moment: datetime, field: str, now: datetime) -> None:
    """Raises Invalid for what is a slip of the year. Its id is not used up by it."""
    if not is_plausible(moment, now):
        raise messages.MOMENT_IMPLAUSIBLE.invalid(f"data.{field}")


def check_open(head: LogHead, moment: datetime, field: str) -> None:
    """Raises Invalid where its month is closed. Its id is not used up: once two people opened the
    month again, it comes again."""
    if head.is_closed_at(moment):
        month = f"{moment.astimezone(CHINA):%Y-%m}"
        raise messages.MONTH_CLOSED.invalid(f"data.{field}", month=month)


def find_month_flaw(head: LogHead, at: datetime) -> Answer | None:
    """Why nothing is entered at this moment: two people closed its month."""
    if not head.is_closed_at(at):
        return None
    month = f"{at.astimezone(CHINA):%Y-%m}"
    return messages.MONTH_CLOSED.refusal(409, "at", month=month)


def is_before_gift(donation: Donation, at: datetime) -> bool:
    """Whether that day is before the one on which the gift came."""
    return find_day(at) < find_day(donation.received_at)
