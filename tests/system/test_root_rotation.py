"""The root key rotates under a running service: nothing that was given out stops before it must."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from deploy.chaos.wishes import make_wish
from shared.contracts import links, topics
from shared.security import Keyring, Role, retire_root, rotate_root
from tests.support.eventually import eventually
from tests.support.services import start
from tests.support.stack_harness import RunningService, StackHarness

Record = tuple[str, bytes, bytes, bytes | None]
GARBAGE = b"0" * 64
SOURCE = "/channels/school"


class School:
    """A channel that writes wishes, and what came of them at a running intake."""

    def __init__(self, stack: StackHarness, running: RunningService) -> None:
        self.stack, self.running, self._numbers = stack, running, count(1)
        self.channel = stack.bearer("school", Role.CHANNEL, source=SOURCE)
        self.service = stack.bearer("notify", Role.SERVICE)
        self.operator = stack.bearer("op", Role.OPERATOR)
        self.database = running.runtime.database

    def sign(self, message_id: str) -> Record:
        """A wish of a person of its own, signed by the root of now."""
        value = self.stack.foreign(SOURCE, message_id, make_wish("school", next(self._numbers)))[2]
        signature = Keyring(self.stack.secrets_dir).sign_record(
            SOURCE, topics.REQUESTS_INBOUND, value
        )
        return topics.REQUESTS_INBOUND, b"k", value, signature

    async def count_requests(self) -> int:
        return int(await self.database["requests"].count_documents({}))

    async def publish(self, record: Record) -> None:
        """Returns when it became a request."""
        before = await self.count_requests()
        await self.stack.publish(record)
        await eventually(self.count_requests, lambda number: number == before + 1)

    async def read_phones(self) -> set[str | None]:
        persons = [row["_id"] async for row in self.database["persons"].find()]
        query = {"purpose": "test", "person_ids": persons}
        answer = await self.running.http.post(
            "/internal/contacts", json=query, headers=self.service
        )
        return {contact["phone"] for contact in answer.json()["contacts"]}

    async def read_page(self, link: str) -> int:
        return (await self.running.http.get(links.REQUEST.path(link))).status_code

    async def read_letter(self, id_: str) -> str:
        answer = await self.running.http.get(f"/dead-letters/{id_}", headers=self.operator)
        return str(answer.json()["content"])

    async def read_sealing(self) -> dict[str, Any]:
        return dict((await self.running.http.get("/sealing", headers=self.operator)).json())

    async def make_link(self) -> str:
        request = await self.database["requests"].find_one()
        assert request is not None
        ends = datetime.now(UTC) + timedelta(days=1)
        return Keyring(self.stack.secrets_dir).make_link(
            links.REQUEST.purpose, request["_id"], ends
        )


async def test_root_key_rotates_under_a_running_service(stack: StackHarness) -> None:
    school = School(stack, await start(stack, "intake"))
    await school.publish(school.sign("before"))
    await stack.publish((*school.sign("forged")[:3], GARBAGE))
    [letter] = await eventually(school.running.runtime.dead_letters.list, bool)
    content, phones = await school.read_letter(letter["id"]), await school.read_phones()
    link, old = await school.make_link(), [school.sign(f"old-{n}") for n in range(3)]
    assert None not in phones

    rotate_root(stack.secrets_dir)
    await school.publish(old[0])
    await school.publish(school.sign("new"))
    assert await school.read_page(link) == 200
    assert await school.read_letter(letter["id"]) == content
    assert await school.read_phones() > phones
    sealing = await eventually(
        school.read_sealing,
        lambda s: s["previous"] and not any(n["previous"] for n in s["sealed"].values()),
    )
    assert set(sealing["sealed"]) == {
        "accounts",
        "attachments",
        "correspondences",
        "dead_letters",
        "messages",
        "persons",
    }
    await school.publish(old[1])
    assert SOURCE in (await school.read_sealing())["late_signers"]

    phones = await school.read_phones()
    retire_root(stack.secrets_dir)
    await eventually(school.read_sealing, lambda s: s["previous"] is None)
    await stack.publish(old[2])
    letters = await eventually(school.running.runtime.dead_letters.list, lambda all_: all_[1:])
    assert letters[0]["problems"][0]["code"] == "signature_wrong"
    assert await school.read_page(link) == 401
    assert await school.read_page(await school.make_link()) == 200
    assert await school.read_letter(letter["id"]) == content
    assert await school.read_phones() == phones
    assert (await school.read_sealing())["sealed"]["persons"] == {"previous": 0, "unknown": 0}
