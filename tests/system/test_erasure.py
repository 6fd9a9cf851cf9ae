"""Erased is gone: no database, topic or file of the house knows the person any more."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from shared.contracts import topics
from shared.contracts.events import RequestSubmitted
from shared.security import Role
from tests.support.eventually import eventually
from tests.support.services import SERVICES, start
from tests.support.stack_harness import RunningService, StackHarness

CHANNEL, TOWN = "/channels/village", "441900103"
GONE = {"name": "端木测", "phone": "+8613700001234", "id_number": "441999195505055557"}
STAYS = {"name": "端木甲", "phone": "+8613700001234"}
TEXT = "家里老人瘫痪，求一床棉被"
Headers = dict[str, str]


def make_request(applicant: dict[str, str], **changed: Any) -> dict[str, Any]:
    return {
        "kind": "wish",
        "category": "supplies",
        "beneficiary_class": "general",
        "channel": "committee",
        "need": {"unit": "床", "quantity": 1, "item": "棉被"},
        "area": {"town_code": TOWN},
        "applicant": applicant,
        "text": TEXT,
    } | changed


async def test_an_erased_person_is_nowhere_and_who_shares_his_phone_is_whole(
    stack: StackHarness, tmp_path: Path
) -> None:
    channel = stack.bearer("village", Role.CHANNEL, source=CHANNEL)
    staff = stack.bearer("town", Role.APPROVER_TOWN, area=TOWN)
    elsewhere = stack.bearer("elsewhere", Role.APPROVER_TOWN, area="441900104")
    city = stack.bearer("city", Role.APPROVER_CITY)
    operator = stack.bearer("op", Role.OPERATOR)
    second = stack.bearer("op-2", Role.OPERATOR)
    partner = stack.bearer("club", Role.DONOR_PARTNER, source="/partners/club")
    services = {name: await start(stack, name) for name in SERVICES}
    intake = services["intake"].http
    for number, applicant in enumerate((GONE, STAYS)):
        await post(intake, "/requests", channel, make_request(applicant), f"r-{number}")
    await fail_to_be_worked(stack, services["intake"])

    found = await find(intake, staff, phone=GONE["phone"])
    ids = {row["name"]: row["person_id"] for row in found}
    assert set(ids) == {GONE["name"], STAYS["name"]}, "from a phone to its persons"
    assert await find(intake, elsewhere, phone=GONE["phone"]) == []
    (row,) = await find(intake, staff, id_number=GONE["id_number"])
    assert (row["person_id"], row["id_number"][-5:]) == (ids[GONE["name"]], "*5557")
    await eventually(lambda: read_menu(services["matching"], partner), lambda r: len(r) == 2)

    await add_document(intake, staff, ids[GONE["name"]])
    erase = f"/persons/{ids[GONE['name']]}/erase"
    await post(intake, erase.replace("erase", "erasure"), second, {}, "erasure")
    await post(intake, erase, operator, {}, "erase")
    await eventually(lambda: read_menu(services["matching"], partner), lambda r: len(r) == 1)
    dumps = [*await dump(services), *await read_topics(stack), *read_files(tmp_path)]
    for mark in (GONE["name"], GONE["id_number"]):
        assert [place for place, text in dumps if mark in text] == []
    assert await find(intake, staff, name=GONE["name"]) == []
    letters = await services["intake"].runtime.dead_letters.list("erased")
    assert len(letters) == 1, "of two, the one that is about him"

    (other,) = await find(intake, staff, phone=STAYS["phone"])
    page = (await intake.get(f"/persons/{other['person_id']}", headers=staff)).json()
    assert (page["name"], page["phone"], page["cases"][0]["state"]) == (*STAYS.values(), "open")
    path = f"/persons/{other['person_id']}/export"
    export = await post(intake, path, staff, {}, "")
    assert TEXT in json.dumps(export, ensure_ascii=False)
    assert export["looks"] == [], "who looked is of no town"
    export = await post(intake, path, city, {}, "")
    assert {look["purpose_zh"] for look in export["looks"]} >= {"查找服务对象", "导出本人资料"}


async def post(
    http: httpx.AsyncClient, path: str, who: Headers, body: Any, key: str
) -> dict[str, Any]:
    answer = await http.post(path, json=body, headers=who | {"Idempotency-Key": key or path})
    assert answer.is_success, f"{path}: {answer.text}"
    return dict(answer.json())


async def add_document(http: httpx.AsyncClient, who: Headers, person_id: str) -> None:
    """One that names him, on his case."""
    page = (await http.get(f"/persons/{person_id}", headers=who)).json()
    path = f"/requests/{page['cases'][0]['request_id']}/attachments"
    content = b"%PDF-1.7\n" + f"{GONE['name']} {GONE['id_number']}".encode()
    answer = await http.post(path, files={"file": ("诊断.pdf", content)}, headers=who)
    assert answer.status_code == 201, answer.text


async def find(http: httpx.AsyncClient, who: Headers, **search: str) -> list[dict[str, Any]]:
    answer = await post(http, "/persons/find", who, search, "find")
    return list(answer["persons"])


async def read_menu(matching: RunningService, who: Headers) -> list[Any]:
    return list((await matching.http.get("/menu", headers=who)).json()["requests"])


async def fail_to_be_worked(stack: StackHarness, intake: RunningService) -> None:
    """Two messages from the topic become dead letters."""
    for number, applicant in enumerate((GONE, STAYS)):
        wrong = make_request(applicant, area={"town_code": TOWN, "village_code": "441900104001"})
        fact = RequestSubmitted.model_validate(wrong)
        await stack.publish(stack.foreign(CHANNEL, f"d-{number}", fact))
    await eventually(intake.runtime.dead_letters.list, lambda rows: len(rows) == 2)


async def dump(services: dict[str, RunningService]) -> list[tuple[str, str]]:
    """Every document of every database, and every dead letter as an operator reads it."""
    rows: list[tuple[str, str]] = []
    for name, service in services.items():
        database = service.runtime.database
        for collection in await database.list_collection_names():
            documents = await database[collection].find().to_list(None)
            rows.append((f"{name}.{collection}", repr(documents)))
        async for id_, content in service.runtime.dead_letters.list_contents():
            rows.append((f"{name} {id_}", json.dumps(json.loads(content), ensure_ascii=False)))
    return rows


async def read_topics(stack: StackHarness) -> list[tuple[str, str]]:
    """Of the house's own topics; what channels send is on theirs for seven days."""
    own = [topic.name for topic in topics.TOPICS if not topic.name.endswith(".inbound")]
    return [(name, json.dumps(await stack.read(name), ensure_ascii=False)) for name in own]


def read_files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes().decode("utf-8", errors="replace")
