"""The scenario: stages in order where one needs the other, concurrent where not."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from deploy.demo import campaign, goods
from deploy.demo.campaign import Wish
from deploy.demo.checks import Check, Expected, list_campaign_checks, list_checks
from deploy.demo.clients import Clients
from deploy.demo.figures import (
    Figures,
    Json,
    count_types,
    read_events,
    read_figures,
    read_health,
    replay_log,
)
from deploy.demo.finance import Finance
from deploy.demo.participants import (
    Answer,
    Applicants,
    Behaviour,
    Donors,
    Phones,
    Staff,
    Tally,
)
from deploy.demo.progress import ProgressDisplay, Stage
from deploy.demo.submission import HTTP_CREDENTIALS, Submitter, Throttle
from deploy.local.stack import Stack
from shared.contracts.values import Channel
from shared.security import Keyring

READ_EVERY_S = 0.8
QUIET_S = 2.0
UNANSWERED_MAX = 150
STILL_SENT_QUIET_S = 6.0
OPEN_QUIET_S = 10.0
UNMATCHED_QUIET_S = 60.0
AGREE_WITHIN_S = 15.0
ACCEPTED_STATES = ("accepted", "committed", "delivered", "confirmed")


@dataclass(frozen=True, slots=True)
class Outcome:
    """campaign: its report, where there is one."""

    figures: Figures
    checks: list[Check]
    campaign: Json | None = None

    @property
    def agrees(self) -> bool:
        return all(check.holds for check in self.checks)


class Scenario:
    """Money comes first; then wishes come in while donors, staff and applicants are at work."""

    def __init__(
        self, clients: Clients, stack: Stack, display: ProgressDisplay, within_s: float
    ) -> None:
        self.clients, self.stack, self.display = clients, stack, display
        self._throttle = Throttle(UNANSWERED_MAX)
        self.submitter = Submitter(clients, stack, stack.data_dir / "demo", self._throttle)
        self.finance = Finance(clients, self.submitter)
        self.tally = Tally()
        self._sent = display.add_stage("诉求征集 wishes come in")
        self._within_s = within_s

    async def play_campaign(self, wishes: Sequence[Wish]) -> Outcome:
        """The New Year campaign with these wishes."""
        await self.collect_money(campaign.CAMPAIGN_ID)
        unreachable: set[str] = set()
        behaviour = Behaviour(
            answer=partial(choose_in_campaign, len(wishes)),
            confirmed_by_staff=lambda match: match["request_id"] in unreachable,
        )
        count, donors = len(wishes), len(campaign.list_enterprises())
        expected = Expected(campaign.TOTAL_FEN, requests=count, closed=count, donors=donors)
        sending, names = self._send(wishes, unreachable), campaign.list_names(wishes)
        shared = campaign.count_shared_phones(wishes)
        self.tally.messages["共用手机 phones of several people"] = shared
        return await self.run_until_quiet(sending, behaviour, expected, "approver-village", names)

    async def play_file(self, requests: Path, offers: Path | None) -> Outcome:
        """The requests of a spreadsheet, whatever they ask for; staff confirm what arrived."""
        ids = await self.collect_money()
        if offers:
            self.display.print_line(await self.submitter.import_file("offers", offers, (0, 1)))
        else:
            offers_of_goods = goods.build_offers(requests, campaign.list_enterprises(), ids)
            await self.submitter.submit_offers(offers_of_goods)
            self.display.print_line(f"物资资源 goods offered {len(offers_of_goods)}")
        behaviour = Behaviour(answer=choose_in_file, confirmed_by_staff=lambda _match: True)
        expected = Expected(campaign.TOTAL_FEN)
        return await self.run_until_quiet(
            self._import(requests), behaviour, expected, "approver-city"
        )

    async def _import(self, requests: Path) -> None:
        self.display.print_line(await self.submitter.import_file("requests", requests, (0, 1)))

    async def collect_money(self, campaign_id: str | None = None) -> dict[int, str]:
        """Enterprise number -> the partner's id of it. campaign_id: what they give in, if any."""
        donors = campaign.list_enterprises()
        stage = self.display.add_stage("善款到账 donations", len(donors))
        await self.submitter.open_fund()
        ids = await self.submitter.register_donors(donors, "partner")
        await self.submitter.bind_donors(donors)
        house_ids = await self.submitter.register_donors(donors, "operator")
        await self.submitter.report_donations(donors, house_ids)
        if campaign_id:
            await self.submitter.open_campaign(house_ids)
        mandates = await self.submitter.give_mandates(donors, house_ids)
        offers = [
            (f"money-{g.number}", g.make_offer(ids[g.number], mandates[g.number], campaign_id))
            for g in donors
        ]
        await self.submitter.submit_offers(offers)
        stage.set(len(donors))
        stage.finish()
        return ids

    async def _send(self, wishes: Sequence[Wish], unreachable: set[str]) -> None:
        """Every channel at once. unreachable: gets the requests of whom nobody can write to."""
        self._sent.set(0, len(wishes))
        on_added: Callable[[int], None] = self._sent.add
        by_channel = campaign.group_by_channel(wishes)

        submitter = self.submitter

        async def submit_by_http(channel: Channel) -> None:
            ids = await submitter.submit_by_http(channel, by_channel[channel], on_added)
            pairs = zip(ids, by_channel[channel], strict=True)
            unreachable.update(id_ for id_, wish in pairs if not wish.is_reachable)

        await submitter.import_spreadsheet(by_channel[Channel.SPREADSHEET], on_added)
        async with asyncio.TaskGroup() as group:
            for channel in HTTP_CREDENTIALS:
                group.create_task(submit_by_http(channel))
            group.create_task(submitter.publish_to_topic(by_channel[Channel.STATION], on_added))
            group.create_task(submitter.send_by_sms(by_channel[Channel.SMS], on_added))
            group.create_task(submitter.send_by_wechat(by_channel[Channel.WECHAT], on_added))
        self._sent.finish()

    # --- to the end ---

    async def run_until_quiet(
        self,
        sending: object,
        behaviour: Behaviour,
        expected: Expected,
        approver: str,
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> Outcome:
        """Runs all participants until nothing changes any more; then compares the sums."""
        applicants = Applicants(self.clients, self.tally, names)
        donors = Donors(self.clients, Keyring(self.stack.secrets_dir), behaviour, self.tally)
        phones = Phones(self.clients, donors, applicants)
        staff = Staff(self.clients, behaviour, self.tally, applicants, approver)
        actors = (phones, applicants, staff, self.finance)
        work = [asyncio.create_task(each.run()) for each in actors]
        sender = asyncio.ensure_future(sending)  # type: ignore[call-overload]
        try:
            await self._watch([*work, sender], sender)
        finally:
            for task in (*work, sender):
                task.cancel()
            for task in work:
                with suppress(asyncio.CancelledError, Exception):
                    await task
        self._print_tally()
        return await self._compare_sums(expected)

    def _print_tally(self) -> None:
        """Prints how donors answered and how applicants confirmed."""
        for title, counts in (
            ("捐方答复 donors", self.tally.answers),
            ("确认方式 confirmed by", self.tally.confirmed),
            ("来信 messages", self.tally.messages),
            ("付款 payments", Counter({"付款单 orders": self.finance.orders})),
        ):
            line = " · ".join(f"{way} {count:,}" for way, count in sorted(counts.items()))
            self.display.print_line(f"{title}: {line}")

    async def _watch(
        self, tasks: Sequence["asyncio.Task[None]"], sender: "asyncio.Task[None]"
    ) -> None:
        """Displays the counts; ends when nothing changes, or after too long. Raises a failure."""
        view = _CountsView(self.display)
        deadline, since, before = time.monotonic() + self._within_s, time.monotonic(), None
        while time.monotonic() < deadline:
            for task in tasks:
                if task.done():
                    task.result()
            figures = await read_figures(self.clients)
            view.update(figures)
            answered = figures.count_matches(*ACCEPTED_STATES)
            self._throttle.update(self._sent.done - answered)
            now = time.monotonic()
            if figures != before or not sender.done():
                before, since = figures, now
            if figures.is_at_rest and now - since > await self._find_quiet_s(figures):
                view.finish()
                return
            await asyncio.sleep(READ_EVERY_S)
        self.display.print_line(f"[red]{self._within_s:.0f} s 后仍未办完 not finished in time[/]")

    async def _find_quiet_s(self, figures: Figures) -> float:
        """How long nothing has to change. The first round starts the solver, which takes long."""
        if figures.count_requests("open"):
            client = self.clients.open("matching", "operator")
            latest: Json = await client.get("/rounds/latest")
            if (latest["round"] or {}).get("state") != "done":
                return UNMATCHED_QUIET_S
            # That round may have closed before the last request opened: the next one takes it.
            return OPEN_QUIET_S
        return STILL_SENT_QUIET_S if figures.count_notices("sent") else QUIET_S

    async def _compare_sums(self, expected: Expected) -> Outcome:
        """What was published a moment ago may still be under way: compares again for a while."""
        stage = self.display.add_stage("核对 reckoning")
        deadline = time.monotonic() + AGREE_WITHIN_S
        while True:
            figures, health = await read_figures(self.clients), await read_health(self.clients)
            audit = figures.audit
            events = count_types(await read_events(self.stack.kafka_bootstrap))
            log = await asyncio.to_thread(replay_log, audit["log_dir"], audit["vkey"])
            report = await self._read_campaign_report() if expected.donors else None
            checks = list_checks(expected, figures, health, events, log)
            checks += self.finance.list_checks(figures)
            checks += list_campaign_checks(expected, figures, report) if report else []
            outcome = Outcome(figures, checks, report)
            if outcome.agrees or time.monotonic() > deadline:
                stage.set(len(outcome.checks))
                stage.finish()
                return outcome
            await asyncio.sleep(READ_EVERY_S)

    async def _read_campaign_report(self) -> Json:
        client = self.clients.open("matching", "operator")
        report: Json = await client.get(f"/campaigns/{campaign.CAMPAIGN_ID}/report")
        return report


def choose_in_campaign(wishes: int, number: int) -> Answer:
    """The first ones expire or are declined, early enough to match again: 8 and 12 of 1,000."""
    ignored, declined = min(8, max(1, wishes // 100)), min(12, max(1, wishes // 50))
    if number < ignored:
        return "leave"
    return "decline" if number < ignored + declined else "accept"


def choose_in_file(number: int) -> Answer:
    if number % 100 == 49:
        return "leave"
    return "decline" if number % 50 == 24 else "accept"


class _CountsView:
    """The lines of the display with the services' counts."""

    def __init__(self, display: ProgressDisplay) -> None:
        self._display = display
        self._proposed = display.add_stage("提出对接 proposed")
        self._accepted = display.add_stage("捐方接受 accepted")
        self._delivered = display.add_stage("送达 delivered")
        self._confirmed = display.add_stage("确认收到 confirmed")
        self._notices = display.add_stage("通知 notices")

    def update(self, figures: Figures) -> None:
        opened = figures.count_requests("open", "closed")
        self._proposed.set(sum(figures.matching["matches"]["by_state"].values()), opened)
        self._accepted.set(figures.count_matches(*ACCEPTED_STATES), opened)
        self._delivered.set(figures.count_matches("delivered", "confirmed"), opened)
        self._confirmed.set(figures.count_matches("confirmed"), opened)
        total = sum(figures.notify["by_outcome"].values())
        self._notices.set(figures.count_notices("delivered", "sent", "failed", "unknown"), total)
        self._display.print_stages(self._stages)

    def finish(self) -> None:
        for stage in self._stages:
            stage.finish()

    @property
    def _stages(self) -> tuple[Stage, ...]:
        return self._proposed, self._accepted, self._delivered, self._confirmed, self._notices
