"""A person as the staff who work on his cases read him: whole pages, each by one call."""

from collections.abc import Iterable, Mapping

from services.intake import views
from services.intake.model import Person, Request, SpeakerKind, Whose
from services.intake.model.suggestion import LIKENESS_LABELS, Suggestion
from services.intake.vault.persons import list_said, open_contact, open_text
from services.intake.vault.sealing import Vault
from shared.contracts.values import LABELS
from shared.id_numbers import mask_id_number
from shared.looks import Look
from shared.towns import town_name

SPEAKER_LABELS: Mapping[SpeakerKind, str] = {
    "own": "本人",
    "staff": "工作人员",
    "earlier": "早期登记",
    "channel": "征集渠道",
    "partner": "合作方",
}
WHOSE_LABELS: Mapping[Whose, str] = {
    "unsaid": "未说明",
    "own": "本人",
    "family": "家属",
    "collector": "收集人",
    "guardian": "监护人",
}


def describe_hit(vault: Vault, person: Person, requests: Iterable[Request]) -> dict[str, object]:
    """A row of what was found: enough to tell namesakes apart."""
    contact = open_contact(vault, person)
    rows = list(requests)
    return {
        "person_id": person.id,
        "name": contact.name,
        "phone": contact.phone,
        "id_number": mask_id_number(contact.id_number) if contact.id_number else None,
        "area": person.area,
        "town_zh": town_name(person.area[:9]) if person.area else "",
        "requests": len(rows),
        "latest_at": max((row.recorded_at for row in rows), default=None),
    }


def describe_person(vault: Vault, person: Person, requests: Iterable[Request]) -> dict[str, object]:
    """Who he is, who says so, what he asked for."""
    rows = list(requests)
    return describe_hit(vault, person, rows) | {
        "erased": person.erased,
        "joined": list(person.joined),
        "opted_out": person.opted_out,
        **person.preference.as_fields(),
        "said_by": [
            {"speaker_zh": SPEAKER_LABELS[row.kind], "is_correction": row.is_correction}
            for row in person.list_registrations()
        ],
        "cases": [views.describe_request(row) for row in rows],
    }


def describe_received(requests: Iterable[Request]) -> list[dict[str, object]]:
    """What came of all his requests, from any fund: promised, delivered, confirmed."""
    return [
        {
            "request_id": request.id,
            "match_id": match_id,
            "stage": portion.stage,
            "unit": request.need.unit,
            "quantity": portion.quantity,
            "fund_id": portion.fund_id,
            "at": portion.at,
            "town_code": request.area.town_code,
            "item": request.need.item,
            "category": request.category.value,
            "recorded_at": request.recorded_at,
        }
        for request in requests
        for match_id, portion in sorted(request.matches.items())
    ]


def describe_export(
    vault: Vault, person: Person, requests: Iterable[Request], looks: Iterable[Look]
) -> dict[str, object]:
    """Everything that we hold of him, for himself."""
    rows = list(requests)
    contact = open_contact(vault, person)
    return describe_person(vault, person, rows) | {
        "received": describe_received(rows),
        "id_number": contact.id_number,
        "openid": contact.openid,
        "said": [
            {"speaker": row.kind, "speaker_zh": SPEAKER_LABELS[row.kind], **statement}
            for row, statement in list_said(vault, person)
        ],
        "texts": {row.id: open_text(vault, person, row) for row in rows},
        "looks": views.describe_own_looks(looks),
    }


# --- what looks alike -------------------------------------------------------------------------


def describe_suggestion(suggestion: Suggestion) -> dict[str, object]:
    return {
        "suggestion_id": suggestion.id,
        "subject": suggestion.subject,
        "subject_zh": "疑似同一人" if suggestion.subject == "person" else "疑似重复",
        "state": suggestion.state,
        "reasons": [
            {"code": reason, "zh": LIKENESS_LABELS[reason]} for reason in suggestion.reasons
        ],
        "town_zh": town_name(suggestion.town_code),
        "made_at": suggestion.made_at,
        "decided_by": suggestion.decided_by,
        "decided_at": suggestion.decided_at,
    }


def describe_alike(request: Request) -> dict[str, object]:
    """A side of what may be the same need: nothing personal."""
    return {
        "request_id": request.id,
        "person_id": request.person_id,
        "state_zh": views.STATE_LABELS[request.state],
        "category_zh": LABELS[request.category],
        "need_zh": views.format_need(request),
        "channel_zh": LABELS[request.channel],
        "recorded_at": request.recorded_at,
    }
