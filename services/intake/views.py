"""Requests as people and services read them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from datetime import datetime

from services.intake.model import (
    Basis,
    Person,
    Request,
    RequestState,
    SaidReason,
)
from services.intake.rules import describe_wait_reasons
from services.intake.vault.needs import find_written_item
from services.intake.vault.persons import (
    narrow_person,
    open_contact,
    open_note,
    open_text,
)
from services.intake.vault.sealing import Vault
from shared.contracts.events import ApprovalLevel
from shared.contracts.values import CHINA, LABELS, Category
from shared.documents import Document
from shared.money import format_yuan
from shared.personal import drop_numbers
from shared.scope import Scope
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
LEVEL_LABELS: dict[ApprovalLevel, str] = {"village": "村（居）", "town": "镇（街道）", "city": "市"}


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
        "waits_for": describe_wait_reasons(request.wait_reasons),
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
    vault: Vault, request: Request, persons: Mapping[str, Person], scope: Scope
) -> dict[str, object]:
    """What who works on requests reads of one in a list; nothing of who was erased."""
    person = persons.get(request.person_id)
    if person is None:
        return {}
    return describe_personal(vault, request, narrow_person(person, scope, {request.source}))


def _describe_confirmation(request: Request) -> dict[str, object] | None:
    confirmation = request.confirmation
    if confirmation is None:
        return None
    labels = {
        "class_zh": LABELS[confirmation.beneficiary_class],
        "basis_zh": BASIS_LABELS[confirmation.basis],
    }
    return confirmation.model_dump() | labels


def list_waiting(request: Request, without: Set[SaidReason] = frozenset()) -> list[dict[str, str]]:
    """What is still waited for, in both languages; nothing once it was decided."""
    if request.state is not RequestState.RECORDED:
        return []
    return describe_wait_reasons(each for each in request.wait_reasons if each not in without)


def describe_personal(vault: Vault, request: Request, person: Person) -> dict[str, object]:
    """What those who work on the case may read besides; None where it was erased. person: as the
    reader's scope reads of him."""
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
        "waits_for": [each["zh"] for each in list_waiting(request, frozenset({"danger_named"}))],
        "recorded_at": request.recorded_at,
        "may_withdraw": request.is_withdrawable,
    }


def format_need(request: Request) -> str:
    need = request.need
    if need.is_money:
        return f"{format_yuan(need.quantity)}元"
    return f"{need.item} {need.quantity}{need.unit}"


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
