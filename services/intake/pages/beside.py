"""What stands beside a case: what may be the same need, and what this household got before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.intake import duplicates, model, person_views, store
from services.intake.model.suggestion import LIKENESS_LABELS, LikenessReason
from services.intake.pages.rows import STATES
from services.intake.resources import IntakeRuntime
from services.intake.vault.persons import narrow_person, open_contact, open_text
from shared.contracts.values import CHINA
from shared.dates import name_day
from shared.documents import Document
from shared.references import format_reference
from shared.scope import Scope
from shared.security import Credential
from shared.web.access import find_scope
from shared.web.pages import format_quantity, name_code, name_place

WORDS: Mapping[LikenessReason, str] = {
    "identity_same": "same ID number",
    "phone_same": "same phone",
    "name_place_same": "same name and place",
    "person_same": "same person",
    "need_same": "same need",
    "text_alike": "similar words",
    "household_same": "same household",
    "name_same": "same name",
    "place_same": "same village",
    "time_near": "within two weeks",
}
Words = tuple[str, str]
"""Chinese and English."""
Line = tuple[Words, Words, Words]


@dataclass(frozen=True, slots=True)
class AlikeRow:
    """lines: what both say, beside each other."""

    id: str
    reference: str
    reasons: tuple[Words, ...]
    share: float
    lines: tuple[Line, ...]


async def list_alike(
    runtime: IntakeRuntime, caller: Credential, request: model.Request
) -> list[AlikeRow]:
    """Of the reader's area, with whose words stand there logged as seen."""
    if not request.is_withdrawable:
        return []
    database, days = runtime.database, runtime.settings.duplicate_days
    persons = await store.load_persons(database, [request.person_id])
    own = persons.get(request.person_id)
    joined = own.joined if own else ()
    alike = await duplicates.find_alike(database, request, find_scope(caller), days, joined)
    if not alike:
        return []
    ids = {each.request.person_id for each in alike}
    at = await runtime.processor.now()
    await store.VAULT_LOOKS.add(database, caller, "compare_persons", sorted(ids), at)
    persons |= await store.load_persons(database, ids)
    scope = find_scope(caller)
    mine = _describe(runtime, request, persons, scope)
    return [
        _make_row(mine, each, _describe(runtime, each.request, persons, scope)) for each in alike
    ]


def _describe(
    runtime: IntakeRuntime,
    request: model.Request,
    persons: Mapping[str, model.Person],
    scope: Scope,
) -> dict[Words, Words]:
    vault, person = runtime.resources.vault, persons.get(request.person_id)
    person = narrow_person(person, scope, {request.source}) if person else None
    area, need = request.area, request.need
    place = name_place(area.village_code or area.town_code)
    amount = need.quantity, need.unit, need.item
    name = (open_contact(vault, person).name or "") if person else ""
    text = (open_text(vault, person, request) or "") if person else ""
    return {
        ("所需", "Need"): (format_quantity("zh", *amount), format_quantity("en", *amount)),
        ("类别", "Category"): name_code(request.category),
        ("申请人", "Who asks"): (name, name),
        ("镇街、村居", "Place"): place,
        ("渠道", "Channel"): name_code(request.channel),
        ("登记", "Recorded"): name_day(request.recorded_at),
        ("状态", "State"): STATES[request.state],
        ("原话", "In their words"): (text, text),
    }


def _make_row(
    mine: Mapping[Words, Words],
    alike: duplicates.Alike,
    other: Mapping[Words, Words],
) -> AlikeRow:
    request = alike.request
    return AlikeRow(
        id=request.id,
        reference=format_reference(request.id),
        reasons=tuple((LIKENESS_LABELS[each], WORDS[each]) for each in alike.reasons),
        share=alike.share if "text_alike" in alike.reasons else 0.0,
        lines=tuple((label, mine[label], other[label]) for label in mine),
    )


# --- what came before -----------------------------------------------------------------------------

STAGES: Mapping[str, tuple[str, str]] = {
    "committed": ("已落实", "promised"),
    "delivered": ("已送达", "delivered"),
    "confirmed": ("已收到", "received"),
}
RECEIVED_MAX = 30


@dataclass(frozen=True, slots=True)
class ReceivedRow:
    """What this person or household got, whoever gave it and wherever it was asked for."""

    on: str
    quantity: int
    unit: str
    item: str
    category: str
    town_code: str
    fund_id: str
    stage: tuple[str, str]


async def list_received(
    runtime: IntakeRuntime, request: model.Request, person: model.Person
) -> list[ReceivedRow]:
    """The latest first; of the whole city, so that nobody is helped twice by two towns. It names
    nobody: who asked for it stays with who works there."""
    ids = (person.id, *person.joined)
    requests = await store.list_requests_of(runtime.database, ids, request.household_id)
    others = [each for each in requests if each.id != request.id]
    rows = [_make_received(each) for each in person_views.describe_received(others)]
    return sorted(rows, key=lambda row: row.on, reverse=True)[:RECEIVED_MAX]


def _make_received(row: Document) -> ReceivedRow:
    at = row["at"] or row["recorded_at"]
    return ReceivedRow(
        on=at.astimezone(CHINA).date().isoformat(),
        quantity=row["quantity"],
        unit=row["unit"],
        item=row["item"],
        category=row["category"],
        town_code=str(row["town_code"]),
        fund_id=row["fund_id"],
        stage=STAGES[row["stage"]],
    )


@dataclass(frozen=True, slots=True)
class Beside:
    """followers: requests that were merged into this one, with their short numbers."""

    alike: Sequence[AlikeRow]
    received: Sequence[ReceivedRow]
    followers: Sequence[tuple[str, str]]


async def build_beside(
    runtime: IntakeRuntime, caller: Credential, request: model.Request, person: model.Person
) -> Beside:
    return Beside(
        alike=await list_alike(runtime, caller, request),
        received=await list_received(runtime, request, person),
        followers=[(each, format_reference(each)) for each in request.followers],
    )
