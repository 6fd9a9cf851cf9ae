"""How wishes and money come in: over HTTP, from other processes, by file, by SMS, by WeChat."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from deploy.demo import bridge, campaign
from deploy.demo.campaign import FUND_ID, FUND_NAME, Enterprise, Wish
from deploy.demo.desks import Desks, RefusedError
from deploy.local.stack import Stack
from shared.contracts.events import OfferSubmitted
from shared.contracts.topics import DONATIONS_INBOUND, REQUESTS_INBOUND
from shared.contracts.values import Channel
from shared.security import publisher_key

T = TypeVar("T")
Added = Callable[[int], None]
BANK_SOURCE, STATION_SOURCE = "/bank/demo", "/channels/station"
HTTP_CREDENTIALS: dict[Channel, str] = {
    Channel.COMMITTEE: "channel-village",
    Channel.HOTLINE: "channel-hotline",
    Channel.HOUSEHOLD_VISIT: "collector",
}
AT_ONCE = 20


class Pace:
    """Wishes come in no faster than donors can answer: otherwise proposals expire unread."""

    def __init__(self, most: int) -> None:
        self._most, self._turn = most, asyncio.Event()
        self._turn.set()

    def told(self, unanswered: int) -> None:
        if unanswered < self._most:
            self._turn.set()
        else:
            self._turn.clear()

    async def turn(self) -> None:
        await self._turn.wait()


class Doors:
    """Every way in. added: told how many wishes have come in."""

    def __init__(self, desks: Desks, stack: Stack, folder: Path, pace: Pace) -> None:
        self._desks, self._stack, self._folder, self._pace = desks, stack, folder, pace
        folder.mkdir(parents=True, exist_ok=True)

    # --- money ---

    async def open_fund(self) -> None:
        """By two people."""
        asked = {"fund_id": FUND_ID, "name": FUND_NAME, "restricted": True}
        asked["terms"] = {"purpose": "新春暖“留”行动：困难群众与留莞务工人员的微心愿"}
        maker = self._desks.at("audit", "finance-maker")
        checker = self._desks.at("audit", "finance-checker")
        await maker.post("/funds", asked, key=f"open-{FUND_ID}")
        await checker.post(f"/funds/{FUND_ID}/approve", key=f"approve-{FUND_ID}")

    async def register(self, givers: Sequence[Enterprise]) -> dict[int, str]:
        """Enterprise number -> the id intake knows it by."""
        desk = self._desks.at("intake", "partner")

        async def one(giver: Enterprise) -> tuple[int, str]:
            who = {"name": giver.name, "phone": giver.phone, "wechat_openid": giver.openid}
            answer = await desk.post("/parties", who, key=f"party-{giver.number}")
            return giver.number, str(answer["person_id"])

        return dict(await asyncio.gather(*(one(giver) for giver in givers)))

    async def open_campaign(self, ids: dict[int, str]) -> None:
        """The city creates it; these donors may give in it."""
        terms = campaign.terms(ids.values(), datetime.now(UTC))
        city = self._desks.at("matching", "approver-city")
        await city.post("/campaigns", terms, key=f"create-{campaign.CAMPAIGN_ID}")

    async def offer(self, offers: Sequence[tuple[str, OfferSubmitted]]) -> None:
        """(message id, offer)."""
        rows = [
            {"idempotency_key": id_, "offer": offer.model_dump(mode="json", exclude_none=True)}
            for id_, offer in offers
        ]
        answers = await self._desks.at("matching", "partner").post("/offers/batch", rows)
        refused = [a for a in answers["answers"] if a["status"] not in (200, 201)]
        if refused:
            raise RefusedError(f"offers: {refused[:3]}")

    async def donate(self, givers: Sequence[Enterprise], ids: dict[int, str]) -> None:
        """The bank's own process reports what arrived; each twice, as banks do."""
        now = datetime.now(UTC)

        async def lines() -> AsyncIterator[str]:
            for giver in (*givers, *givers):
                gift = giver.donation(ids[giver.number], now)
                yield bridge.line(f"demo-{giver.number:04d}", now, gift)

        await self._bridge(BANK_SOURCE, DONATIONS_INBOUND, lines())

    # --- wishes ---

    async def http(self, channel: Channel, wishes: Sequence[Wish], added: Added) -> list[str]:
        """The ids of the requests they became."""
        desk = self._desks.at("intake", HTTP_CREDENTIALS[channel])

        async def one(wish: Wish) -> str:
            body = wish.request().model_dump(mode="json", exclude_none=True)
            answer = await desk.post("/requests", body, key=wish.message_id)
            if wish.twice:
                again = await desk.post("/requests", body, key=wish.message_id)
                if again["request_id"] != answer["request_id"]:
                    raise RefusedError("the same message became two requests")
            added(1)
            return str(answer["request_id"])

        ids: list[str] = []
        for some in _some(wishes):
            await self._pace.turn()
            ids += await asyncio.gather(*(one(wish) for wish in some))
        return ids

    async def topic(self, wishes: Sequence[Wish], added: Added) -> None:
        """A station's system, a process of its own, publishes to the inbound topic."""

        async def lines() -> AsyncIterator[str]:
            for some in _some(wishes):
                await self._pace.turn()
                now = datetime.now(UTC)
                for wish in campaign.sent(some):
                    yield bridge.line(wish.message_id, now, wish.request())
                added(len(some))

        await self._bridge(STATION_SOURCE, REQUESTS_INBOUND, lines())

    async def spreadsheet(self, wishes: Sequence[Wish], added: Added) -> None:
        file = self._folder / "wishes.csv"
        await asyncio.to_thread(campaign.write_spreadsheet, file, wishes)
        await self.import_file("requests", file)
        added(len(wishes))

    async def import_file(self, what: str, file: Path, accepted: Sequence[int] = (0,)) -> str:
        """`guanjia import`, as anybody runs it. Exit code 1 says that some rows were refused;
        they are written beside the file, so a copy is imported."""
        copy = self._folder / file.name
        if copy != file:
            await asyncio.to_thread(shutil.copyfile, file, copy)
        command = ("-m", "deploy.cli", "import", what, str(copy))
        return await self._run(command, {"COLUMNS": "160"}, accepted)

    async def sms(self, wishes: Sequence[Wish], added: Added) -> None:
        """The same reply pushed twice carries the same time."""
        at = int(datetime.now(UTC).timestamp())
        await self._written(
            "/simulator/phones/replies",
            [(w, {"number": w.phone, "text": w.text(), "time": at}) for w in campaign.sent(wishes)],
            added,
        )

    async def wechat(self, wishes: Sequence[Wish], added: Added) -> None:
        await self._written(
            "/simulator/wechat/texts",
            [
                (w, {"openid": w.openid, "text": w.text(), "message_id": f"7{w.number:010d}"})
                for w in campaign.sent(wishes)
            ],
            added,
        )

    async def _written(
        self, path: str, said: Sequence[tuple[Wish, dict[str, object]]], added: Added
    ) -> None:
        phones = self._desks.at("simulators")
        for some in _some(said):
            await self._pace.turn()
            answers = await phones.post(path, [body for _, body in some])
            refused = [a for a in answers if a["status"] >= 300 and not a["queued"]]
            if refused:
                raise RefusedError(f"{path}: {refused[:3]}")
            added(len({wish.number for wish, _ in some}))

    # --- processes ---

    async def _bridge(self, source: str, topic: str, lines: AsyncIterator[str]) -> None:
        key = publisher_key((self._stack.secrets_dir / "root.key").read_bytes(), source)
        command = ("-m", "deploy.demo.bridge", source, topic)
        await self._run(command, {"GUANJIA_PUBLISHER_KEY": key.hex()}, lines=lines)

    async def _run(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str],
        accepted: Sequence[int] = (0,),
        lines: AsyncIterator[str] | None = None,
    ) -> str:
        """What it said. lines: what it reads. Raises RefusedError for another exit code."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env={**os.environ, **self._stack.service_env("intake"), **env},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            _, said = await asyncio.gather(_feed(process, lines), _heard(process))
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode not in accepted:
            raise RefusedError(f"{' '.join(arguments)}: exit {process.returncode}\n{said[-2000:]}")
        return said


async def _feed(process: asyncio.subprocess.Process, lines: AsyncIterator[str] | None) -> None:
    """A process that ends before it has read everything says why by itself."""
    assert process.stdin is not None
    with suppress(ConnectionError):
        if lines is not None:
            async for text in lines:
                process.stdin.write(f"{text}\n".encode())
                await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()


async def _heard(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.read()).decode(errors="replace")


def _some(many: Sequence[T]) -> Iterator[Sequence[T]]:
    """A few at a time."""
    return (many[start : start + AT_ONCE] for start in range(0, len(many), AT_ONCE))
