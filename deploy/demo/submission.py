"""Submits wishes and money: over HTTP, from other processes, by file, by SMS, by WeChat."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from deploy.demo import bridge, campaign
from deploy.demo.campaign import FUND_ID, FUND_NAME, Enterprise, Wish
from deploy.demo.clients import Clients, RefusedError
from deploy.local.stack import Stack
from shared.contracts.events import OfferSubmitted
from shared.contracts.topics import DONATIONS_INBOUND, REQUESTS_INBOUND
from shared.contracts.values import Channel
from shared.documents import Document
from shared.security import Keyring

T = TypeVar("T")
OnAdded = Callable[[int], None]
BANK_SOURCE, STATION_SOURCE = "/bank/demo", "/channels/station"
HTTP_CREDENTIALS: dict[Channel, str] = {
    Channel.COMMITTEE: "channel-village",
    Channel.HOTLINE: "channel-hotline",
    Channel.HOUSEHOLD_VISIT: "collector",
}
PARTNER_SOURCE = "/partners/chamber"
BATCH_SIZE = 20
MANDATE_TRIES_MAX, MANDATE_WAIT_S = 60, 0.25


class Throttle:
    """Wishes come in no faster than donors can answer: otherwise proposals expire unread."""

    def __init__(self, unanswered_max: int) -> None:
        self._unanswered_max, self._open = unanswered_max, asyncio.Event()
        self._open.set()

    def update(self, unanswered: int) -> None:
        if unanswered < self._unanswered_max:
            self._open.set()
        else:
            self._open.clear()

    async def wait(self) -> None:
        await self._open.wait()


class Submitter:
    """Every inbound channel. on_added: called with how many wishes have been submitted."""

    def __init__(self, clients: Clients, stack: Stack, folder: Path, throttle: Throttle) -> None:
        self._clients, self._stack, self._folder, self._throttle = clients, stack, folder, throttle
        folder.mkdir(parents=True, exist_ok=True)

    # --- money ---

    async def open_fund(self) -> None:
        """By two people."""
        fund = {"fund_id": FUND_ID, "name": FUND_NAME, "restricted": True}
        fund["terms"] = {"purpose": "新春暖“留”行动：困难群众与留莞务工人员的微心愿"}
        maker = self._clients.open("audit", "finance-maker")
        checker = self._clients.open("audit", "finance-checker")
        await maker.post("/funds", fund, key=f"open-{FUND_ID}")
        await checker.post(f"/funds/{FUND_ID}/approve", key=f"approve-{FUND_ID}")

    async def register_donors(self, donors: Sequence[Enterprise], caller: str) -> dict[int, str]:
        """Enterprise number -> the id by which the caller knows it: a partner has his own."""
        client = self._clients.open("intake", caller)

        async def submit(donor: Enterprise) -> tuple[int, str]:
            body = {"name": donor.name, "phone": donor.phone, "wechat_openid": donor.openid}
            answer = await client.post("/parties", body, key=f"party-{donor.number}")
            return donor.number, str(answer["person_id"])

        return dict(await asyncio.gather(*(submit(donor) for donor in donors)))

    async def bind_donors(self, donors: Sequence[Enterprise]) -> None:
        """Each sends the code of its WeChat from its phone: by WeChat comes the link to answer."""
        simulators = self._clients.open("simulators")
        for batch in _split_batches(donors):
            texts = [{"openid": donor.openid, "text": "绑定"} for donor in batch]
            answers = await simulators.post("/simulator/wechat/texts", texts)
            codes = [re.search(r"绑定 \d{8}", answer["answer"]) for answer in answers]
            replies = [
                {"number": donor.phone, "text": code.group(0)}
                for donor, code in zip(batch, codes, strict=True)
                if code
            ]
            await simulators.post("/simulator/phones/replies", replies)

    async def open_campaign(self, ids: dict[int, str]) -> None:
        """The city creates it; these donors may give in it."""
        terms = campaign.build_terms(ids.values(), datetime.now(UTC))
        city = self._clients.open("matching", "approver-city")
        await city.post("/campaigns", terms, key=f"create-{campaign.CAMPAIGN_ID}")

    async def give_mandates(
        self, donors: Sequence[Enterprise], ids: dict[int, str]
    ) -> dict[int, str]:
        """By the fund's managers, two people: enterprise number -> its mandate."""
        maker = self._clients.open("audit", "finance-maker")
        checker = self._clients.open("audit", "finance-checker")
        now = datetime.now(UTC)

        async def give(donor: Enterprise) -> tuple[int, str]:
            mandate = donor.make_mandate(ids[donor.number], PARTNER_SOURCE, now)
            answer = await maker.post("/mandates", mandate, key=f"mandate-{donor.number}")
            path, key = f"/mandates/{answer['id']}/approve", f"approve-mandate-{donor.number}"
            await checker.post(path, key=key)
            return donor.number, str(answer["id"])

        return dict(await asyncio.gather(*(give(donor) for donor in donors)))

    async def submit_offers(self, offers: Sequence[tuple[str, OfferSubmitted]]) -> None:
        """(message id, offer). Until matching has heard of the mandates, which takes a moment."""
        rows = [
            {"idempotency_key": id_, "offer": offer.model_dump(mode="json", exclude_none=True)}
            for id_, offer in offers
        ]
        partner = self._clients.open("matching", "partner")
        for _ in range(MANDATE_TRIES_MAX):
            answers = await partner.post("/offers/batch", rows)
            refusals = [a for a in answers["answers"] if a["status"] not in (200, 201)]
            if not any(_is_mandate_unknown(refusal) for refusal in refusals):
                break
            await asyncio.sleep(MANDATE_WAIT_S)
        if refusals:
            raise RefusedError(f"offers: {refusals[:3]}")

    async def report_donations(self, donors: Sequence[Enterprise], ids: dict[int, str]) -> None:
        """The bank's own process reports the gifts that arrived; each twice, as banks do."""
        now = datetime.now(UTC)

        async def build_lines() -> AsyncIterator[str]:
            for donor in (*donors, *donors):
                gift = donor.make_donation(ids[donor.number], now)
                yield bridge.format_line(f"demo-{donor.number:04d}", now, gift)

        await self.run_bridge(BANK_SOURCE, DONATIONS_INBOUND, build_lines())

    # --- wishes ---

    async def submit_by_http(
        self, channel: Channel, wishes: Sequence[Wish], on_added: OnAdded
    ) -> list[str]:
        """The ids of the requests they became."""
        client = self._clients.open("intake", HTTP_CREDENTIALS[channel])

        async def submit(wish: Wish) -> str:
            body = wish.make_request().model_dump(mode="json", exclude_none=True)
            answer = await client.post("/requests", body, key=wish.message_id)
            if wish.twice:
                again = await client.post("/requests", body, key=wish.message_id)
                if again["request_id"] != answer["request_id"]:
                    raise RefusedError("the same message became two requests")
            on_added(1)
            return str(answer["request_id"])

        ids: list[str] = []
        for batch in _split_batches(wishes):
            await self._throttle.wait()
            ids += await asyncio.gather(*(submit(wish) for wish in batch))
        return ids

    async def publish_to_topic(self, wishes: Sequence[Wish], on_added: OnAdded) -> None:
        """A station's system, a process of its own, publishes to the inbound topic."""

        async def build_lines() -> AsyncIterator[str]:
            for batch in _split_batches(wishes):
                await self._throttle.wait()
                now = datetime.now(UTC)
                for wish in campaign.repeat_messages(batch):
                    yield bridge.format_line(wish.message_id, now, wish.make_request())
                on_added(len(batch))

        await self.run_bridge(STATION_SOURCE, REQUESTS_INBOUND, build_lines())

    async def import_spreadsheet(self, wishes: Sequence[Wish], on_added: OnAdded) -> None:
        """Nothing where nobody wrote one: a sheet without a row is refused."""
        if not wishes:
            return
        file = self._folder / "wishes.csv"
        await asyncio.to_thread(campaign.write_spreadsheet, file, wishes)
        await self.import_file("requests", file)
        on_added(len(wishes))

    async def import_file(self, kind: str, file: Path, exit_codes: Sequence[int] = (0,)) -> str:
        """`guanjia import`, as anybody runs it. Exit code 1 says that some rows were refused;
        they are written beside the file, so a copy is imported."""
        copy = self._folder / file.name
        if copy != file:
            await asyncio.to_thread(shutil.copyfile, file, copy)
        command = ("-m", "deploy.cli", "import", kind, str(copy))
        return await self._run(command, {"COLUMNS": "160"}, exit_codes)

    async def send_by_sms(self, wishes: Sequence[Wish], on_added: OnAdded) -> None:
        """The same reply pushed twice carries the same time."""
        at = int(datetime.now(UTC).timestamp())
        await self._write(
            "/simulator/phones/replies",
            [
                (w, {"number": w.phone, "text": w.format_text(), "time": at})
                for w in campaign.repeat_messages(wishes)
            ],
            on_added,
        )

    async def send_by_wechat(self, wishes: Sequence[Wish], on_added: OnAdded) -> None:
        await self._write(
            "/simulator/wechat/texts",
            [
                (
                    w,
                    {
                        "openid": w.openid,
                        "text": w.format_text(),
                        "message_id": f"7{w.number:010d}",
                    },
                )
                for w in campaign.repeat_messages(wishes)
            ],
            on_added,
        )

    async def _write(
        self, path: str, messages: Sequence[tuple[Wish, dict[str, object]]], on_added: OnAdded
    ) -> None:
        phones = self._clients.open("simulators")
        for batch in _split_batches(messages):
            await self._throttle.wait()
            answers = await phones.post(path, [body for _, body in batch])
            refusals = [a for a in answers if a["status"] >= 300 and not a["queued"]]
            if refusals:
                raise RefusedError(f"{path}: {refusals[:3]}")
            on_added(len({wish.number for wish, _ in batch}))

    # --- processes ---

    async def run_bridge(self, source: str, topic: str, lines: AsyncIterator[str]) -> None:
        key = Keyring(self._stack.secrets_dir).find_publisher_key(source)
        if key is None:
            raise RefusedError(f"{source} may not publish")
        command = ("-m", "deploy.demo.bridge", source, topic)
        await self._run(command, {"GUANJIA_PUBLISHER_KEY": key.hex()}, lines=lines)

    async def _run(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str],
        exit_codes: Sequence[int] = (0,),
        lines: AsyncIterator[str] | None = None,
    ) -> str:
        """Its output. lines: its input. Raises RefusedError for another exit code."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env={**os.environ, **self._stack.build_service_env("intake"), **env},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            _, output = await asyncio.gather(_write_lines(process, lines), _read_output(process))
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode not in exit_codes:
            raise RefusedError(
                f"{' '.join(arguments)}: exit {process.returncode}\n{output[-2000:]}"
            )
        return output


def _is_mandate_unknown(refusal: Document) -> bool:
    return any(problem["code"] == "mandate_unknown" for problem in refusal["problems"])


async def _write_lines(
    process: asyncio.subprocess.Process, lines: AsyncIterator[str] | None
) -> None:
    """A process that ends before it has read everything prints the reason itself."""
    assert process.stdin is not None
    with suppress(ConnectionError):
        if lines is not None:
            async for text in lines:
                process.stdin.write(f"{text}\n".encode())
                await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()


async def _read_output(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.read()).decode(errors="replace")


def _split_batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + BATCH_SIZE] for start in range(0, len(items), BATCH_SIZE))
