"""What the routes have in common: who may come in, and the public logs."""

from typing import Annotated

from fastapi import Depends

from shared.security import Credential, Role
from shared.web.access import allow

Reader = Depends(allow(Role.AUDITOR, Role.OPERATOR, Role.FINANCE_MAKER, Role.FINANCE_CHECKER))
Maker = Annotated[Credential, Depends(allow(Role.FINANCE_MAKER))]
Checker = Annotated[Credential, Depends(allow(Role.FINANCE_CHECKER))]
