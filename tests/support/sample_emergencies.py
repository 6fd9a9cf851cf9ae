"""The pages of emergencies rendered with samples, as `sample_pages` does the others."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from fastapi.responses import HTMLResponse

from services.intake.emergencies.report import MEASURES, MeasureLine
from services.intake.model.emergency import Emergency
from services.intake.pages import emergencies
from shared.contracts.values import Category
from shared.towns import load_towns
from tests.support.readers import make_reader


def make_emergency(words: str, now: datetime) -> Emergency:
    """On for all of the towns that samples are of."""
    return Emergency(
        id="E-1",
        state="declared",
        area_codes=("441900103", "441900003001"),
        cause="epidemic",
        starts_at=now,
        ends_at=now + timedelta(days=9),
        proposed_by=words,
        proposed_at=now,
        confirmed_by=words,
        confirmed_at=now,
    )


def render_emergencies(
    words: str, emergency: Emergency, now: datetime
) -> Mapping[str, HTMLResponse]:
    """The list with its form, and one that is on with its figures."""
    problems = [{"code": "x", "field": field, "zh": words, "en": words} for field in ("until", "")]
    shown = emergencies.describe_emergency(emergency, now)
    shared: dict[str, Any] = {"problems": problems, "form_key": "k", "form_token": words}

    def render(template: str, **values: Any) -> HTMLResponse:
        return emergencies.PAGES.render_for(make_reader(), template, **shared | values)

    return {
        "emergencies": render(
            "emergencies.html",
            rows=[shown],
            may_propose=True,
            towns=load_towns(),
            categories=tuple(Category),
            causes=emergencies.CAUSES,
            typed={"villages": words, "until": words},
            days_max=92,
        ),
        "emergency": render(
            "emergency.html",
            emergency=shown,
            lines=[
                MeasureLine(4, MEASURES[4], 1, 1, 20_000, 1),
                MeasureLine(0, (words, words), 1, 1, 20_000, 1),
            ],
            path="/emergencies/E-1",
            is_city=True,
            is_own=False,
            drop=1,
            percent=50,
        ),
    }
