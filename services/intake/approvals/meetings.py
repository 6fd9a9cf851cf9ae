"""Joint meetings as people read them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.intake.approvals.messages import DECLINE_REASONS, PART_REASONS, find_message
from services.intake.approvals.notes import open_note_record
from services.intake.model import Person, Request
from services.intake.model.meeting import Meeting, MeetingState, Outcome, Ruling
from services.intake.vault.sealing import Vault
from shared.contracts.events import Verdict
from shared.personal import hide_numbers
from shared.references import format_reference
from shared.security import STAFF, Credential, Role
from shared.web.tiles import list_roles

Texts = tuple[str, str]
STATES: Mapping[MeetingState, Texts] = {
    "planned": ("待召开", "planned"),
    "sitting": ("进行中", "sitting"),
    "closed": ("已闭会", "closed"),
    "cancelled": ("已取消", "cancelled"),
}
VERDICTS: Mapping[Verdict, Texts] = {
    "approve": ("同意", "approved"),
    "decline": ("不予受理", "declined"),
    "adjourn": ("下次再议", "adjourned"),
}
OUTCOMES: Mapping[Outcome, Texts] = {
    "done": ("已办理", "carried out"),
    "lapsed": ("会前已撤回或另行处理，未办理", "withdrawn meanwhile: not carried out"),
    "refused": ("会后情况有变，未办理，重新等待审议", "changed meanwhile: it waits anew"),
}


@dataclass(frozen=True, slots=True)
class SittingPerson:
    """Somebody who can be invited. may_chair: he approves for the city, of chair_area alone."""

    id: str
    roles: Texts
    may_chair: bool
    chair_area: str = ""


@dataclass(frozen=True, slots=True)
class RulingRow:
    """note: the minute, without numbers: members who do not work on the case read it."""

    words: Texts
    reason: Texts
    quantity: int | None
    note: str = field(repr=False)
    verdict: str


def list_people(
    credentials: Iterable[Credential], now: datetime, area: str = ""
) -> list[SittingPerson]:
    """Staff with a valid credential who have to do with this area, each holder once."""
    chair_areas: dict[str, set[str]] = {}
    names: dict[str, dict[Texts, None]] = {}
    for credential in credentials:
        is_near = credential.area.startswith(area) or area.startswith(credential.area)
        if is_near and credential.is_valid(now) and credential.roles & STAFF:
            areas = chair_areas.setdefault(credential.principal, set())
            if Role.APPROVER_CITY in credential.roles:
                areas.add(credential.area)
            names.setdefault(credential.principal, {}).update(dict.fromkeys(list_roles(credential)))
    return [
        SittingPerson(id_, _join_names(names[id_]), bool(areas), min(areas, default=""))
        for id_, areas in sorted(chair_areas.items())
    ]


def _join_names(names: Iterable[Texts]) -> Texts:
    return "、".join(zh for zh, _ in names), ", ".join(en for _, en in names)


def describe_meeting(meeting: Meeting) -> dict[str, object]:
    return {
        "id": meeting.id,
        "reference": format_reference(meeting.id),
        "state": meeting.state,
        "state_words": STATES[meeting.state],
        "town_code": meeting.town_code,
        "on": meeting.on,
        "chair": meeting.chair,
        "recorder": meeting.recorder,
        "members": meeting.members,
        "present": meeting.present,
        "count": len(meeting.items),
        "undecided": meeting.undecided,
        "signed_by": meeting.signed_by,
        "closed_at": meeting.closed_at,
    }


def describe_agenda(meeting: Meeting, requests: Mapping[str, Request]) -> list[dict[str, object]]:
    """What is known without opening anybody's words."""
    return [
        {
            "request": requests[item.request_id],
            "reference": format_reference(item.request_id),
            "verdict": VERDICTS[item.ruling.verdict] if item.ruling else None,
            "quantity": item.ruling.quantity if item.ruling else None,
            "outcome": OUTCOMES[item.outcome] if item.outcome else None,
        }
        for item in meeting.items
        if item.request_id in requests
    ]


def describe_ruling(ruling: Ruling | None, vault: Vault, person: Person) -> RulingRow | None:
    if ruling is None:
        return None
    message = find_message(PART_REASONS, ruling.code) or find_message(DECLINE_REASONS, ruling.code)
    return RulingRow(
        words=VERDICTS[ruling.verdict],
        reason=(message.zh, message.en) if message else ("", ""),
        quantity=ruling.quantity,
        note=hide_numbers(open_note_record(vault, person, ruling.note_record, ruling.note)),
        verdict=ruling.verdict,
    )


def describe_minutes(
    meeting: Meeting,
    requests: Mapping[str, Request],
    vault: Vault,
    persons: Mapping[str, Person],
) -> list[dict[str, object]]:
    rows = describe_agenda(meeting, requests)
    for row, item in zip(rows, [i for i in meeting.items if i.request_id in requests], strict=True):
        request = requests[item.request_id]
        person = persons.get(request.person_id) or Person(id=request.person_id, erased=True)
        row["ruling"] = describe_ruling(item.ruling, vault, person)
        row["asked"] = request.asked_quantity or request.need.quantity
    return rows
