"""HTTP about persons: registering, contacts for our own services, and who looked."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import Response
from pydantic import Field, ValidationError

from services.intake import message_views, person_views, store
from services.intake.decide.sign_ins import name_applicant
from services.intake.messages import PARTIES_TOO_MANY
from services.intake.model import ContactPoint, Person, RegisterParty
from services.intake.model.preference import SetPreference
from services.intake.own.phones import load_owners
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.persons import (
    derive_name_id,
    derive_point_id,
    is_own_phone,
    list_notice_points,
    open_contact,
)
from shared import mongo
from shared.contracts.events import NoticeChannel
from shared.contracts.values import Identifier, NoticeLanguage, Value
from shared.documents import Document
from shared.errors import refuse
from shared.messages import FORBIDDEN
from shared.messaging.decision import Command
from shared.partner_ids import is_partner
from shared.persons_client import DONOR_NOTICE, NAMESAKES_MAX
from shared.security import Credential, Role
from shared.validation import describe_validation
from shared.web.access import Denied, IdempotencyKey, Router, allow, respond
from shared.web.admission import BATCH_BYTES_MAX, takes_bytes
from shared.web.batches import Row, answer_rows

router = Router()

Registrar = Annotated[
    Credential,
    Depends(allow(Role.COLLECTOR, Role.DONOR_PARTNER, Role.OPERATOR, Role.CHANNEL, Role.SERVICE)),
]
Auditor = Annotated[Credential, Depends(allow(Role.AUDITOR, whole_city=True))]
OwnService = Annotated[Credential, Depends(allow(Role.SERVICE))]


class PartyRow(Value):
    """party: as in `POST /parties`; checked one by one, so that one does not hold the others."""

    idempotency_key: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]
    party: dict[str, object]


class ContactsQuery(Value):
    """for_whom: the staff for whom a service looks; empty where it sends a notice itself."""

    purpose: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    person_ids: Annotated[tuple[Identifier, ...], Field(max_length=500)]
    for_whom: Annotated[str, Field(pattern=r"^[a-z0-9-]{0,60}$")] = ""


# --- parties ----------------------------------------------------------------------------------


@router.post("/parties", status_code=201)
async def register_party(
    party: RegisterParty, caller: Registrar, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """What the caller says of a donor or another party, stored beside what others say.

    `{"person_id"}`: the same phone is always the same id, to a partner one of his own. Whether the
    phone was known is not told.
    """
    await _count_parties(runtime, caller, 1)
    answer = await runtime.processor.execute(_make_command(party, caller, key))
    return respond(replace(answer, body=_translate(runtime, caller, answer.body)))


@router.post("/parties/batch")
@takes_bytes(BATCH_BYTES_MAX)
async def register_parties(
    rows: list[PartyRow], caller: Registrar, runtime: IntakeRuntimeDep
) -> dict[str, object]:
    """Each party's own answer, in order: its person_id, or its problems."""
    most = runtime.settings.parties_per_call
    if len(rows) > most:
        raise PARTIES_TOO_MANY.invalid(most=most)
    await _count_parties(runtime, caller, len(rows))
    answer = await answer_rows(runtime.processor, [_parse_row(row, caller) for row in rows])
    return {"answers": [_translate(runtime, caller, row) for row in answer["answers"]]}


async def _count_parties(runtime: IntakeRuntime, caller: Credential, count: int) -> None:
    """Who may look up a phone at a time learns a city in a day. Raises TooManyError.

    The operator brings in our own lists, however long.
    """
    if caller.roles.isdisjoint({Role.OPERATOR, Role.SERVICE}):
        runtime.resources.parties_quota.take(caller.speaks_as, count)


def _translate(runtime: IntakeRuntime, caller: Credential, body: Document) -> dict[str, object]:
    """With the caller's own id of the person."""
    if "person_id" not in body or not is_partner(caller):
        return dict(body)
    own_id = runtime.resources.partner_ids.hide(caller.speaks_as, body["person_id"])
    return {**body, "person_id": own_id}


def _make_command(
    party: RegisterParty, caller: Credential, idempotency_key: str
) -> Command[RegisterParty]:
    key = f"{caller.speaks_as}|{idempotency_key}"
    return Command(party, key=key, principal=caller.principal)


def _parse_row(row: PartyRow, caller: Credential) -> Row:
    identity = {"idempotency_key": row.idempotency_key}
    try:
        party = RegisterParty.model_validate(row.party)
    except ValidationError as error:
        return Row(identity, refuse(422, *describe_validation(error)))
    return Row(identity, _make_command(party, caller, row.idempotency_key))


# --- for our own services ---------------------------------------------------------------------


class StaffParties(Value):
    """for_whom: the credential of the maker of finance who takes a bank's file in by page."""

    for_whom: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    rows: tuple[PartyRow, ...]


@router.post("/internal/parties")
@takes_bytes(BATCH_BYTES_MAX)
async def register_for_staff(
    query: StaffParties,
    caller: OwnService,  # noqa: ARG001
    runtime: IntakeRuntimeDep,
) -> dict[str, object]:
    """As `/parties/batch`, in the name of somebody of finance: his givers are those of our own
    list, as the operator's are who imports the same file."""
    staff = runtime.keyring.require_credential(query.for_whom)
    if Role.FINANCE_MAKER not in staff.roles:
        raise Denied(FORBIDDEN.refusal(403))
    most = runtime.settings.parties_per_call
    if len(query.rows) > most:
        raise PARTIES_TOO_MANY.invalid(most=most)
    rows = [_parse_row(row, staff) for row in query.rows]
    return await answer_rows(runtime.processor, rows)


class PersonIds(Value):
    person_ids: Annotated[tuple[Identifier, ...], Field(max_length=500)]


@router.post("/internal/known")
async def read_known(
    query: PersonIds,
    caller: OwnService,  # noqa: ARG001
    runtime: IntakeRuntimeDep,
) -> dict[str, object]:
    """Whether there is such a person, who was not erased. Nothing of the vault is opened."""
    persons = await store.load_persons(runtime.database, query.person_ids)
    ids = {id_ for id_, person in persons.items() if not person.erased}
    return {"known": [{"person_id": id_, "known": id_ in ids} for id_ in query.person_ids]}


class VouchersQuery(PersonIds):
    """by: the holder who wants to be a witness."""

    by: Annotated[str, Field(min_length=1, max_length=200)]


@router.post("/internal/vouched")
async def read_vouched(
    query: VouchersQuery,
    caller: OwnService,  # noqa: ARG001
    runtime: IntakeRuntimeDep,
) -> dict[str, object]:
    """Whether he met each of them, or recorded any request of theirs, by any of the records: as it
    is decided here, whoever has heard of it. Nothing of the vault is opened."""
    vouched = await store.find_vouched(runtime.database, query.person_ids, query.by)
    return {"vouched": [{"person_id": id_, "vouched": id_ in vouched} for id_ in query.person_ids]}


@router.post("/internal/contacts")
async def read_contacts(
    query: ContactsQuery, caller: OwnService, runtime: IntakeRuntimeDep
) -> dict[str, object]:
    """For the moment of sending: nobody keeps the answer, and every look is logged first.

    An id may be that of a contact point: what was written from it is answered there.
    """
    at = await runtime.processor.now()
    await store.VAULT_LOOKS.add(runtime.database, caller, query.purpose, query.person_ids, at)
    is_donor = query.purpose == DONOR_NOTICE
    return {"contacts": await _list_contacts(runtime, query.person_ids, is_donor=is_donor)}


async def _list_contacts(
    runtime: IntakeRuntime, ids: Sequence[str], *, is_donor: bool
) -> list[dict[str, object]]:
    vault, database = runtime.resources.vault, runtime.database
    persons = await store.load_persons(database, ids)
    point_ids = sorted(
        {id_ for person in persons.values() for id_ in list_notice_points(vault, person)}
    )
    points = {
        point.id: point
        for point in await mongo.find(database, ContactPoint, {"_id": {"$in": point_ids}})
    }
    threads = await store.find_correspondences(database, set(ids) - persons.keys())

    def describe(id_: str) -> dict[str, object]:
        if id_ in threads:
            return message_views.describe_address(vault, threads[id_])
        if id_ not in persons:
            return person_views.describe_contact(vault, id_, None)
        person = persons[id_]
        return person_views.describe_notice_contact(vault, person, points, is_donor=is_donor)

    return [describe(id_) for id_ in ids]


@router.post("/internal/own-phones")
async def read_own_phones(
    query: ContactsQuery, caller: OwnService, runtime: IntakeRuntimeDep
) -> dict[str, object]:
    """As contacts, of phones alone that are certainly the person's: for a code that he reads out to
    `for_whom`, who cannot have it sent to a phone that he named himself."""
    at = await runtime.processor.now()
    await store.VAULT_LOOKS.add(
        runtime.database, caller, query.purpose, query.person_ids, at, query.for_whom
    )
    persons = await store.load_persons(runtime.database, query.person_ids)
    contacts = [
        await _describe_own_phone(runtime, id_, persons.get(id_), query.for_whom)
        for id_ in query.person_ids
    ]
    return {"own-phones": contacts}


class NamesakesQuery(Value):
    """for_whom: the staff who look for gifts of somebody of this name."""

    name: Annotated[str, Field(min_length=1, max_length=200, repr=False)]
    for_whom: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]


@router.post("/internal/namesakes")
async def find_namesakes(
    query: NamesakesQuery, caller: OwnService, runtime: IntakeRuntimeDep
) -> dict[str, object]:
    """Who is called so by anybody's word: ids alone, for audit to look for their gifts. Logged also
    where nobody is: under the name's digest."""
    name_id = derive_name_id(runtime.resources.vault, query.name)
    persons = await store.list_namesakes(runtime.database, name_id, NAMESAKES_MAX + 1)
    ids = sorted({id_ for person in persons for id_ in (person.id, *person.joined)})
    at = await runtime.processor.now()
    await store.VAULT_LOOKS.add(
        runtime.database, caller, "gift_search", ids or [name_id], at, query.for_whom
    )
    return {"namesakes": [{"person_id": id_} for id_ in ids]}


class PhoneOwnersQuery(Value):
    phone: Annotated[str, Field(max_length=20, repr=False)]
    purpose: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]


@router.post("/internal/phone-owners")
async def find_phone_owners(
    query: PhoneOwnersQuery, caller: OwnService, runtime: IntakeRuntimeDep
) -> dict[str, object]:
    """Whose own phone it certainly is, for a code that goes there."""
    point_id = derive_point_id(runtime.resources.vault, phone=query.phone)
    point = await mongo.load(runtime.database, ContactPoint, point_id) if point_id else None
    ids = [link.person_id for link in point.links] if point else []
    persons = await store.load_persons(runtime.database, ids)
    rows = [await _describe_own_phone(runtime, id_, persons.get(id_), "") for id_ in ids]
    own = [str(r["person_id"]) for r in rows if r["own_phone"] and r["phone"] == query.phone]
    if own:
        at = await runtime.processor.now()
        await store.VAULT_LOOKS.add(runtime.database, caller, query.purpose, own, at)
    return {"phone-owners": [{"person_id": id_} for id_ in own]}


async def _describe_own_phone(
    runtime: IntakeRuntime, person_id: str, person: Person | None, asker: str
) -> dict[str, object]:
    vault = runtime.resources.vault

    def is_askers(source: str) -> bool:
        credential = runtime.keyring.find_credential(source)
        return credential is None or credential.principal == asker

    contact = person_views.describe_contact(vault, person_id, person)
    phone = open_contact(vault, person).phone if person else None
    if phone and asker == name_applicant(point_id := derive_point_id(vault, phone=phone)):
        # He proves by the code that he holds it, and names no other.
        owners = await load_owners(runtime.database, vault, point_id)
        return contact | {"own_phone": person_id in {each.id for each in owners}}
    if person is None or not phone:
        return contact | {"own_phone": False}
    point = await mongo.load(runtime.database, ContactPoint, derive_point_id(vault, phone=phone))
    return contact | {"own_phone": is_own_phone(vault, person, point, phone, is_askers)}


@router.post("/internal/names")
async def read_names(
    query: ContactsQuery, caller: OwnService, runtime: IntakeRuntimeDep
) -> dict[str, object]:
    """Of donors who consent that it is shown; logged like a contact, and apart from it."""
    at = await runtime.processor.now()
    await store.VAULT_LOOKS.add(
        runtime.database, caller, query.purpose, query.person_ids, at, query.for_whom
    )
    persons = await store.load_persons(runtime.database, query.person_ids)
    vault = runtime.resources.vault
    return {
        "names": [
            person_views.describe_name(vault, id_, persons.get(id_)) for id_ in query.person_ids
        ]
    }


class PreferenceToSet(Value):
    """channel: None is the usual order."""

    person_id: Identifier
    channel: NoticeChannel | None = None
    language: NoticeLanguage = "zh"


@router.post("/internal/preferences")
async def read_preferences(
    query: PersonIds,
    caller: OwnService,  # noqa: ARG001
    runtime: IntakeRuntimeDep,
) -> dict[str, object]:
    """How each wants to be told; nothing of the vault is opened. Who was erased wants nothing."""
    persons = await store.load_persons(runtime.database, query.person_ids)
    return {
        "preferences": [
            {"person_id": id_, **person.preference.as_fields()}
            for id_, person in persons.items()
            if not person.erased
        ]
    }


@router.post("/internal/preference")
async def set_own_preference(
    wish: PreferenceToSet,
    caller: OwnService,
    runtime: IntakeRuntimeDep,
) -> Response:
    """A donor says it on his own page, which matching serves."""
    data = SetPreference(**wish.model_dump())
    answer = await runtime.processor.execute(Command(data, principal=caller.principal))
    return respond(answer)


# --- who looked -------------------------------------------------------------------------------


@router.get("/vault-access")
async def list_vault_access(
    _caller: Auditor,
    runtime: IntakeRuntimeDep,
    person_id: Identifier | None = None,
    after: Annotated[str, Query(pattern=r"^([0-9a-f]{24})?$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, object]:
    """Who looked at whose data, when and what for, oldest first; `next` as in `GET /requests`."""
    looks = await store.VAULT_LOOKS.list_page(runtime.database, person_id, after, limit)
    following = looks[-1].id if len(looks) == limit else None
    return {"looks": [person_views.describe_look(look) for look in looks], "next": following}
