"""What the routes have in common: who may come in, and the public logs."""

from typing import Annotated

from fastapi import Depends

from shared.security import Credential, Role
from shared.web.access import allow

# What audit keeps has no area: funds, gifts and entries are the whole city's.
Reader = Depends(
    allow(
        *(Role.AUDITOR, Role.OPERATOR, Role.FINANCE_MAKER, Role.FINANCE_CHECKER),
        whole_city=True,
    )
)
LinkMaker = Annotated[
    Credential,
    Depends(allow(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.OPERATOR, whole_city=True)),
]
Maker = Annotated[Credential, Depends(allow(Role.FINANCE_MAKER, whole_city=True))]
Checker = Annotated[Credential, Depends(allow(Role.FINANCE_CHECKER, whole_city=True))]
