"""Requests and contacts as people and services read them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from datetime import datetime

from services.intake.model import (
    Basis,
    Correspondence,
    Message,
    Person,
    Request,
    RequestState,
    WaitReason,
)
from services.intake.model.preference import Preference
from services.intake.rules import describe_wait_reasons
from services.intake.vault.messages import open_address, open_message
from services.intake.vault.needs import find_written_item
from services.intake.vault.persons import (
    Contact,
    derive_point_id,
    open_contact,
    open_note,
    open_text,
)
from services.intake.vault.sealing import Vault
from shared.contracts.events import ApprovalLevel
from shared.contracts.values import CHINA, LABELS, Category
from shared.documents import Document
from shared.looks import Look
from shared.money import format_yuan
from shared.personal import drop_numbers
from shared.security import Role
from shared.text import clean_lines
from shared.towns import town_name
from shared.villages import village_name

STATE_LABELS: dict[str, str] = {
    RequestState.RECORDED: "已登记，待审批",
    RequestState.RETURNED: "需要补充材料",
    RequestState.REFERRED: "已转有关部门办理",
    RequestState.BUDGETED: "已列入财政项目办理",
    RequestState.OPEN: "已公开，对接中",
    RequestState.DUPLICATE: "已与另一件诉求合并办理",
    RequestState.DECLINED: "未通过",
    RequestState.WITHDRAWN: "已撤回",
    RequestState.CLOSED: "已完结",
}


BASIS_LABELS: dict[Basis, str] = {
    "register": "民政登记核对",
    "document": "证件或证明",
    "visit": "见面核实",
}
ROLE_LABELS: dict[str, str] = {
    Role.APPROVER_CITY: "市级审批人员",
    Role.APPROVER_TOWN: "镇街审批人员",
    Role.APPROVER_VILLAGE: "村（居）审批人员",
    Role.COLLECTOR: "诉求收集人员",
    Role.SERVICE: "系统自动",
    "self": "本人",
}
LEVEL_LABELS: dict[ApprovalLevel, str] = {"village": "村（居）", "town": "镇（街道）", "city": "市"}
PURPOSE_LABELS: dict[str, str] = {
    "list_requests": "办理诉求",
    "read_request": "办理诉求",
    "find_person": "查找服务对象",
    "read_person": "查看服务对象",
    "compare_persons": "核对是否同一人",
    "correct_person": "更正信息",
    "export_person": "导出本人资料",
    "own_export": "在网上查看或保存自己的资料",
    "read_message": "查看来信",
    "read_phone": "查看电话号码",
    "joint_meeting": "联席会议审议",
    "regular_work": "日常联系和服务",
    "read_attachment": "查看照片和材料",
    "notice": "发送通知",
    "improve_suggestions": "改进系统的自动建议（无人阅读）",
    "keep_catalogue": "整理物品目录",
    "donor_name_shown": "在通知中显示捐赠方名称",
    "donor_name_explained": "在对接说明中显示捐赠方名称",
    "spoken_word": "应您的电话要求发送代办验证码",
}


def describe_request(request: Request) -> dict[str, object]:
    """Everything but what is personal."""
    declared = request.declared_class or request.beneficiary_class
    return {
        "request_id": request.id,
        "state": request.state.value,
        "state_zh": STATE_LABELS[request.state],
        "kind": request.kind.value,
        "category": request.category.value,
        "category_zh": LABELS[request.category],
        "beneficiary_class": request.beneficiary_class.value,
        "beneficiary_class_zh": LABELS[request.beneficiary_class],
        "declared_class": declared.value,
        "declared_class_zh": LABELS[declared],
        "class_confirmed": _describe_confirmation(request),
        "seen": request.sighting.model_dump() if request.sighting else None,
        "waits_for": describe_wait_reasons(request.waits_for),
        "channel": request.channel.value,
        "need": request.need.model_dump(),
        "area": request.area.model_dump(exclude_none=True),
        "town_zh": town_name(request.area.town_code),
        "village_zh": village_name(request.area.village_code),
        "person_id": request.person_id,
        "recorded_at": request.recorded_at,
        "approval_level": request.approval_level,
        "duplicate_of": request.duplicate_of,
        "item_reason": request.item_reason,
        "reason": request.reason,
        "reason_code": request.reason_code,
        "asked_quantity": request.asked_quantity,
        "part_reason": request.part_reason,
        "return_reason": request.return_reason,
        "referrals": [row.model_dump(exclude={"by"}) for row in request.referrals],
        "ended_by": request.ending.way if request.ending else None,
        "collector_id": request.collector_id,
        "committed_quantity": request.committed_quantity,
        "confirmed_quantity": request.confirmed_quantity,
    }


def describe_row(request: Request, now: datetime) -> dict[str, object]:
    """One of a list: with what is asked for in words, since when, and whose it is to decide."""
    level = request.approval_level
    return describe_request(request) | {
        "need_zh": format_need(request),
        "recorded_on": request.recorded_at.astimezone(CHINA).date().isoformat(),
        "days_waited": (now - request.recorded_at).days,
        "approval_level_zh": LEVEL_LABELS[level] if level else None,
        "channel_zh": LABELS[request.channel],
        "kind_zh": LABELS[request.kind],
    }


def hide_staff(view: Document) -> dict[str, object]:
    """For a source: without staff numbers, and without what others brought."""
    seen, confirmed = view["seen"], view["class_confirmed"]
    return {
        **view,
        "seen": seen and {**seen, "by": ""},
        "class_confirmed": confirmed and {**confirmed, "by": ""},
        "collector_id": None,
        "duplicate_of": None,
    }


def describe_listed(
    vault: Vault, request: Request, persons: Mapping[str, Person]
) -> dict[str, object]:
    """What who works on requests reads of one in a list; nothing of who was erased."""
    person = persons.get(request.person_id)
    return describe_personal(vault, request, person) if person else {}


def _describe_confirmation(request: Request) -> dict[str, object] | None:
    confirmation = request.confirmation
    if confirmation is None:
        return None
    labels = {
        "class_zh": LABELS[confirmation.beneficiary_class],
        "basis_zh": BASIS_LABELS[confirmation.basis],
    }
    return confirmation.model_dump() | labels


def list_waiting_zh(request: Request, without: Set[WaitReason] = frozenset()) -> list[str]:
    """What is still waited for; nothing once it was decided."""
    if request.state is not RequestState.RECORDED:
        return []
    reasons = [reason for reason in request.waits_for if reason not in without]
    return [reason["zh"] for reason in describe_wait_reasons(reasons)]


def describe_personal(vault: Vault, request: Request, person: Person) -> dict[str, object]:
    """What those who work on the case may read besides; None where it was erased."""
    contact = open_contact(vault, person)
    return {
        "applicant": {"name": contact.name, "phone": contact.phone, "erased": person.erased},
        "text": open_text(vault, person, request),
        "note": open_note(vault, person, request),
    }


def describe_unknown_items(
    vault: Vault, requests: Iterable[Request], persons: Mapping[str, Person]
) -> list[dict[str, object]]:
    """What was written, most often first; what erased people wrote is gone."""
    counts: Counter[tuple[str, Category, str]] = Counter()
    for request in requests:
        person = persons.get(request.person_id)
        if person and (written := find_written_item(open_text(vault, person, request))):
            counts[written, request.category, request.need.item] += 1
    return [
        {"written": drop_numbers(written), "category": category, "category_zh": LABELS[category]}
        | {"item": item, "count": count}
        for (written, category, item), count in counts.most_common()
    ]


def describe_status(request: Request) -> dict[str, object]:
    """What the applicant's link shows: it may be seen over a shoulder, so nothing personal."""
    return {
        "request_id": request.id,
        "state": request.state.value,
        "state_zh": STATE_LABELS[request.state],
        "category_zh": LABELS[request.category],
        "need_zh": format_need(request),
        "reason": request.reason,
        "waits_for": list_waiting_zh(request),
        "recorded_at": request.recorded_at,
        "may_withdraw": request.is_withdrawable,
    }


def format_need(request: Request) -> str:
    need = request.need
    if need.is_money:
        return f"{format_yuan(need.quantity)}元"
    return f"{need.item} {need.quantity}{need.unit}"


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


def describe_address(vault: Vault, thread: Correspondence) -> dict[str, object]:
    """Of a contact point, to answer what was written from it; as `describe_contact`."""
    address = open_address(vault, thread)
    return {
        "person_id": thread.id,
        "phone": address.get("phone"),
        "openid": address.get("openid"),
        "point_id": thread.id if address.get("phone") else None,
        "opted_out": False,
        "wechat_opted_out": False,
        "erased": not address,
    } | Preference().as_fields()


MESSAGE_STATES: dict[str, str] = {
    "unread": "待查看",
    "asked": "等待对方答复",
    "understood": "已自动处理",
    "handled": "已由工作人员处理",
}
READINGS: dict[str, str] = {
    "unknown": "未能识别",
    "received": "收到帮助",
    "not_received": "没有收到",
    "partly": "只收到部分或有问题",
    "no": "答复含义不明",
    "opted_out": "退订通知",
    "resumed": "恢复通知",
    "thanks": "致谢",
    "needless": "不再需要",
    "call": "请求回电",
    "emergency": "可能有人身危险",
    "binding": "绑定联系方式或验证本人",
    "donor": "捐赠方答复对接",
    "request": "诉求",
    "part_of_request": "诉求的一部分",
    "media": "图片、语音等",
}
MESSAGE_KINDS: dict[str, str] = {
    "text": "文字",
    "image": "图片",
    "voice": "语音",
    "video": "视频",
    "location": "位置",
    "link": "链接",
    "file": "文件",
    "other": "其他",
}
HANDLINGS: dict[str, str] = {
    "request": "登记为诉求",
    "answer": "作为收货答复",
    "note": "作为备注",
    "opt_out": "停止通知",
    "opt_in": "恢复通知",
    "nothing": "无需处理",
}


def describe_message(message: Message) -> dict[str, object]:
    """Everything but what is personal."""
    return {
        "message_id": message.id,
        "channel": message.channel.value,
        "channel_zh": LABELS[message.channel],
        "kind": message.kind,
        "kind_zh": MESSAGE_KINDS[message.kind],
        "state": message.state,
        "state_zh": MESSAGE_STATES[message.state],
        "reading": message.reading,
        "reading_zh": READINGS[message.reading],
        "urgent": message.urgent,
        "received_at": message.received_at,
        "town_code": message.town_code,
        "town_zh": town_name(message.town_code) or "未写明镇街",
        "request_id": message.request_id,
        "match_id": message.match_id,
        "handling": message.handling,
        "handling_zh": HANDLINGS[message.handling] if message.handling else None,
        "handled_by": message.handled_by or None,
        "handled_at": message.handled_at,
        "reason": message.reason,
        "media": message.media,
        "attachments": list(message.attachments),
    }


def describe_content(vault: Vault, message: Message) -> dict[str, object]:
    """What those who work on it read besides; None where it was forgotten."""
    content = open_message(vault, message)
    if content is None:
        return {"text": None, "phone": None, "fields": None, "place": None, "forgotten": True}
    return {
        "text": clean_lines(content["text"] or ""),
        "phone": content["phone"],
        "fields": content.get("fields"),
        "place": content.get("place"),
        "forgotten": False,
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
        "role_zh": _format_role(look),
        "purpose": look.purpose,
        "purpose_zh": PURPOSE_LABELS.get(look.purpose, "其他"),
        "person_id": look.about,
    }


def describe_own_looks(looks: Iterable[Look]) -> list[dict[str, str]]:
    """For the person himself: the same look of one day once, and nobody's id."""
    rows = dict.fromkeys(
        (
            look.at.astimezone(CHINA).date().isoformat(),
            _format_role(look),
            PURPOSE_LABELS.get(look.purpose, "其他"),
        )
        for look in looks
    )
    return [{"on": on, "role_zh": role, "purpose_zh": purpose} for on, role, purpose in rows]


def _format_role(look: Look) -> str:
    """The first of the table; rows of before say no role."""
    roles = (label for role, label in ROLE_LABELS.items() if role in look.roles)
    return next(roles, "工作人员")


def describe_summary(counts: Mapping[tuple[str, str], int]) -> dict[str, object]:
    by_state: Counter[str] = Counter()
    by_channel: Counter[str] = Counter()
    for (state, channel), count in counts.items():
        by_state[state] += count
        by_channel[channel] += count
    return {
        "requests": {
            "total": by_state.total(),
            "by_state": dict(sorted(by_state.items())),
            "by_channel": dict(sorted(by_channel.items())),
        }
    }
