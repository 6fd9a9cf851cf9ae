"""Who may do what with offers and matches, and what of them he sees."""

from typing import Annotated

from fastapi import Depends

from shared.scope import Scope
from shared.security import STAFF, Credential, Role
from shared.web.access import allow

FIELD_ROLES = (
    Role.COLLECTOR,
    Role.APPROVER_VILLAGE,
    Role.APPROVER_TOWN,
    Role.APPROVER_CITY,
)
# Who runs the machines gives nothing in anybody's name, and has seen nobody.
GivingCaller = Annotated[Credential, Depends(allow(Role.DONOR_PARTNER, Role.COLLECTOR))]
# Who collects the need and hands the gift over does not also answer for the donor.
DonorCaller = Annotated[Credential, Depends(allow(Role.DONOR_PARTNER))]
HandingCaller = Annotated[Credential, Depends(allow(Role.DONOR_PARTNER, *FIELD_ROLES))]
# Two-sided: who gives cannot say for the person whether it arrived. Nor can who runs the machines,
# who has seen neither.
WitnessingCaller = Annotated[Credential, Depends(allow(*FIELD_ROLES))]
ReadingCaller = Annotated[Credential, Depends(allow(Role.DONOR_PARTNER, *sorted(STAFF)))]
StaffCaller = Annotated[Credential, Depends(allow(*sorted(STAFF)))]
CityCaller = Annotated[Credential, Depends(allow(Role.APPROVER_CITY))]

ROWS_MAX = 500


def find_owner_scope(caller: Credential) -> Scope:
    """Where one speaks for the donor: his own offers, and nobody answers for any."""
    return Scope(area=caller.area, source=caller.speaks_as)
