"""Notify's pages rendered with samples, as `sample_pages` does the others."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi.responses import HTMLResponse

from services.notify.model import ProviderName
from services.notify.pages import wordings
from services.notify.settings import NotifySettings
from services.notify.templates import TEMPLATES
from services.notify.wordings import Wording, Words
from shared.security import Credential, Role
from tests.support.readers import make_reader

PURPOSE = "match_proposed"
IDS: Mapping[ProviderName, Mapping[str, str]] = {
    "tencent": {PURPOSE: "2400004"},
    "aliyun": {PURPOSE: "SMS_2400004"},
    "wechat": {},
}


def render_wordings(words: str, now: datetime) -> Mapping[str, HTMLResponse]:
    """The list, and one notice with a change that waits and earlier ones; refused as typed."""
    reader = Credential(id="op", secret_sha256="x", roles=frozenset({Role.OPERATOR}))
    wording = make_wording(words, now)
    shared: dict[str, Any] = {"form_key": "k", "form_token": words, "done": None}
    problems = [{"code": "x", "field": f, "zh": words, "en": words} for f in ("sms", "")]

    def render(name: str, /, **values: Any) -> HTMLResponse:
        return wordings.PAGES.render_for(make_reader(), name, **shared | values)

    row = wordings._describe_row(PURPOSE, wording)
    waiting = wordings.describe(wording, NotifySettings(), reader, IDS)
    plain = wordings.describe(Wording(id=PURPOSE), NotifySettings(), reader, IDS)
    typed = {"sms": words, "title": words, "tencent_id": words}
    return {
        "wordings": render(
            "wordings.html", groups=[((words, words), [row])], spending=make_spending(words)
        ),
        "wording": render("wording.html", **waiting, typed={}, problems=[]),
        "wording_refused": render("wording.html", **plain, typed=typed, problems=problems),
    }


def make_wording(words: str, now: datetime) -> Wording:
    template = TEMPLATES[PURPOSE]
    version = Words(
        number=1,
        sms=f"{template.sms}{words}",
        title=template.title,
        status=words[:20],
        hint=words[:20],
        proposed_by=words,
        proposed_at=now,
        approved_by=words,
        approved_at=now,
    )
    proposal = version.model_copy(
        update={"number": 2, "ids": {"tencent": words}, "approved_by": ""}
    )
    current = version.model_copy(update={"sms": template.sms})
    return Wording(id=PURPOSE, versions=(version, current), proposal=proposal, last_number=2)


def make_spending(words: str) -> Mapping[str, object]:
    sums = {"parts": 1_250, "yuan": "62.50", "budget": "60.00", "percent": 104, "held": 12}
    return {"month": "2026-11", **sums}
