"""A request's way through all services: what each says of it, asked of each at once.

Asked from server to server, because the reader's part of the city is known here alone, and the page
works without script. A service that does not answer leaves a gap that is named.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import orjson
from pydantic import Field, ValidationError

from services.intake.approvals.messages import (
    BUDGET_STOPS,
    DECLINE_REASONS,
    PART_REASONS,
    RETURN_REASONS,
    find_message,
)
from services.intake.approvals.notes import ACTS, Note
from services.intake.clocks.words import describe_event
from services.intake.decide.approvals import format_quantity_zh
from services.intake.model import Request, RequestState, Step
from services.intake.neighbours import ask_neighbour
from services.intake.resources import IntakeRuntime
from shared.contracts.history import (
    HISTORY_PATH,
    PARTS_MAX,
    History,
    HistoryQuery,
    HistoryService,
    Part,
)
from shared.contracts.values import LABELS
from shared.dates import name_day
from shared.errors import Message

__all__ = ["Part", "list_history"]

ANSWERS = {
    "granted": ("已按政策解决", "granted"),
    "partly": ("解决了一部分", "a part was granted"),
    "refused": ("不符合政策", "refused"),
}
SILENT: dict[HistoryService, tuple[str, str]] = {
    "matching": ("对接", "matching"),
    "audit": ("账目", "the books"),
    "notify": ("通知", "notices"),
}


_SOURCES = {"channels": ("征集渠道", "channel"), "partners": ("合作方", "partner")}


class NotePart(Part):
    """A note on the case: no service is sent it."""

    text: Annotated[str, Field(repr=False)]


async def list_history(
    runtime: IntakeRuntime, request: Request, notes: Sequence[Note] = ()
) -> tuple[list[Part], list[tuple[str, str]]]:
    """In the order of time, what has none at its end; and who did not answer. notes: those beside
    no step."""
    urls: dict[HistoryService, str] = {
        "matching": runtime.settings.matching_url,
        "audit": runtime.settings.audit_url,
        "notify": runtime.settings.notify_url,
    }
    query = HistoryQuery(
        request_id=request.id,
        person_id=request.person_id,
        match_ids=tuple(request.matches)[:PARTS_MAX],
    )
    answers = await asyncio.gather(*(_ask(runtime, url, query) for url in urls.values()))
    parts = [*list_own(request), *map(_make_note_part, notes)]
    for answer in answers:
        parts.extend(answer or ())
    silent = [
        SILENT[service] for service, answer in zip(urls, answers, strict=True) if answer is None
    ]
    dated = sorted((part for part in parts if part.at), key=lambda part: str(part.at))
    return [*dated, *(part for part in parts if part.at is None)], silent


async def _ask(runtime: IntakeRuntime, url: str, query: HistoryQuery) -> tuple[Part, ...] | None:
    """None where there is no answer."""
    body = orjson.dumps(query.model_dump(mode="json"))
    answer = await ask_neighbour(runtime, url, HISTORY_PATH, body)
    try:
        return History.model_validate_json(answer).parts if answer is not None else None
    except ValidationError:
        return None


def _make_note_part(note: Note) -> NotePart:
    zh, en = note.words
    return NotePart(
        at=note.at,
        service="intake",
        zh=f"{zh}（{note.by}）",
        en=f"{en} ({note.by})",
        text=note.text,
    )


# --- what intake itself knows ---------------------------------------------------------------------


def name_voucher(by: str) -> tuple[str, str]:
    """A member of staff as he is called; a source by what it is: `/channels/village`."""
    kind, _, name = by.removeprefix("/").partition("/")
    zh, en = _SOURCES.get(kind, ("", ""))
    return (f"{zh} {name}", f"{en} {name}") if zh and name else (by, by)


def list_own(request: Request) -> Iterator[Part]:
    by = f"（{request.recorded_by}）" if request.recorded_by else ""
    yield _say(
        request.recorded_at,
        f"登记：{LABELS[request.channel]}{by}",
        f"recorded: {request.channel.replace('_', ' ')} {request.recorded_by}".strip(),
    )
    for event in request.clock.events if request.clock else ():
        if event.step not in ("started", "stopped"):
            yield _say(event.at, *describe_event(event))
    if confirmation := request.confirmation:
        class_zh = LABELS[confirmation.beneficiary_class]
        class_en = confirmation.beneficiary_class.replace("_", " ")
        by_zh, by_en = name_voucher(confirmation.by)
        yield _say(
            confirmation.at,
            f"困难类别核实为“{class_zh}”（{by_zh}）",
            f"class checked: {class_en}, by {by_en}",
        )
    if sighting := request.sighting:
        (by_zh, by_en), (on_zh, on_en) = name_voucher(sighting.by), name_day(sighting.on)
        yield _say(
            None,
            f"{on_zh}见到本人（{by_zh}）",
            f"the person was met on {on_en} by {by_en}",
        )
    yield from _list_steps(request)


def _list_steps(request: Request) -> Iterator[Part]:
    """What was done by whom; of before steps were kept, the last of them without its time."""
    for step in request.steps:
        words = ACTS[step.act]
        amount = _format_step_amount(request, step)
        reason = _find_reason(step)
        zh = "：".join(filter(None, (words[0] + amount[0], reason[0])))
        en = ": ".join(filter(None, (words[1] + amount[1], reason[1])))
        by = step.by or "本人"
        by = f"联席会议，{by}主持" if step.meeting_id else by
        yield _say(step.at, f"{zh}（{by}）", f"{en} ({step.by or 'the person'})")
    if request.guardian_agreed_at is not None:
        by = request.guardian_agreed_by
        yield _say(request.guardian_agreed_at, f"监护人已同意（{by}）", f"a guardian agreed ({by})")
    if request.consent_ended_at is not None:
        by = request.consent_ended_by
        yield _say(
            request.consent_ended_at,
            f"同意办理已撤回（{by or '本人'}）",
            f"consent to handling ended ({by or 'the person'})",
        )
    if request.approved_by and not request.steps:
        declined = request.state is RequestState.DECLINED
        verb = ACTS["declined" if declined else "approved"]
        yield _say(
            None, f"{verb[0]}（{request.approved_by}）", f"{verb[1]} by {request.approved_by}"
        )


def _format_step_amount(request: Request, step: Step) -> tuple[str, str]:
    if step.act != "part_approved" or step.quantity is None:
        return "", ""
    need = request.need.model_copy(update={"quantity": step.quantity})
    return f" {format_quantity_zh(need)}", f" {need.quantity} {need.unit}"


def _find_reason(step: Step) -> tuple[str, str]:
    message: Message | None = None
    match step.act:
        case "part_approved":
            message = find_message(PART_REASONS, step.code)
        case "budget_stopped":
            message = find_message(BUDGET_STOPS, step.code)
        case "returned":
            message = find_message(RETURN_REASONS, step.code)
        case "answered":
            return ANSWERS.get(step.code, ("", ""))
        case "declined":
            message = find_message(DECLINE_REASONS, step.code)
    return (message.zh, message.en) if message else ("", "")


def _say(at: datetime | None, zh: str, en: str) -> Part:
    return Part(at=at, service="intake", zh=zh, en=en)
