"""Who may do what with offers and matches, and what of them he sees."""

from typing import Annotated, Any

from fastapi import Depends

from services.matching.model.match import Scope
from shared.errors import Invalid
from shared.messaging.decision import Answer
from shared.security import STAFF, Credential, Role
from shared.web.access import allow

FIELD = (
    Role.COLLECTOR,
    Role.APPROVER_VILLAGE,
    Role.APPROVER_TOWN,
    Role.APPROVER_CITY,
    Role.OPERATOR,
)
Giving = Annotated[Credential, Depends(allow(Role.DONOR_PARTNER, Role.COLLECTOR, Role.OPERATOR))]
# Who collects the need and hands the gift over does not also answer for the donor.
Donor = Annotated[Credential, Depends(allow(Role.DONOR_PARTNER, Role.OPERATOR))]
Handing = Annotated[Credential, Depends(allow(Role.DONOR_PARTNER, *FIELD))]
# Two-sided: who gives cannot say for the person that it arrived.
Receiving = Annotated[Credential, Depends(allow(*FIELD))]
Reading = Annotated[Credential, Depends(allow(Role.DONOR_PARTNER, *sorted(STAFF)))]
Staff = Annotated[Credential, Depends(allow(*sorted(STAFF)))]
City = Annotated[Credential, Depends(allow(Role.APPROVER_CITY))]

ROWS_MAX = 500


def scope_of(caller: Credential) -> Scope:
    """Staff see their area; a partner sees what comes of his own offers."""
    if caller.roles & STAFF:
        return Scope(area=caller.area)
    return owner_scope(caller)


def owner_scope(caller: Credential) -> Scope:
    """Where one speaks for the donor: his own offers; the operator answers for any."""
    anybodys = Role.OPERATOR in caller.roles
    return Scope(area=caller.area, source=None if anybodys else caller.speaks_as)


def row_result(answer: Answer | Exception) -> dict[str, Any]:
    """Raises what is neither an answer nor the row's own fault."""
    if isinstance(answer, Invalid):
        return {"status": 422, "problems": [p.as_dict() for p in answer.problems]}
    if isinstance(answer, Exception):
        raise answer
    return {"status": answer.status, **answer.body}
