"""What matching's routes and jobs have at hand besides the runtime: who explains."""

from typing import Annotated

from fastapi import Depends

from services.matching.explaining.explainer import Explainer
from services.matching.settings import MatchingSettings
from shared.runtime import Runtime
from shared.web.access import provide_runtime

MatchingRuntime = Runtime[MatchingSettings, Explainer]
MatchingRuntimeDep = Annotated[MatchingRuntime, Depends(provide_runtime)]
