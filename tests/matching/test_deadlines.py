"""What time and withdrawals leave to be done: together, and what failed is told."""

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from services.matching.jobs import process_deadlines
from services.matching.main import build_service
from services.matching.model.match import Match, Propose, ReleaseMatch
from services.matching.model.offer import Offer, OfferDue
from services.matching.settings import MatchingSettings
from shared import mongo
from shared.messaging.decision import Answer, Command
from shared.messaging.processor import Processor
from shared.runtime import Runtime
from tests.matching.decisions import request_id
from tests.matching.harness import MatchingHarness
from tests.support.log_lines import capture_lines
from tests.support.stack_harness import StackHarness

NAMES = ("a", "b", "c")


@dataclass
class Listened:
    """The processor, and the commands of each call; one kind of them fails with a bug."""

    real: Processor
    failing: type[Any] | None = None
    calls: list[list[str]] = field(default_factory=list)

    async def execute_many(self, commands: list[Command[Any]]) -> list[Answer | Exception]:
        self.calls.append([type(command.data).__name__ for command in commands])
        works = [c for c in commands if type(c.data) is not self.failing]
        answers = iter(await self.real.execute_many(works))
        return [RuntimeError("a bug") if c not in works else next(answers) for c in commands]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


async def withdrawn(stack: StackHarness) -> MatchingHarness:
    """Three offers that were withdrawn, each with a proposal; no job runs."""
    settings = stack.settings(MatchingSettings)
    harness = MatchingHarness(
        stack, await stack.start(replace(build_service(settings, stack.keyring), jobs=()), settings)
    )
    await harness.publish_requests(*NAMES, quantity=10)
    await harness.wait_for_needs(*NAMES)
    offers = {name: await harness.register_offer(name) for name in NAMES}
    for name, offer in offers.items():
        asked = Propose(
            request_id=request_id(name), offer_id=offer, number=1, quantity=5, lifetime_s=60
        )
        await harness.runtime.processor.execute(Command(asked))
    for name, offer in offers.items():
        assert (await harness.post(f"/offers/{offer}/withdraw", f"w-{name}")).status_code == 200
    return harness


def listen(runtime: Runtime, failing: type[Any] | None = None) -> tuple[Runtime, Listened]:
    ears = Listened(runtime.processor, failing)
    return replace(runtime, processor=cast("Processor", ears)), ears


async def test_withdrawn_offers_are_freed_together(stack: StackHarness) -> None:
    harness = await withdrawn(stack)
    runtime, ears = listen(harness.runtime)
    for _ in range(3):
        await process_deadlines(runtime)
    assert ears.calls == [["ReleaseMatch"] * 3, ["OfferDue"] * 3]
    matches = await mongo.find(harness.database, Match, {})
    assert [(match.state, match.reason) for match in matches] == [
        ("released", "offer_withdrawn")
    ] * 3
    assert [offer.due_at for offer in await mongo.find(harness.database, Offer, {})] == [None] * 3


async def test_release_that_fails_is_told_and_its_offer_stays_due(
    stack: StackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = await withdrawn(stack)
    runtime, _ = listen(harness.runtime, failing=ReleaseMatch)
    lines = capture_lines(monkeypatch, "services.matching.jobs")
    await process_deadlines(runtime)
    failed = [entry for entry in lines if entry["event"] == "deadline_failed"]
    proposals = {match.id for match in await mongo.find(harness.database, Match, {})}
    assert {entry["about"] for entry in failed} == proposals
    assert {entry["command"] for entry in failed} == {"ReleaseMatch"}
    assert {entry["log_level"] for entry in failed} == {"error"}
    assert all(offer.due_at for offer in await mongo.find(harness.database, Offer, {}))


async def test_offer_with_more_than_is_released_at_once_stays_due(
    stack: StackHarness, monkeypatch: Any
) -> None:
    monkeypatch.setattr("services.matching.jobs.RELEASED_MAX", 2)
    harness = await withdrawn(stack)
    runtime, ears = listen(harness.runtime)
    for _ in range(4):
        await process_deadlines(runtime)
    assert sum(call.count("ReleaseMatch") for call in ears.calls) == 3
    assert sum(call.count(OfferDue.__name__) for call in ears.calls) == 3
    assert {match.state for match in await mongo.find(harness.database, Match, {})} == {"released"}
