"""What a command about a month has to know of the books: read before anything is decided."""

from services.audit.model import LogHead
from services.audit.model.months import (
    ApproveMonthClose,
    MonthClose,
    MonthFigures,
    MonthToClose,
    ProposeMonthClose,
)
from services.audit.months.figures import load_figures
from services.audit.resources import AuditRuntime
from services.audit.settings import AuditSettings
from shared import mongo

NOTHING_BOOKED = MonthFigures(books_fen=0, accounts=(), differences=())
"""Of a foundation or a close that is not there: the decision says so."""


def choose_foundation(runtime: AuditRuntime, foundation: str | None) -> str:
    """Our own where none is named."""
    settings = runtime.settings
    assert isinstance(settings, AuditSettings)
    return foundation or settings.default_foundation


async def read_figures(runtime: AuditRuntime, foundation: str, month: str) -> MonthFigures:
    head = await mongo.load(runtime.database, LogHead, foundation)
    if head is None:
        return NOTHING_BOOKED
    return await load_figures(runtime.database, head, month)


async def build_proposal(runtime: AuditRuntime, typed: MonthToClose) -> ProposeMonthClose:
    foundation = choose_foundation(runtime, typed.foundation)
    figures = await read_figures(runtime, foundation, typed.month)
    fields = typed.model_dump() | {"foundation": foundation, "figures": figures}
    return ProposeMonthClose.model_validate(fields)


async def build_approval(
    runtime: AuditRuntime, close_id: str, digest: str = ""
) -> ApproveMonthClose:
    close = await mongo.load(runtime.database, MonthClose, close_id)
    figures = NOTHING_BOOKED
    if close is not None:
        figures = await read_figures(runtime, close.foundation, close.month)
    return ApproveMonthClose(close_id=close_id, digest=digest, figures=figures)
