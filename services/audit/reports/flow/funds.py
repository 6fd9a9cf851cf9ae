"""Which entries the way of one donation needs: those of its fund, and of the funds that transfers
tie to it. What other funds do touches none of its pieces.

Leaves are canonical JSON, so a fund stands in one spelling in them, and nothing is parsed here.
Within a text the quotation marks are escaped, so no text is taken for a field.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Sequence

from orjson import dumps

from services.audit.ledger.published import PublishedLog

_FUND = re.compile(rb'"fund":"((?:[^"\\]|\\.)*)"')


Numbers = dict[bytes, "array[int]"]
"""Of the entries of each fund, ascending; four bytes for each."""


class Links:
    """Which funds belong together, however far (union-find)."""

    def __init__(self) -> None:
        self._parents: dict[bytes, bytes] = {}

    def find(self, fund: bytes) -> bytes:
        """The one that stands for all of them."""
        parent = self._parents.setdefault(fund, fund)
        while parent != fund:
            fund, parent = parent, self._parents[parent]
        return fund

    def join(self, one: bytes, other: bytes) -> None:
        self._parents[self.find(one)] = self.find(other)


def find_entries_of(donation: str, logs: Sequence[PublishedLog]) -> list[list[int]]:
    """By log, the numbers of the entries of each fund in which the donation's money may be."""
    subject = b'"subject":' + dumps(donation)
    links, own = Links(), set[bytes]()
    numbers = [_number_by_fund(log, subject, links, own) for log in logs]
    groups = {links.find(fund) for fund in own}
    return [
        sorted({n for fund, some in each.items() if links.find(fund) in groups for n in some})
        for each in numbers
    ]


def _number_by_fund(log: PublishedLog, subject: bytes, links: Links, own: set[bytes]) -> Numbers:
    """own: gets the funds of what has this subject."""
    numbers: Numbers = defaultdict(lambda: array("I"))
    for number, leaf in enumerate(log.read_leaves()):
        funds = set(_FUND.findall(leaf))
        for fund in funds:
            numbers[fund].append(number)
        if len(funds) > 1:
            first, *others = funds
            for other in others:
                links.join(first, other)
        if subject in leaf:
            own |= funds
    return numbers
