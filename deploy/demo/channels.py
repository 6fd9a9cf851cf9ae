"""How wishes and money come in: over HTTP, from other processes, by file, by SMS, by WeChat."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from deploy.demo import bridge, campaign
from deploy.demo.campaign import FUND_ID, FUND_NAME, Enterprise, Wish
from deploy.demo.desks import Desks, RefusedError
from deploy.local.stack import Stack
from shared.contracts.topics import DONATIONS_INBOUND, REQUESTS_INBOUND
from shared.contracts.values import Channel
from shared.security import publisher_key

Added = Callable[[int], None]
BANK_SOURCE, STATION_SOURCE = "/bank/demo", "/channels/station"
HTTP_CREDENTIALS: dict[Channel, str] = {
    Channel.COMMITTEE: "channel-village",
    Channel.HOTLINE: "channel-hotline",
    Channel.HOUSEHOLD_VISIT: "collector",
}
TEXTS_AT_ONCE = 50


class Doors:
    """Every way in. added: told how many wishes have come in."""

    def __init__(self, desks: Desks, stack: Stack, folder: Path) -> None:
        self._desks, self._stack, self._folder = desks, stack, folder
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

    async def offer(self, givers: Sequence[Enterprise], ids: dict[int, str]) -> None:
        rows = [
            {
                "idempotency_key": f"offer-{giver.number}",
                "offer": giver.offer(ids[giver.number]).model_dump(mode="json", exclude_none=True),
            }
            for giver in givers
        ]
        answers = await self._desks.at("matching", "partner").post("/offers/batch", rows)
        refused = [a for a in answers["answers"] if a["status"] not in (200, 201)]
        if refused:
            raise RefusedError(f"offers: {refused[:3]}")

    async def donate(self, givers: Sequence[Enterprise], ids: dict[int, str]) -> None:
        """The bank's own process reports what arrived; each twice, as banks do."""
        now = datetime.now(UTC)
        lines = [
            bridge.line(f"demo-{giver.number:04d}", now, giver.donation(ids[giver.number], now))
            for giver in givers
        ]
        file = self._write("donations.jsonl", [*lines, *lines])
        await self._bridge(BANK_SOURCE, DONATIONS_INBOUND, file)

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

        return list(await asyncio.gather(*(one(wish) for wish in wishes)))

    async def topic(self, wishes: Sequence[Wish], added: Added) -> None:
        """A station's system, a process of its own, publishes to the inbound topic."""
        now = datetime.now(UTC)
        lines = [bridge.line(w.message_id, now, w.request()) for w in campaign.sent(wishes)]
        await self._bridge(STATION_SOURCE, REQUESTS_INBOUND, self._write("station.jsonl", lines))
        added(len(wishes))

    async def spreadsheet(self, wishes: Sequence[Wish], added: Added) -> None:
        file = self._folder / "wishes.csv"
        await asyncio.to_thread(campaign.write_spreadsheet, file, wishes)
        await self.import_file("requests", file)
        added(len(wishes))

    async def import_file(self, what: str, file: Path, accepted: Sequence[int] = (0,)) -> str:
        """`guanjia import`, as anybody runs it. Exit code 1 says that some rows were refused."""
        command = ("-m", "deploy.cli", "import", what, str(file))
        return await self._run(command, {"COLUMNS": "160"}, accepted)

    async def sms(self, wishes: Sequence[Wish], added: Added) -> None:
        """The same reply pushed twice carries the same time."""
        at = int(datetime.now(UTC).timestamp())
        said = [{"number": w.phone, "text": w.text(), "time": at} for w in campaign.sent(wishes)]
        await self._written("/simulator/phones/replies", said)
        added(len(wishes))

    async def wechat(self, wishes: Sequence[Wish], added: Added) -> None:
        said = [
            {"openid": w.openid, "text": w.text(), "message_id": f"7{w.number:010d}"}
            for w in campaign.sent(wishes)
        ]
        await self._written("/simulator/wechat/texts", said)
        added(len(wishes))

    async def _written(self, path: str, said: Sequence[dict[str, object]]) -> None:
        phones = self._desks.at("simulators")
        for start in range(0, len(said), TEXTS_AT_ONCE):
            answers = await phones.post(path, said[start : start + TEXTS_AT_ONCE])
            refused = [a for a in answers if a["status"] >= 300 and not a["queued"]]
            if refused:
                raise RefusedError(f"{path}: {refused[:3]}")

    # --- processes ---

    def _write(self, name: str, lines: Sequence[str]) -> Path:
        file = self._folder / name
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return file

    async def _bridge(self, source: str, topic: str, file: Path) -> None:
        key = publisher_key((self._stack.secrets_dir / "root.key").read_bytes(), source)
        command = ("-m", "deploy.demo.bridge", source, topic, str(file))
        await self._run(command, {"GUANJIA_PUBLISHER_KEY": key.hex()})

    async def _run(
        self, arguments: Sequence[str], env: dict[str, str], accepted: Sequence[int] = (0,)
    ) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env=os.environ | self._stack.service_env("intake") | env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        text = said.decode(errors="replace")
        if process.returncode not in accepted:
            raise RefusedError(f"{' '.join(arguments)}: exit {process.returncode}\n{text[-2000:]}")
        return text
