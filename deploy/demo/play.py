"""The play: one stage after the other where one needs the other, all at once where not."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.demo import campaign
from deploy.demo.board import Board
from deploy.demo.campaign import Wish
from deploy.demo.channels import Doors
from deploy.demo.checks import Check, Expected, checks
from deploy.demo.desks import Desks
from deploy.demo.figures import Figures, count_events, look, replayed
from deploy.demo.people import Applicants, Done, Donors, Manners, Phones, Staff
from deploy.local.stack import Stack
from shared.contracts.values import Channel

LOOK_EVERY_S = 0.5
QUIET_S = 2.0
STILL_SENT_QUIET_S = 6.0
AGREE_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Outcome:
    figures: Figures
    checks: list[Check]

    @property
    def agrees(self) -> bool:
        return all(check.holds for check in self.checks)


class Play:
    """Money comes first; then wishes come in while donors, staff and applicants are at work."""

    def __init__(self, desks: Desks, stack: Stack, board: Board, within_s: float) -> None:
        self.desks, self.stack, self.board = desks, stack, board
        self.doors = Doors(desks, stack, stack.data_dir / "demo")
        self.done = Done()
        self._within_s = within_s

    async def campaign(self, wishes: Sequence[Wish]) -> Outcome:
        """The New Year campaign, on so many wishes."""
        await self.money()
        visited: set[str] = set()
        few = len(wishes) // 50
        manners = Manners(
            declined=min(12, max(1, few)),
            expired=min(8, max(1, few // 2)),
            confirmed_by_staff=lambda match: match["request_id"] in visited,
        )
        expected = Expected(campaign.TOTAL_FEN, requests=len(wishes), closed=len(wishes))
        sending = self._send(wishes, visited)
        return await self.until_quiet(sending, manners, expected, "approver-village")

    async def money(self) -> None:
        givers = campaign.enterprises()
        stage = self.board.stage("善款到账 donations", len(givers))
        await self.doors.open_fund()
        ids = await self.doors.register(givers)
        await self.doors.donate(givers, ids)
        await self.doors.offer(givers, ids)
        stage.to(len(givers))

    async def _send(self, wishes: Sequence[Wish], visited: set[str]) -> None:
        """Every channel at once."""
        stage = self.board.stage("诉求征集 wishes come in", len(wishes))
        added: Callable[[int], None] = stage.add
        mine = campaign.by_channel(wishes)

        async def visits() -> None:
            visited.update(
                await self.doors.http(Channel.HOUSEHOLD_VISIT, mine[Channel.HOUSEHOLD_VISIT], added)
            )

        doors = self.doors
        async with asyncio.TaskGroup() as group:
            group.create_task(visits())
            for channel in (Channel.COMMITTEE, Channel.HOTLINE):
                group.create_task(doors.http(channel, mine[channel], added))  # type: ignore[arg-type]
            group.create_task(doors.topic(mine[Channel.STATION], added))
            group.create_task(doors.spreadsheet(mine[Channel.SPREADSHEET], added))
            group.create_task(doors.sms(mine[Channel.SMS], added))
            group.create_task(doors.wechat(mine[Channel.WECHAT], added))

    # --- to the end ---

    async def until_quiet(
        self, sending: object, manners: Manners, expected: Expected, approver: str
    ) -> Outcome:
        """Everybody at work until nothing moves any more; then the sums."""
        applicants = Applicants(self.desks, self.done)
        donors = Donors(self.desks, manners, self.done)
        phones = Phones(self.desks, donors, applicants)
        staff = Staff(self.desks, manners, self.done, applicants, approver)
        work = [asyncio.create_task(phones.run()), asyncio.create_task(staff.run())]
        sender = asyncio.ensure_future(sending)  # type: ignore[call-overload]
        try:
            await self._watch([*work, sender], sender)
        finally:
            for task in (*work, sender):
                task.cancel()
            for task in work:
                with suppress(asyncio.CancelledError, Exception):
                    await task
        return await self._reckon(expected)

    async def _watch(
        self, tasks: Sequence["asyncio.Task[None]"], sender: "asyncio.Task[None]"
    ) -> None:
        """Shows how far it is; ends when it is quiet, or has taken too long. Raises a failure."""
        view = _View(self.board)
        deadline, since, before = time.monotonic() + self._within_s, time.monotonic(), None
        while time.monotonic() < deadline:
            for task in tasks:
                if task.done():
                    task.result()
            figures = await look(self.desks)
            view.show(figures)
            now = time.monotonic()
            if figures != before or not sender.done():
                before, since = figures, now
            quiet_s = STILL_SENT_QUIET_S if figures.notices("sent") else QUIET_S
            if figures.at_rest and now - since > quiet_s:
                return
            await asyncio.sleep(LOOK_EVERY_S)
        self.board.say(f"[red]{self._within_s:.0f} s 后仍未办完 not finished in time[/]")

    async def _reckon(self, expected: Expected) -> Outcome:
        """What was published a moment ago may still be on its way: looks again for a while."""
        stage = self.board.stage("核对 reckoning", 1)
        deadline = time.monotonic() + AGREE_WITHIN_S
        while True:
            figures = await look(self.desks)
            audit = figures.audit
            events = await count_events(self.stack.kafka_bootstrap)
            log = await asyncio.to_thread(replayed, audit["log_dir"], audit["vkey"])
            outcome = Outcome(figures, checks(expected, figures, events, log))
            if outcome.agrees or time.monotonic() > deadline:
                stage.to(1)
                return outcome
            await asyncio.sleep(LOOK_EVERY_S)


class _View:
    """The board's lines of what the services say."""

    def __init__(self, board: Board) -> None:
        self._proposed = board.stage("提出对接 proposed")
        self._answered = board.stage("捐方接受 accepted")
        self._delivered = board.stage("送达 delivered")
        self._confirmed = board.stage("确认收到 confirmed")
        self._told = board.stage("通知 notices")

    def show(self, figures: Figures) -> None:
        matches = sum(figures.matching["matches"]["by_state"].values())
        opened = figures.requests("open", "closed")
        self._proposed.to(matches, opened)
        self._answered.to(
            figures.matches("accepted", "committed", "delivered", "confirmed"), opened
        )
        self._delivered.to(figures.matches("delivered", "confirmed"), opened)
        self._confirmed.to(figures.matches("confirmed"), opened)
        told = sum(figures.notify["by_outcome"].values())
        self._told.to(figures.notices("delivered", "sent", "failed"), told)


def demo_folder(stack: Stack) -> Path:
    return stack.data_dir / "demo"
