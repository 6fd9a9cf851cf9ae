"""What the calendar of disclosure is made of: the published log of a year, matching's campaigns."""

import threading

from pydantic import ValidationError

from services.audit.ledger.published import open_log
from services.audit.public import PublicLogs
from services.audit.reports.disclosure.counting import count_figures
from services.audit.reports.disclosure.figures import Campaign, Figures, Period, parse_campaigns
from services.audit.settings import AuditSettings
from shared.contracts.campaigns import CAMPAIGNS_PATH, CampaignList
from shared.http import CallError, HttpClient

ANSWERED_S = 2.0
"""The page is shown without campaigns after that, and says so."""


class YearFigures:
    """Of our own foundation's years as they were counted last, for all who look: counted anew once
    a log has grown."""

    def __init__(self) -> None:
        self._counted: dict[int, tuple[int, Figures]] = {}
        self._lock = threading.Lock()

    def count(self, logs: PublicLogs, year: int, major_fen: int) -> Figures:
        """Blocking. Empty where nothing of that year is published."""
        name = str(year)
        with self._lock:
            checkpoint = logs.read_checkpoint(name)
            size = checkpoint.size if checkpoint else 0
            before = self._counted.get(year)
            if before is not None and before[0] == size:
                return before[1]
            places = [open_log(logs.open_log_source(name))] if size else []
            figures = count_figures(places, Period.parse(name), major_fen=major_fen)
            self._counted[year] = (size, figures)
            return figures


async def ask_campaigns(http: HttpClient, settings: AuditSettings) -> list[Campaign] | None:
    """Matching's; None where it does not answer."""
    token = settings.secrets_dir / "service.token"
    try:
        reply = await http.post(
            f"{settings.matching_url.rstrip('/')}{CAMPAIGNS_PATH}",
            b"{}",
            headers={
                "Authorization": f"Bearer {token.read_text().strip()}",
                "Content-Type": "application/json",
            },
            timeout_s=ANSWERED_S,
        )
        if not reply.is_success:
            return None
        listed = CampaignList.model_validate_json(reply.body)
    except (CallError, OSError, ValidationError):
        return None
    return parse_campaigns(row.model_dump(mode="json") for row in listed.campaigns)
