"""Guards of the columns in which a sheet says what money its amounts are in."""

import re

from shared.messages import CURRENCY_FOREIGN
from shared.money import check_currency, is_foreign_currency
from shared.sheets.columns import Guard


def check_yuan(text: str, field: str) -> str:
    """Raises Invalid where a column of currencies names another."""
    check_currency(text, field)
    return text


def check_not_foreign(text: str, field: str) -> None:
    """Raises Invalid where a cell is nothing but the name of another currency."""
    if is_foreign_currency(text):
        raise CURRENCY_FOREIGN.invalid(field)


CURRENCY_GUARD = Guard("currency", re.compile("币种|货币|币别|币名|currency|^ccy"), check_yuan)
