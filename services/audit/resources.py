"""What audit's routes and jobs have at hand besides the runtime: the published logs."""

from typing import Annotated

from fastapi import Depends

from services.audit.public import PublicLogs
from services.audit.settings import AuditSettings
from shared.runtime import Runtime
from shared.web.access import provide_runtime

AuditRuntime = Runtime[AuditSettings, PublicLogs]
AuditRuntimeDep = Annotated[AuditRuntime, Depends(provide_runtime)]
