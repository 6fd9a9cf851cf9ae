"""What the routes have in common: who may come in, and what is not there."""

from typing import Annotated

from fastapi import Depends, Response

from services.audit.public import PublicLogs
from shared.messaging.decision import refusal
from shared.runtime import Runtime
from shared.security import Credential, Role
from shared.web.access import allow, respond

Reader = Depends(allow(Role.AUDITOR, Role.OPERATOR, Role.FINANCE_MAKER, Role.FINANCE_CHECKER))
Maker = Annotated[Credential, Depends(allow(Role.FINANCE_MAKER))]
Checker = Annotated[Credential, Depends(allow(Role.FINANCE_CHECKER))]


def public_logs(runtime: Runtime) -> PublicLogs:
    assert isinstance(runtime.extras, PublicLogs)
    return runtime.extras


def not_found(zh: str, en: str) -> Response:
    return respond(refusal(404, f"{en}_unknown", f"没有这个{zh}", f"there is no such {en}"))
