"""What is asked by POST, since what is asked may be personal, and what is done by POST.

A route that reads has its row: what is asked about one side, and what of that side its answer
holds. Every other route is tried by each caller on what is the other side's.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from services.intake.approvals.messages import DECLINE_REASONS, RETURN_REASONS
from services.matching.model.labels import REOPEN_REASONS
from shared.web.access import Allow, find_guard
from tests.matching.decisions import NO_CAPACITY
from tests.support.services import Operation
from tests.system.two_towns import GIFT_MESSAGE, Caller, Side, Town
from tests.system.walking import fill_path, find_marks, list_operations

NOBODYS = "X-1"
NAME, PHONE, WORDS = "applicant's name", "applicant's phone", "applicant's words"


@dataclass(frozen=True, slots=True)
class Asking:
    """body: about one side; a form where is_form. holds: what of that side the answer says that
    was not in the question."""

    body: Callable[[Side], Mapping[str, Any]]
    holds: frozenset[str] = frozenset()
    is_form: bool = False


def ask_person(side: Side, **more: Any) -> dict[str, Any]:
    return {"person_ids": [side.ids["person"]], **more}


def ask_way(side: Side) -> dict[str, Any]:
    ids = side.ids
    return {
        "request_id": ids["request"],
        "person_id": ids["person"],
        "match_ids": [ids["match"]],
    }


def ask_outlook(side: Side) -> dict[str, Any]:
    request = {
        "person_id": side.ids["person"],
        "kind": "wish",
        "category": "supplies",
        "beneficiary_class": "general",
        "channel": "grid_worker",
        "need": {"unit": "袋", "quantity": 10, "item": "大米"},
        "area": {"town_code": side.town},
        "recorded_at": "2026-11-01T04:00:00Z",
    }
    return {"request_id": side.ids["request"], "request": request}


def ask_alike(side: Side) -> dict[str, Any]:
    row = {
        "id": "line-2",
        "donor_id": side.ids["giver"],
        "fund_id": "F-1",
        "amount_fen": int(side.gift["gift's sum"]),
        "received_at": "2026-11-01T04:00:00Z",
    }
    return {"source": side.bank, "rows": [row]}


def ask_nothing(_side: Side) -> dict[str, Any]:
    return {}


def ask_phone(side: Side) -> dict[str, Any]:
    return {"phone": "+86" + side.personal[PHONE]}


HIMSELF = frozenset({NAME, PHONE, WORDS})
READING: Mapping[tuple[str, str], Asking] = {
    ("intake", "/internal/known"): Asking(ask_person),
    ("intake", "/internal/vouched"): Asking(lambda side: ask_person(side, by="s-1001")),
    ("intake", "/internal/contacts"): Asking(
        lambda side: ask_person(side, purpose="notice"), frozenset({PHONE})
    ),
    ("intake", "/internal/own-phones"): Asking(
        lambda side: ask_person(side, purpose="word"), frozenset({PHONE})
    ),
    ("intake", "/internal/namesakes"): Asking(
        lambda side: {"name": side.personal[NAME], "for_whom": "fin-maker"}, frozenset({"person"})
    ),
    ("intake", "/internal/phone-owners"): Asking(
        lambda side: ask_phone(side) | {"purpose": "word"}, frozenset({"person"})
    ),
    ("intake", "/internal/names"): Asking(
        lambda side: ask_person(side, purpose="explanation"), frozenset({NAME})
    ),
    ("intake", "/internal/preferences"): Asking(ask_person),
    ("intake", "/internal/sessions"): Asking(lambda _: {"session_id": "S-" + "0" * 40}),
    ("intake", "/internal/operations"): Asking(ask_nothing),
    ("intake", "/persons/find"): Asking(ask_phone, frozenset({NAME, "person"})),
    ("intake", "/persons/{person_id}/export"): Asking(
        ask_nothing, HIMSELF | {"request", "match", "offer", "message"}
    ),
    ("intake", "/desk/search"): Asking(
        lambda side: {"q": side.personal[PHONE]}, frozenset({"request"}), is_form=True
    ),
    ("intake", "/cases/{request_id}/phone"): Asking(
        ask_nothing, HIMSELF | {"person", "attachment"}, is_form=True
    ),
    ("intake", "/desk/persons/{person_id}/export"): Asking(ask_nothing, HIMSELF, is_form=True),
    ("matching", "/internal/history"): Asking(ask_way),
    ("matching", "/internal/outlook"): Asking(ask_outlook),
    ("matching", "/internal/operations"): Asking(ask_nothing),
    ("notify", "/internal/history"): Asking(ask_way),
    ("notify", "/internal/operations"): Asking(ask_nothing),
    ("audit", "/statements/find"): Asking(
        lambda side: {"source": side.bank, "ids": [GIFT_MESSAGE]},
        frozenset({"donation", "giver", "gift's sum"}),
    ),
    ("audit", "/statements/alike"): Asking(ask_alike, frozenset({"donation"})),
    ("audit", "/donations/{donation_id}/receipt-link"): Asking(
        lambda side: {"donor_id": side.ids["giver"]}
    ),
    ("audit", "/internal/giving"): Asking(
        lambda side: {
            "donor_id": side.ids["giver"],
            "year": 2026,
            "match_ids": [side.ids["match"]],
        },
        frozenset({"gift's sum", "gift's place"}),
    ),
    ("audit", "/internal/history"): Asking(ask_way),
    ("audit", "/internal/operations"): Asking(ask_nothing),
}


async def check_reading_posts(town: Town) -> None:
    """Who may ask is answered of whom he asked about and of nobody else; others of nobody."""
    wrong: list[str] = []
    walked: set[tuple[str, str]] = set()
    for service, operation in list_operations(town, "POST"):
        asking, guard = READING.get((service, operation.path)), find_guard_of(operation)
        if asking is None or guard is None:
            continue
        walked.add((service, operation.path))
        for side, other in (town.sides, town.sides[::-1]):
            for caller in list_callers(town, guard):
                answer = await ask(town, service, operation, asking, side, caller)
                is_seen = caller.of is None or (caller.of is side and not guard.whole_city)
                expected = asking.holds if is_seen else frozenset()
                about = find_marks(answer, list_marks(side)) - list_asked(operation, asking, side)
                foreign = find_marks(answer, list_marks(other))
                if answer.status_code >= 500 or about != expected or foreign:
                    wrong.append(
                        f"{caller.role} {caller.of and caller.of.name} asks {service} "
                        f"{operation.path} about {side.name}: {answer.status_code} "
                        f"{sorted(about)} and of others {sorted(foreign)}"
                    )
    assert not wrong, "\n".join(wrong)
    assert walked == READING.keys()


def find_guard_of(operation: Operation) -> Allow | None:
    return find_guard(operation.route) if operation.route else None


def list_callers(town: Town, guard: Allow) -> list[Caller]:
    return [caller for caller in town.callers if caller.role in guard.roles]


def list_marks(side: Side) -> dict[str, str]:
    return {**side.ids, **side.personal, **side.account, **side.gift, "wish": side.wish}


def list_asked(operation: Operation, asking: Asking, side: Side) -> set[str]:
    """What the question says already, so that the answer may say it again."""
    text = f"{fill_path(operation, side.ids)} {asking.body(side)}"
    return {kind for kind, mark in list_marks(side).items() if mark in text}


async def ask(
    town: Town, service: str, operation: Operation, asking: Asking, side: Side, caller: Caller
) -> httpx.Response:
    http, path, body = town.running[service].http, fill_path(operation, side.ids), asking.body(side)
    headers = caller.headers | {"Idempotency-Key": uuid4().hex}
    if asking.is_form:
        return await http.post(path, data=dict(body), headers=headers, follow_redirects=True)
    return await http.post(path, json=dict(body), headers=headers)


# What a caller would say to do something: without it he is turned away for what is missing.
WITNESS = {"evidence": "visit"}
REASON = {"reason": "核对过了"}
BODIES: Mapping[str, Callable[[Side], Mapping[str, Any]]] = {
    "/links/revoke": lambda side: {"about": side.ids["match"]},
    "/matches/accept": lambda side: {"match_ids": [side.ids["match"]]},
    "/matches/deliver": lambda side: {"match_ids": [side.ids["match"]]},
    "/matches/confirm": lambda side: {"match_ids": [side.ids["match"]], "witness": WITNESS},
    "/matches/{match_id}/confirm": lambda _: WITNESS,
    "/matches/{match_id}/decline": lambda _: {"reason": NO_CAPACITY},
    "/matches/{match_id}/rate": lambda _: {"stars": 5},
    "/matches/{match_id}/reopen": lambda _: {"reason": REOPEN_REASONS[0]},
    "/matches/{match_id}/schedule": lambda _: {"comes_on": "2026-12-24"},
    "/matches/{match_id}/words": lambda _: {"act": "accept"},
    "/menu/{request_id}/claim": lambda side: {"offer_id": side.ids["offer"], "quantity": 1},
    "/offers/{offer_id}/words": lambda side: {"request_id": side.ids["request"], "quantity": 1},
    "/messages/{message_id}/handle": lambda _: {"handling": "nothing", **REASON},
    "/messages/{message_id}/request": lambda side: {
        "category": "supplies",
        "need": {"unit": "袋", "quantity": 1, "item": "大米"},
        "area": {"town_code": side.town},
        "name": "王五",
        **REASON,
    },
    "/persons/{person_id}/correct": lambda _: {"name": "王五", **REASON},
    "/persons/{person_id}/merge": lambda side: {"other_id": side.ids["giver"]},
    "/requests/{request_id}/decline": lambda _: {"reason": next(iter(DECLINE_REASONS))},
    "/requests/{request_id}/mend": lambda _: {"note": "已补"},
    "/requests/{request_id}/notes": lambda _: {"note": "已上门"},
    "/requests/{request_id}/tasks": lambda _: {"task": "上门", "due_on": "2026-12-24"},
    "/requests/{request_id}/return": lambda _: {"reason": next(iter(RETURN_REASONS))},
    "/requests/{request_id}/vouch": lambda _: {"seen": {"manner": "visit"}},
}
# What is no JSON.
FORMS: Mapping[str, Mapping[str, Any]] = {
    "/notify/calls/{notice_id}": {"data": {"outcome": "told"}},
    "/requests/{request_id}/attachments": {"files": {"file": ("a.pdf", b"%PDF-1.7\n")}},
}


async def check_commands(town: Town) -> None:
    """Nobody of one side does anything with what is the other's, and no refusal says more of it."""
    wrong: list[str] = []
    for service, operation in list_operations(town, "POST", "PATCH"):
        guard = find_guard_of(operation)
        if guard is None or (service, operation.path) in READING:
            continue
        build = BODIES.get(operation.path, ask_nothing)
        for side, other in (town.sides, town.sides[::-1]):
            callers = [each for each in list_callers(town, guard) if each.of is side]
            answers = await asyncio.gather(
                *(try_command(town, service, operation, build(other), other, c) for c in callers)
            )
            asked = {k for k, id_ in other.ids.items() if id_ in fill_all(operation, build, other)}
            for caller, answer in zip(callers, answers, strict=True):
                found = find_marks(answer, list_marks(other)) - asked
                may_be = {403, 404} if asked else set(range(200, 500))
                if found or not find_statuses(answer) <= may_be:
                    wrong.append(
                        f"{caller.role} of {side.name}: {operation.method} {service} "
                        f"{operation.path} {answer.status_code} {sorted(found)}"
                    )
    assert not wrong, "\n".join(wrong)


def fill_all(operation: Operation, build: Callable[[Side], Mapping[str, Any]], other: Side) -> str:
    """The path and the body in one text."""
    return f"{fill_path(operation, other.ids, NOBODYS)} {build(other)}"


def find_statuses(answer: httpx.Response) -> set[int]:
    """Of each row, where several are asked for at once."""
    if answer.status_code == 200 and "answers" in answer.text[:20]:
        return {row["status"] for row in answer.json()["answers"]}
    return {answer.status_code}


async def try_command(
    town: Town,
    service: str,
    operation: Operation,
    body: Mapping[str, Any],
    other: Side,
    caller: Caller,
) -> httpx.Response:
    http, path = town.running[service].http, fill_path(operation, other.ids, NOBODYS)
    headers = caller.headers | {"Idempotency-Key": uuid4().hex}
    sent = FORMS.get(operation.path, {"json": dict(body)})
    return await http.request(operation.method, path, headers=headers, **sent)
