"""What of a collection a caller sees: cut by area and by owner, here and nowhere else.

A collection says in a `Cut` where its documents name their place and their owner. What has neither
is for those of the whole city: `allow(..., whole_city=True)`.
"""

import re
from dataclasses import dataclass

from shared.contracts.values import Value

TOWN_CODE_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Cut:
    """Fields of a collection's documents. Empty: they do not say."""

    town: str = ""
    village: str = ""
    owner: str = ""


class OutOfScope(Exception):  # noqa: N818 - what the answer says
    """The caller sees a part, and nothing in this collection says which: 403."""


class Scope(Value):
    """area: a code of a town or village, or its beginning; empty is the whole city.

    source: whose alone, with partners and channels; None is anybody's.
    """

    area: str = ""
    source: str | None = None

    def sees_place(self, town_code: str, village_code: str | None = None) -> bool:
        return (village_code or town_code).startswith(self.area)

    def sees_owner(self, source: str) -> bool:
        return self.source in (None, source)

    def narrow_area(self, area: str) -> str | None:
        """The smaller of the area asked for and this one; None where neither holds the other."""
        if area.startswith(self.area):
            return area
        return self.area if self.area.startswith(area) else None

    def build_query(self, cut: Cut) -> dict[str, object]:
        """The Mongo query for what is seen of a collection. Raises OutOfScope."""
        query: dict[str, object] = {}
        if self.area:
            # A town's code is the beginning of its villages' codes.
            field = cut.town if len(self.area) <= TOWN_CODE_DIGITS else cut.village
            query[_require(field)] = {"$regex": f"^{re.escape(self.area)}"}
        if self.source is not None:
            query[_require(cut.owner)] = self.source
        return query


EVERYTHING = Scope()


def _require(field: str) -> str:
    """Raises OutOfScope."""
    if not field:
        raise OutOfScope
    return field
