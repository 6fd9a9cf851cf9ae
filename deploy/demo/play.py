"""The play: one stage after the other where one needs the other, all at once where not."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.demo import campaign, goods
from deploy.demo.board import Board, Stage
from deploy.demo.campaign import Wish
from deploy.demo.channels import HTTP_CREDENTIALS, Doors, Pace
from deploy.demo.checks import Check, Expected, campaign_checks, checks
from deploy.demo.desks import Desks
from deploy.demo.figures import Figures, Said, count_events, look, look_at_health, replayed
from deploy.demo.people import Answer, Applicants, Done, Donors, Manners, Phones, Staff
from deploy.local.stack import Stack
from shared.contracts.values import Channel

LOOK_EVERY_S = 0.8
QUIET_S = 2.0
UNANSWERED_MAX = 150
STILL_SENT_QUIET_S = 6.0
AGREE_WITHIN_S = 15.0
ACCEPTED = ("accepted", "committed", "delivered", "confirmed")


@dataclass(frozen=True, slots=True)
class Outcome:
    """campaign: its report, where there is one."""

    figures: Figures
    checks: list[Check]
    campaign: Said | None = None

    @property
    def agrees(self) -> bool:
        return all(check.holds for check in self.checks)


class Play:
    """Money comes first; then wishes come in while donors, staff and applicants are at work."""

    def __init__(self, desks: Desks, stack: Stack, board: Board, within_s: float) -> None:
        self.desks, self.stack, self.board = desks, stack, board
        self._pace = Pace(UNANSWERED_MAX)
        self.doors = Doors(desks, stack, stack.data_dir / "demo", self._pace)
        self.done = Done()
        self._sent = board.stage("诉求征集 wishes come in")
        self._within_s = within_s

    async def campaign(self, wishes: Sequence[Wish]) -> Outcome:
        """The New Year campaign, on so many wishes."""
        await self.money(campaign.CAMPAIGN_ID)
        unreachable: set[str] = set()
        manners = Manners(
            answer=partial(first_ones_hesitate, len(wishes)),
            confirmed_by_staff=lambda match: match["request_id"] in unreachable,
        )
        count, donors = len(wishes), len(campaign.enterprises())
        expected = Expected(campaign.TOTAL_FEN, requests=count, closed=count, donors=donors)
        sending = self._send(wishes, unreachable)
        return await self.until_quiet(sending, manners, expected, "approver-village")

    async def file(self, requests: Path, offers: Path | None) -> Outcome:
        """The requests of a spreadsheet, whatever they ask for; staff confirm what arrived."""
        ids = await self.money()
        if offers:
            self.board.say(await self.doors.import_file("offers", offers, (0, 1)))
        else:
            made = goods.offers_for(requests, campaign.enterprises(), ids)
            await self.doors.offer(made)
            self.board.say(f"物资资源 goods offered {len(made)}")
        manners = Manners(answer=some_hesitate, confirmed_by_staff=lambda _match: True)
        expected = Expected(campaign.TOTAL_FEN)
        return await self.until_quiet(self._import(requests), manners, expected, "approver-city")

    async def _import(self, requests: Path) -> None:
        self.board.say(await self.doors.import_file("requests", requests, (0, 1)))

    async def money(self, campaign_id: str | None = None) -> dict[int, str]:
        """Enterprise number -> its id. campaign_id: what they give in, if in any."""
        givers = campaign.enterprises()
        stage = self.board.stage("善款到账 donations", len(givers))
        await self.doors.open_fund()
        ids = await self.doors.register(givers)
        await self.doors.donate(givers, ids)
        if campaign_id:
            await self.doors.open_campaign(ids)
        offers = [(f"money-{g.number}", g.offer(ids[g.number], campaign_id)) for g in givers]
        await self.doors.offer(offers)
        stage.to(len(givers))
        stage.finish()
        return ids

    async def _send(self, wishes: Sequence[Wish], unreachable: set[str]) -> None:
        """Every channel at once. unreachable: gets the requests of whom nobody can write to."""
        self._sent.to(0, len(wishes))
        added: Callable[[int], None] = self._sent.add
        mine = campaign.by_channel(wishes)

        doors = self.doors

        async def http(channel: Channel) -> None:
            ids = await doors.http(channel, mine[channel], added)
            pairs = zip(ids, mine[channel], strict=True)
            unreachable.update(id_ for id_, wish in pairs if not wish.is_reachable)

        await doors.spreadsheet(mine[Channel.SPREADSHEET], added)
        async with asyncio.TaskGroup() as group:
            for channel in HTTP_CREDENTIALS:
                group.create_task(http(channel))
            group.create_task(doors.topic(mine[Channel.STATION], added))
            group.create_task(doors.sms(mine[Channel.SMS], added))
            group.create_task(doors.wechat(mine[Channel.WECHAT], added))
        self._sent.finish()

    # --- to the end ---

    async def until_quiet(
        self, sending: object, manners: Manners, expected: Expected, approver: str
    ) -> Outcome:
        """Everybody at work until nothing moves any more; then the sums."""
        applicants = Applicants(self.desks, self.done)
        donors = Donors(self.desks, manners, self.done)
        phones = Phones(self.desks, donors, applicants)
        staff = Staff(self.desks, manners, self.done, applicants, approver)
        work = [asyncio.create_task(each.run()) for each in (phones, applicants, staff)]
        sender = asyncio.ensure_future(sending)  # type: ignore[call-overload]
        try:
            await self._watch([*work, sender], sender)
        finally:
            for task in (*work, sender):
                task.cancel()
            for task in work:
                with suppress(asyncio.CancelledError, Exception):
                    await task
        self._tell_ways()
        return await self._reckon(expected)

    def _tell_ways(self) -> None:
        """How donors answered and applicants confirmed, by the means they used."""
        for title, counts in (
            ("捐方答复 donors", self.done.answers),
            ("确认方式 confirmed by", self.done.confirmed),
        ):
            said = " · ".join(f"{way} {count:,}" for way, count in sorted(counts.items()))
            self.board.say(f"{title}: {said}")

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
            answered = figures.matches(*ACCEPTED)
            self._pace.told(self._sent.done - answered)
            now = time.monotonic()
            if figures != before or not sender.done():
                before, since = figures, now
            quiet_s = STILL_SENT_QUIET_S if figures.notices("sent") else QUIET_S
            if figures.at_rest and now - since > quiet_s:
                view.finish()
                return
            await asyncio.sleep(LOOK_EVERY_S)
        self.board.say(f"[red]{self._within_s:.0f} s 后仍未办完 not finished in time[/]")

    async def _reckon(self, expected: Expected) -> Outcome:
        """What was published a moment ago may still be on its way: looks again for a while."""
        stage = self.board.stage("核对 reckoning")
        deadline = time.monotonic() + AGREE_WITHIN_S
        while True:
            figures, health = await look(self.desks), await look_at_health(self.desks)
            audit = figures.audit
            events = await count_events(self.stack.kafka_bootstrap)
            log = await asyncio.to_thread(replayed, audit["log_dir"], audit["vkey"])
            told = await self._campaign() if expected.donors else None
            found = checks(expected, figures, health, events, log)
            found += campaign_checks(expected, figures, told) if told else []
            outcome = Outcome(figures, found, told)
            if outcome.agrees or time.monotonic() > deadline:
                stage.to(len(outcome.checks))
                stage.finish()
                return outcome
            await asyncio.sleep(LOOK_EVERY_S)

    async def _campaign(self) -> Said:
        desk = self.desks.at("matching", "operator")
        told: Said = await desk.get(f"/campaigns/{campaign.CAMPAIGN_ID}/report")
        return told


def first_ones_hesitate(wishes: int, number: int) -> Answer:
    """So that what expires does so while the others are served: 8 and 12 of 1,000."""
    left, declined = min(8, max(1, wishes // 100)), min(12, max(1, wishes // 50))
    if number < left:
        return "leave"
    return "decline" if number < left + declined else "accept"


def some_hesitate(number: int) -> Answer:
    if number % 100 == 49:
        return "leave"
    return "decline" if number % 50 == 24 else "accept"


class _View:
    """The board's lines of what the services say."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._proposed = board.stage("提出对接 proposed")
        self._accepted = board.stage("捐方接受 accepted")
        self._delivered = board.stage("送达 delivered")
        self._confirmed = board.stage("确认收到 confirmed")
        self._told = board.stage("通知 notices")

    def show(self, figures: Figures) -> None:
        opened = figures.requests("open", "closed")
        self._proposed.to(sum(figures.matching["matches"]["by_state"].values()), opened)
        self._accepted.to(figures.matches(*ACCEPTED), opened)
        self._delivered.to(figures.matches("delivered", "confirmed"), opened)
        self._confirmed.to(figures.matches("confirmed"), opened)
        told = sum(figures.notify["by_outcome"].values())
        self._told.to(figures.notices("delivered", "sent", "failed", "unknown"), told)
        self._board.pulse(self._stages)

    def finish(self) -> None:
        for stage in self._stages:
            stage.finish()

    @property
    def _stages(self) -> tuple[Stage, ...]:
        return self._proposed, self._accepted, self._delivered, self._confirmed, self._told
