"""The pages of a person, and of what looks alike, rendered with samples."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from fastapi.responses import HTMLResponse

from services.intake import model as intake
from services.intake.pages import persons
from services.intake.pages.rows import STATES
from services.intake.person_views import describe_alike, describe_own_looks
from shared.looks import Look
from shared.web.preferences import list_channels, list_languages


def render_person_samples(
    words: str, request: intake.Request, render: Callable[..., HTMLResponse]
) -> Mapping[str, HTMLResponse]:
    at = datetime(2022, 1, 20, 8, tzinfo=UTC)
    need = {"unit": "床", "quantity": 2, "item": words}
    look = Look("L-1", "s-1", frozenset({"collector"}), "read_person", "P-1", at)
    case_row = {
        "request_id": "R-1",
        "need": need,
        "category": "supplies",
        "state": "open",
        "state_zh": "已公开，对接中",
        "recorded_at": at,
    }
    hit = {**dict.fromkeys(("name", "phone", "id_number"), words), "person_id": "P-1"}
    hit["area"] = "441900103001"
    person = hit | {
        "openid": words,
        "erased": False,
        "opted_out": True,
        "joined": ["P-2"],
        "history_refused": True,
        "cases": [case_row],
        "received": [{**need, "stage": "confirmed", "recorded_at": at}],
        "said": [{"speaker": "own", "speaker_zh": "本人", "name": words, "phone": words}],
        "texts": {"R-1": words},
        "messages": [
            {"received_at": at, "channel": "sms", "kind": "text", "kind_zh": "文字", "text": words}
        ],
        "looks": describe_own_looks([look]),
    }
    alike = {
        "suggestion_id": "S-1",
        "subject": "person",
        "subject_zh": "疑似同一人",
        "state": "open",
        "reasons": [{"code": "phone_same", "zh": "手机号或微信相同", "en": "phone same"}],
        "decided_by": words,
        "sides": [hit | {"requests": 2, "latest_at": at}, {"person_id": "P-2"}],
    }
    alike_requests = alike | {
        "subject": "request",
        "subject_zh": "疑似重复",
        "sides": [describe_alike(request), {"request_id": "R-2"}],
    }
    fields = ("name", "phone", "id_number", "reason")
    wrong = [{"code": "x", "field": field, "zh": words, "en": words} for field in fields]
    return {
        "person": render(
            "person.html",
            person=person,
            said=[(("本人", "own"), True, words)],
            path="/desk/persons/P-1",
            done=None,
            act="correct",
            typed=dict.fromkeys(fields, words),
            problems=wrong,
            form_key="k",
            form_token=words,
            stages=persons.STAGES,
            states=STATES,
            channels=list_channels(None),
            languages=list_languages("en"),
            whose=[("own", ("本人", "own"))],
            may_export=True,
            may_erase=True,
            proposed_by=words,
            is_own_proposal=False,
        ),
        "erasures": render("erasures.html", rows=[("P-1", words, at)], principal=words),
        "person_export": render(
            "person_export.html",
            person=person,
            stages=persons.STAGES,
            states=STATES,
            path="/desk/persons/P-1",
        ),
        "alike": render(
            "alike.html",
            page={"suggestions": [alike, alike_requests], "next": "S-1"},
            states=STATES,
            state="open",
            is_first=False,
            done="merge",
            form_key="k",
            form_token=words,
            may_decide=True,
        ),
    }
