"""A person, contact points, and who looked at them, as staff, services and the person read it."""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from services.intake import views
from services.intake.model import ContactPoint, Person, Request, SpeakerKind, Whose
from services.intake.model.preference import Preference
from services.intake.model.suggestion import LIKENESS_LABELS, LikenessReason, Suggestion
from services.intake.vault.persons import (
    Contact,
    choose_phone,
    derive_point_id,
    list_said,
    open_contact,
    open_text,
)
from services.intake.vault.sealing import Vault
from shared.contracts.values import CHINA, LABELS
from shared.documents import Document
from shared.id_numbers import mask_id_number
from shared.looks import Look
from shared.security import Role
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
ROLE_LABELS: Mapping[str, tuple[str, str]] = {
    Role.APPROVER_CITY: ("市级审批人员", "approver for the city"),
    Role.APPROVER_TOWN: ("镇街审批人员", "approver of a town"),
    Role.APPROVER_VILLAGE: ("村（居）审批人员", "approver of a village"),
    Role.COLLECTOR: ("诉求收集人员", "collector"),
    Role.SERVICE: ("系统自动", "the system"),
    "self": ("本人", "the person"),
}
"""Chinese and English, as the other table."""
PURPOSE_LABELS: Mapping[str, tuple[str, str]] = {
    "list_requests": ("办理诉求", "to work on requests"),
    "read_request": ("办理诉求", "to work on requests"),
    "find_person": ("查找服务对象", "to find a person"),
    "read_person": ("查看服务对象", "to read about a person"),
    "compare_persons": ("核对是否同一人", "to compare two persons"),
    "correct_person": ("更正信息", "to correct the data"),
    "export_person": ("导出本人资料", "to export the person's data"),
    "own_export": ("在网上查看或保存自己的资料", "to read or save one's own data"),
    "read_message": ("查看来信", "to read a message"),
    "read_phone": ("查看电话号码", "to read a phone number"),
    "joint_meeting": ("联席会议审议", "for a joint meeting"),
    "regular_work": ("日常联系和服务", "for regular visits"),
    "read_attachment": ("查看照片和材料", "to look at photos and documents"),
    "notice": ("发送通知", "to send a notice"),
    "donor_notice": ("发送通知", "to send a notice"),
    "improve_suggestions": (
        "改进系统的自动建议（无人阅读）",
        "to improve automatic suggestions (read by nobody)",
    ),
    "keep_catalogue": ("整理物品目录", "to keep the catalogue of items"),
    "donor_name_shown": ("在通知中显示捐赠方名称", "to name a donor in a notice"),
    "donor_name_explained": ("在对接说明中显示捐赠方名称", "to name a donor in an explanation"),
    "spoken_word": ("应您的要求发送验证码", "to send the code that you asked for"),
}
STAFF_MEMBER = ("工作人员", "staff")
OTHER_PURPOSE = ("其他", "other")


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
    vault: Vault,
    person: Person,
    requests: Iterable[Request],
    looks: Iterable[Look],
    messages: Iterable[Mapping[str, object]],
) -> dict[str, object]:
    """Everything that we hold of him, for himself. messages: that he sent."""
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
        "messages": list(messages),
        "looks": describe_own_looks(looks),
    }


# --- what looks alike -------------------------------------------------------------------------


QUANTITY_DIFFERS = ("类别和物品相同，数量不同", "same thing, another quantity")
SUM_DIFFERS = ("类别相同，金额不同", "same category, another sum")


def describe_suggestion(
    suggestion: Suggestion, sides: Sequence[dict[str, object]]
) -> dict[str, object]:
    """sides: as `describe_hit` and `describe_alike` have them; of another area an id alone."""
    needs = [side["need"] for side in sides if "need" in side]
    return {
        "sides": list(sides),
        "suggestion_id": suggestion.id,
        "subject": suggestion.subject,
        "subject_zh": "疑似同一人" if suggestion.subject == "person" else "疑似重复",
        "state": suggestion.state,
        "reasons": [_describe_reason(reason, needs) for reason in suggestion.reasons],
        "town_zh": town_name(suggestion.town_code),
        "made_at": suggestion.made_at,
        "decided_by": suggestion.decided_by,
        "decided_at": suggestion.decided_at,
    }


def _describe_reason(reason: LikenessReason, needs: Sequence[Any]) -> dict[str, str]:
    """A need is the same by its category and thing: what is asked for may be more or less."""
    words = (LIKENESS_LABELS[reason], reason.replace("_", " "))
    if reason == "need_same" and len({need["quantity"] for need in needs}) > 1:
        words = SUM_DIFFERS if needs[0]["unit"] == "fen" else QUANTITY_DIFFERS
    return {"code": reason, "zh": words[0], "en": words[1]}


def is_pair_over(view: Document) -> bool:
    """Two requests of which nobody can be helped twice any more."""
    states = {side.get("state") for side in view["sides"]}
    return view["subject"] == "request" and not states & {"recorded", "open", "returned"}


def describe_alike(request: Request) -> dict[str, object]:
    """A side of what may be the same need: nothing personal."""
    return {
        "request_id": request.id,
        "person_id": request.person_id,
        "state": request.state.value,
        "state_zh": views.STATE_LABELS[request.state],
        "category": request.category.value,
        "category_zh": LABELS[request.category],
        "need": request.need.model_dump(),
        "need_zh": views.format_need(request),
        "channel": request.channel.value,
        "channel_zh": LABELS[request.channel],
        "recorded_at": request.recorded_at,
    }


def describe_notice_contact(
    vault: Vault,
    person: Person,
    points: Mapping[str, ContactPoint],
    *,
    is_donor: bool,
) -> dict[str, object]:
    """Where notices reach him, by his contact points. is_donor: they are about what he gives."""
    closed = {id_ for id_, point in points.items() if point.opted_out}
    phone = choose_phone(vault, person, points, is_donor=is_donor)
    point_id = derive_point_id(vault, phone=phone)
    return describe_contact(vault, person.id, person, closed) | {
        "phone": phone,
        "point_id": point_id or None,
        "opted_out": person.opted_out or point_id in closed,
    }


def describe_contact(
    vault: Vault, person_id: str, person: Person | None, closed: Set[str] = frozenset()
) -> dict[str, object]:
    """Of an unknown person as of an erased one. closed: contact points that want no notices."""
    contact = open_contact(vault, person) if person else Contact()
    phone_id = derive_point_id(vault, phone=contact.phone)
    openid_id = derive_point_id(vault, openid=contact.openid)
    preference = person.preference if person else Preference()
    return {
        "person_id": person_id,
        "phone": contact.phone,
        "openid": contact.openid,
        "point_id": phone_id if contact.phone else None,
        "account_id": openid_id if contact.openid else None,
        "opted_out": (person is not None and person.opted_out) or phone_id in closed,
        "wechat_opted_out": openid_id in closed,
        "erased": person is None or person.erased,
        **preference.as_fields(),
    }


def describe_name(vault: Vault, person_id: str, person: Person | None) -> dict[str, object]:
    """name: null where the person is unknown or was erased."""
    contact = open_contact(vault, person) if person else None
    return {"person_id": person_id, "name": contact.name if contact else None}


def describe_look(look: Look) -> dict[str, object]:
    """For auditors."""
    return {
        "at": look.at,
        "who": look.who,
        "for_whom": look.for_whom,
        "role_zh": _name_role(look)[0],
        "purpose": look.purpose,
        "purpose_zh": PURPOSE_LABELS.get(look.purpose, OTHER_PURPOSE)[0],
        "person_id": look.about,
    }


def describe_own_looks(looks: Iterable[Look]) -> list[dict[str, str]]:
    """For the person himself: the same look of one day once, and nobody's id."""
    rows = dict.fromkeys(
        (
            look.at.astimezone(CHINA).date().isoformat(),
            *_name_role(look),
            *PURPOSE_LABELS.get(look.purpose, OTHER_PURPOSE),
        )
        for look in looks
    )
    names = ("on", "role_zh", "role_en", "purpose_zh", "purpose_en")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _name_role(look: Look) -> tuple[str, str]:
    """The first of the table; rows of before say no role."""
    roles = (labels for role, labels in ROLE_LABELS.items() if role in look.roles)
    return next(roles, STAFF_MEMBER)
