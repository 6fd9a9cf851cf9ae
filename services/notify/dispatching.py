"""What goes by which provider now: drawn by the shares, as far as there is room at its gate."""

import secrets
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import structlog

from services.notify.channels import CHANNELS, Contact, order_channels
from services.notify.gates import is_failure, open_gate
from services.notify.model import Notice, ProviderName, SmsProvider
from services.notify.providers import Outcome
from services.notify.purposes import BY_NAME
from services.notify.resources import NotifyRuntime
from services.notify.settings import NotifySettings
from services.notify.traffic import (
    TRAFFIC_ID,
    WHOLE,
    Health,
    MoveTraffic,
    RestoreTraffic,
    Traffic,
    find_shares,
    order_providers,
)
from shared import mongo, telemetry
from shared.messaging.decision import Command

log = structlog.get_logger()

WATCH_S = 5.0
WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A notice, whose turn an SMS of it would be, and who sends it if nothing speaks against it:
    None where nobody can. is_ahead: it is claimed before there is a place for its call."""

    notice: Notice
    sms_providers: tuple[SmsProvider, ...]
    provider: ProviderName | None
    is_ahead: bool = False


class Dispatcher:
    """The gates of one process, the shares of all, and the health of each provider as seen here."""

    def __init__(self, runtime: NotifyRuntime) -> None:
        self._runtime, self._settings = runtime, runtime.settings
        names: tuple[ProviderName, ...] = (*self._settings.sms_providers, "wechat")
        self._gates = {name: open_gate(self._settings.send_concurrency) for name in names}
        self._health = {name: _open_health(self._settings) for name in self._settings.sms_providers}
        self._shares = find_shares(self._settings.rules, None)
        self._watched_at = float("-inf")

    # --- whose turn it is ---

    def draw(self, notice: Notice, contact: Contact) -> Candidate:
        order = order_providers(self._shares, secrets.randbelow(WHOLE))
        purpose = BY_NAME.get(notice.purpose)
        for channel in order_channels(purpose.channels if purpose else (), contact.preferred):
            if CHANNELS[channel].find_address(contact):
                return Candidate(notice, order, CHANNELS[channel].list_providers(order)[0])
        return Candidate(notice, order, None)

    def split(
        self, candidates: Sequence[Candidate], *, may_go_ahead: bool
    ) -> tuple[list[Candidate], list[Candidate]]:
        """(those that are claimed now, those that wait). The first are counted at the gates until
        `give_back`."""
        now = time.monotonic()
        wanted = Counter(each.provider for each in candidates if each.provider)
        room = {
            name: self._gates[name].find_room(count, now, may_go_ahead=may_go_ahead)
            for name, count in wanted.items()
        }
        ready: list[Candidate] = []
        waiting: list[Candidate] = []
        for each in candidates:
            if each.provider is None:
                ready.append(each)
                continue
            places, ahead = room[each.provider]
            if not places + ahead:
                waiting.append(each)
            elif places:
                room[each.provider] = places - 1, ahead
                self.enter(each.provider)
                ready.append(each)
            else:
                room[each.provider] = 0, ahead - 1
                self.enter_ahead(each.provider)
                ready.append(replace(each, is_ahead=True))
        return ready, waiting

    def give_back(self, candidates: Iterable[Candidate]) -> None:
        """Their claims have ended."""
        for each in candidates:
            if each.provider and each.is_ahead:
                self.leave_ahead(each.provider)
            elif each.provider:
                self.leave(each.provider)

    # --- calls ---

    def enter(self, provider: ProviderName) -> None:
        self._gates[provider].in_use += 1

    def leave(self, provider: ProviderName) -> None:
        """No call was made there."""
        self._gates[provider].in_use -= 1

    def enter_ahead(self, provider: ProviderName) -> None:
        self._gates[provider].ahead += 1

    def leave_ahead(self, provider: ProviderName) -> None:
        self._gates[provider].ahead -= 1

    def take_place(self, provider: ProviderName) -> bool:
        """For one that was ahead of it. Whether there was any."""
        if not self._gates[provider].count_places():
            return False
        self.leave_ahead(provider)
        self.enter(provider)
        return True

    def count_notable(self, provider: ProviderName) -> int:
        """How many calls may be noted before they have a place."""
        return self._gates[provider].count_notable()

    def end(self, provider: ProviderName, began_at: float, outcome: Outcome) -> None:
        """A call that was made."""
        now = time.monotonic()
        self._gates[provider].leave(outcome, now)
        telemetry.PROVIDER_SECONDS.labels(provider, outcome.kind).observe(now - began_at)
        if provider != "wechat":
            is_slow = now - began_at > self._settings.traffic_slow_s
            self._health[provider].note(now, is_error=is_failure(outcome), is_slow=is_slow)

    # --- the shares of all instances ---

    async def watch(self) -> None:
        """What others moved counts here; what fails here is said to all."""
        now = time.monotonic()
        if now - self._watched_at < WATCH_S or len(self._health) < 2:
            return
        self._watched_at = now
        traffic = await mongo.load(self._runtime.database, Traffic, TRAFFIC_ID)
        self._shares = find_shares(self._settings.rules, traffic)
        for name, health in self._health.items():
            reason = health.find_reason(now)
            if reason and self._shares[name]:
                log.warning("sms_traffic_moves", away_from=name, reason=reason)
                move = MoveTraffic(away_from=name, reason=reason)
                await self._runtime.processor.execute(Command(move))
                health.forget()
        if traffic and traffic.due_at and traffic.due_at <= await self._runtime.processor.now():
            restore = RestoreTraffic(aggregate_id=TRAFFIC_ID, due_at=traffic.due_at)
            await self._runtime.processor.execute(Command(restore))


def _open_health(settings: NotifySettings) -> Health:
    return Health(WINDOW_S, settings.traffic_errors_max, settings.traffic_slow_percent)
