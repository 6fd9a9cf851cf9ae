"""What audit's routes and jobs have at hand besides the runtime: the published logs, and
a turn at reading a sheet."""

from pathlib import Path
from typing import Annotated

from fastapi import Depends

from services.audit.disclosing import YearFigures
from services.audit.public import PublicLogs
from services.audit.settings import AuditSettings
from services.audit.tlog.witnesses import Witnesses
from shared.runtime import Runtime
from shared.sheets.gate import SheetGate
from shared.web.access import provide_runtime


class AuditResources(PublicLogs):
    """sheet_gate: through which banks' files are read. figures: of years, for what is disclosed."""

    def __init__(
        self, root: Path, secrets_dir: Path, log_origin: str, witnesses: Witnesses
    ) -> None:
        super().__init__(root, secrets_dir, log_origin, witnesses)
        self.sheet_gate = SheetGate()
        self.figures = YearFigures()


AuditRuntime = Runtime[AuditSettings, AuditResources]
AuditRuntimeDep = Annotated[AuditRuntime, Depends(provide_runtime)]
