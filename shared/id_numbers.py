"""ID numbers of residents (公民身份号码, GB 11643): 18 characters, the last checks the others."""

from datetime import date

from shared.errors import Message
from shared.messages import ID_NUMBER_OLD, ID_NUMBER_WRONG

_WEIGHTS = tuple(2 ** (17 - place) % 11 for place in range(17))
_CHECKS = "10X98765432"
ID_NUMBER_DIGITS = 18
CHILD_YEARS = 14
"""Personal Information Protection Law of China, article 31 (个人信息保护法)."""


def find_id_problem(number: str) -> Message | None:
    """Why it can be nobody's; None where it can. number: of the shape of `IdNumber`."""
    if len(number) != ID_NUMBER_DIGITS:
        return ID_NUMBER_OLD
    if read_birthday(number) is None or number[-1] != _compute_check(number[:-1]):
        return ID_NUMBER_WRONG
    return None


def read_birthday(number: str) -> date | None:
    """None where it is no day."""
    try:
        return date.fromisoformat(number[6:14])
    except ValueError:
        return None


def find_child_until(number: str | None, born_on: date | None = None) -> date | None:
    """The 14th birthday of whom it is: until then a guardian agrees for him. None: nobody knows."""
    birthday = read_birthday(number) if number else born_on
    if birthday is None:
        return None
    year = birthday.year + CHILD_YEARS
    is_leap_day = (birthday.month, birthday.day) == (2, 29)
    return date(year, 3, 1) if is_leap_day else birthday.replace(year=year)


def mask_id_number(number: str) -> str:
    """The end alone, to compare with a card that somebody shows."""
    return f"{'*' * (len(number) - 4)}{number[-4:]}"


def _compute_check(digits: str) -> str:
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True))
    return _CHECKS[total % 11]
