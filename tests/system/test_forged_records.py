"""Who may speak on topics: every topic of the four services, tried with false signatures."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from deploy.chaos.wishes import make_wish
from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.events import FACTS
from shared.contracts.topics import Topic, list_consumed
from shared.security import PUBLISHES, Keyring, Role, issue, read_register, revoke, rotate_publisher
from tests.contracts.facts import example
from tests.support.eventually import eventually
from tests.support.services import SERVICES, everything_stored, start
from tests.support.stack_harness import StackHarness

Record = tuple[str, bytes, bytes, bytes | None]
ROLE_OF = {topic: role for role, topic in PUBLISHES.items()}
GARBAGE = b"0" * 64


class Publishers:
    """Everybody who speaks on topics, those who may and those who may not."""

    def __init__(self, stack: StackHarness) -> None:
        self.stack = stack
        for role in PUBLISHES:
            stack.bearer(f"good-{_dashed(role)}", role, source=f"/good/{role}")
            stack.bearer(f"gone-{_dashed(role)}", role, source=f"/gone/{role}")
            revoke(stack.secrets_dir / "credentials.json", f"gone-{_dashed(role)}")

    def forged(self, topic: Topic, fact: type[Fact]) -> Iterator[tuple[str, Record]]:
        """Each with the code it must be refused with."""
        honest, stranger = self._sources(topic)
        name, key, value, signature = self._record(topic, honest, fact)
        yield "signature_wrong", (name, key, value, None)
        yield "signature_wrong", (name, key, value, b"")
        yield "signature_wrong", (name, key, value, GARBAGE)
        yield "signature_wrong", (name, key, value, b"\xff\xfe")
        yield "signature_wrong", (name, key, value + b" ", signature)
        yield "signature_wrong", (name, key, value, self._sign(stranger, name, value))
        yield "signature_wrong", (name, key, value, self._sign(honest, "guanjia.other", value))
        for source in self._not_allowed(topic):
            yield "source_not_allowed", self._record(topic, source, fact)

    def forge_all(self, topic: Topic, *, whole: bool) -> Iterator[tuple[str, Record]]:
        """Every forgery of the first fact, and one of each other fact, by turns; all of all where
        `whole`. Who wrote a record is checked before its type is looked at."""
        for number, fact in enumerate(facts_on(topic)):
            forged = list(self.forged(topic, fact))
            yield from forged if whole or not number else [forged[number % len(forged)]]

    def stray(self, topic: Topic) -> list[Record]:
        """Rightly signed by who may write there: every fact that travels elsewhere."""
        source, _ = self._sources(topic)
        return [
            self._record(topic, source, fact, number)
            for number, fact in enumerate(FACTS, 1_000 * topics.TOPICS.index(topic))
            if topic.name != fact.TOPIC
        ]

    def honest(self, topic: Topic, fact: type[Fact]) -> Record:
        return self._record(topic, self._sources(topic)[0], fact)

    def _sources(self, topic: Topic) -> tuple[str, str]:
        """One who may write there, and another who has a key."""
        if topic.inbound:
            return f"/good/{ROLE_OF[topic.name]}", "/intake"
        return f"/{topic.producer}", f"/good/{Role.CHANNEL}"

    def _not_allowed(self, topic: Topic) -> list[str]:
        """All of them have keys of their own, and sign rightly."""
        own = [f"/{name}" for name in SERVICES if name != topic.producer]
        partners = [f"/good/{role}" for role in PUBLISHES if PUBLISHES[role] != topic.name]
        gone = [f"/gone/{role}" for role in PUBLISHES]
        return [*own, *partners, *gone, "/unknown", "outside", "/outside"]

    def _record(self, topic: Topic, source: str, fact: type[Fact], number: int = 1) -> Record:
        """number: part of its own id, or of its subject."""
        data = example(fact)
        record = (
            self.stack.foreign(source, f"forged-{number}", data)
            if topic.inbound
            else self.stack.own(source, f"S-{number}", 1, data)
        )
        signed: Record = self.stack.signed(source, topic.name, "k", record[2])
        return signed

    def _sign(self, source: str, topic: str, value: bytes) -> bytes:
        return self.stack.keyring.sign_record(source, topic, value)


def _dashed(role: Role) -> str:
    return role.replace("_", "-")


def facts_on(topic: Topic) -> list[type[Fact]]:
    return [fact for fact in FACTS if topic.name == fact.TOPIC]


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.long)])
@pytest.mark.parametrize("service", SERVICES)
async def test_forged_records_become_dead_letters_and_nothing_else(
    stack: StackHarness, service: str, whole: bool
) -> None:
    publishers = Publishers(stack)
    running = await start(stack, service)
    before = await everything_stored(running)
    forged = [
        each
        for topic in list_consumed(service)
        for each in publishers.forge_all(topic, whole=whole)
    ]
    await stack.publish(*(record for _, record in forged))
    expected = Counter((record[0], code) for code, record in forged)

    async def refused() -> Counter[tuple[str, str]]:
        letters = await running.runtime.dead_letters.list(limit=10_000)
        return Counter((one["topic"], p["code"]) for one in letters for p in one["problems"])

    await eventually(refused, lambda counts: counts.total() >= expected.total())
    assert await refused() == expected
    assert await everything_stored(running) == before
    events = await stack.read(topics.DEAD_LETTERS)
    assert {event["data"]["reason"] for event in events} == {code for code, _ in forged}


@pytest.mark.parametrize("service", SERVICES)
async def test_who_may_write_to_a_topic_says_there_what_travels_there(
    stack: StackHarness, service: str
) -> None:
    """A partner with a key of its own opened requests, declared emergencies and confirmed
    deliveries on the topic of its offers."""
    publishers = Publishers(stack)
    running = await start(stack, service)
    before = await everything_stored(running)
    stray = [record for topic in list_consumed(service) for record in publishers.stray(topic)]
    await stack.publish(*stray)

    async def count_codes() -> Counter[str]:
        letters = await running.runtime.dead_letters.list(limit=10_000)
        return Counter(problem["code"] for letter in letters for problem in letter["problems"])

    codes = await eventually(count_codes, lambda codes: codes.total() >= len(stray))
    assert codes == {"type_unknown": len(stray)}
    assert await everything_stored(running) == before


@pytest.mark.parametrize("service", ["intake", "matching", "audit"])
async def test_same_record_with_the_right_name_and_signature_is_taken(
    stack: StackHarness, service: str
) -> None:
    """So that the refusals above are for their signatures, not for what they say."""
    publishers = Publishers(stack)
    running = await start(stack, service)
    own = [topic for topic in list_consumed(service) if not topic.inbound]
    await stack.publish(*(publishers.honest(t, facts_on(t)[0]) for t in own[:1]))

    async def places() -> int:
        return int(await running.runtime.database["sequences"].count_documents({}))

    await eventually(places, lambda count: count >= 1)
    assert await running.runtime.dead_letters.list() == []


async def test_replay_by_an_operator_lets_no_forged_record_in(stack: StackHarness) -> None:
    publishers = Publishers(stack)
    operator = stack.bearer("op", Role.OPERATOR)
    running = await start(stack, "audit")
    before = await everything_stored(running)
    [donations] = [topic for topic in list_consumed("audit") if topic.inbound]
    forged = list(publishers.forged(donations, facts_on(donations)[0]))
    await stack.publish(*(record for _, record in forged))
    letters = await eventually(
        running.runtime.dead_letters.list, lambda letters: len(letters) >= len(forged)
    )
    for letter in letters:
        path = f"/dead-letters/{letter['id']}/replay"
        assert (await running.http.post(path, headers=operator)).status_code == 409
    assert await everything_stored(running) == before


class Channel:
    """A channel whose keys change while intake runs."""

    def __init__(self, stack: StackHarness) -> None:
        self.stack, self.source, self._numbers = stack, "/channels/school", count(1)
        self.register = stack.secrets_dir / "credentials.json"
        stack.bearer("school", Role.CHANNEL, source=self.source)
        [self.credential] = [c for c in read_register(self.register) if c.id == "school"]

    def sign(self, message_id: str) -> Record:
        """A wish of a person of its own, by the newest key of now."""
        fact = make_wish("school", next(self._numbers))
        value = self.stack.foreign(self.source, message_id, fact)[2]
        signature = Keyring(self.stack.secrets_dir).sign_record(
            self.source, topics.REQUESTS_INBOUND, value
        )
        return topics.REQUESTS_INBOUND, b"k", value, signature


async def test_a_source_that_was_allowed_too_late_is_replayed(stack: StackHarness) -> None:
    channel, operator = Channel(stack), stack.bearer("op", Role.OPERATOR)
    early = channel.sign("early-1")
    forged = (*channel.sign("early-2")[:3], GARBAGE)
    revoke(channel.register, "school")
    running = await start(stack, "intake")
    await stack.publish(early, forged)
    letters = await eventually(running.runtime.dead_letters.list, lambda letters: len(letters) == 2)
    codes = {problem["code"] for letter in letters for problem in letter["problems"]}
    assert codes == {"source_not_allowed"}
    issue(channel.register, channel.credential, keeps_publisher_keys=True)

    async def replay() -> list[int]:
        paths = [f"/dead-letters/{letter['id']}/replay" for letter in letters]
        answers = [await running.http.post(path, headers=operator) for path in paths]
        return sorted(answer.status_code for answer in answers)

    await eventually(replay, lambda statuses: statuses != [409, 409])
    [open_letter] = await running.runtime.dead_letters.list()
    assert open_letter["id"] in {letter["id"] for letter in letters}
    assert len(await running.runtime.dead_letters.list("replayed")) == 1
    requests = running.runtime.database["requests"]
    assert await requests.count_documents({}) == 1


async def test_a_replaced_key_signs_no_more_and_a_rotated_one_until_its_end(
    stack: StackHarness,
) -> None:
    channel = Channel(stack)
    ancient = channel.sign("by-replaced")
    issue(channel.register, channel.credential)
    old = channel.sign("by-old")
    rotate_publisher(channel.register, channel.source, datetime.now(UTC) + timedelta(hours=1))
    new = channel.sign("by-new")
    running = await start(stack, "intake")
    await stack.publish(ancient, old, new)
    requests = running.runtime.database["requests"]

    async def count_requests() -> int:
        return int(await requests.count_documents({}))

    await eventually(count_requests, lambda number: number == 2)
    [letter] = await eventually(running.runtime.dead_letters.list, bool)
    assert [problem["code"] for problem in letter["problems"]] == ["signature_wrong"]
