"""What somebody who read a request says it is: kind, category, class, urgency and place."""

from datetime import datetime

from shared.contracts.values import (
    BeneficiaryClass,
    Category,
    Identifier,
    Kind,
    TownCode,
    Value,
)


class Classification(Value):
    """by: the member of staff who read it. was: the category before. It is learned from."""

    by: str
    at: datetime
    was: Category


class ClassifyRequest(Value):
    """None: as it is. declared_class: what the text says; a person checks it all the same.

    area: the code prefix that who says so works in.
    """

    request_id: Identifier
    by: str
    area: str = ""
    kind: Kind | None = None
    category: Category | None = None
    declared_class: BeneficiaryClass | None = None
    urgent: bool | None = None
    town_code: TownCode | None = None
