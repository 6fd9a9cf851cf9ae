"""What must be disclosed of a period, and by when: 慈善组织信息公开办法, in force since 2026-01-01.

The figures are worked out from the log alone and add up with the books. Which duties were already
met the log does not know: a duty is `overdue` where its day has passed. Have counsel confirm.
"""

from services.audit.report.disclosure.as_json import figures_as_json
from services.audit.report.disclosure.campaigns import Campaign, read_campaigns
from services.audit.report.disclosure.duties import MAJOR_FEN, Duty, duties
from services.audit.report.disclosure.figures import Figures
from services.audit.report.disclosure.folding import figures
from services.audit.report.disclosure.period import Period, PeriodError

__all__ = [
    "MAJOR_FEN",
    "Campaign",
    "Duty",
    "Figures",
    "Period",
    "PeriodError",
    "duties",
    "figures",
    "figures_as_json",
    "read_campaigns",
]
