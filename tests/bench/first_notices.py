"""How long who submits a wish waits for the first notice: until the call is at the provider."""

import asyncio
import statistics
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from deploy.chaos.lifecycles import Lifecycles
from deploy.chaos.wishes import make_phone, make_wish
from deploy.local.stack import Stack
from tests.bench.loop import Say
from tests.support.eventually import eventually

WAYS = ("topic", "HTTP")
MESSAGES_AT_ONCE = 5000
WISHES_MIN = 20


@dataclass(frozen=True, slots=True)
class FirstNotices:
    """Milliseconds from sending a wish to the provider's record of the call, by either way."""

    per_s: float
    count: int
    p50_ms: float
    p99_ms: float
    median_ms: dict[str, float]


@dataclass(slots=True)
class _Sent:
    way: str
    number: str
    at: datetime


@dataclass(slots=True)
class FirstNoticeBench:
    """A wish at a time, evenly: every other one by HTTP."""

    stack: Stack
    lifecycles: Lifecycles
    http: httpx.AsyncClient
    sent: list[_Sent] = field(default_factory=list)
    arrived: dict[str, datetime] = field(default_factory=dict)
    cursor: int = 0

    async def measure(self, per_s: float, seconds: float, first: int, say: Say) -> FirstNotices:
        """first: the number of the first wish; none of them was submitted before."""
        await self._read_arrivals()
        self.arrived.clear()
        count, loop = max(WISHES_MIN, int(per_s * seconds)), asyncio.get_running_loop()
        started = loop.time()
        async with asyncio.TaskGroup() as group:
            for place in range(count):
                await asyncio.sleep(max(0.0, started + place / per_s - loop.time()))
                group.create_task(self._submit(WAYS[place % 2], first + place))
                say(f"first notices at {per_s:.1f}/s: {place + 1} of {count}")

        async def count_missing() -> int:
            await self._read_arrivals()
            return sum(each.number not in self.arrived for each in self.sent)

        await eventually(count_missing, lambda n: n == 0)
        return self._summarize(per_s)

    async def _submit(self, way: str, number: int) -> None:
        run = self.lifecycles.run
        self.sent.append(_Sent(way, make_phone(run, number), datetime.now(UTC)))
        if way == "topic":
            await self.lifecycles.submit([number])
            return
        answer = await self.http.post(
            f"{self.stack.urls['intake']}/requests",
            content=make_wish(run, number).model_dump_json(exclude_none=True),
            headers={
                "Authorization": f"Bearer {self.lifecycles.token('channel-village')}",
                "Idempotency-Key": f"{run}-{number}",
                "Content-Type": "application/json",
            },
        )
        answer.raise_for_status()

    async def _read_arrivals(self) -> None:
        """Of each phone, when its first message since the start came."""
        url = f"{self.stack.urls['simulators']}/simulator/messages"
        while True:
            query = {"since": self.cursor, "limit": MESSAGES_AT_ONCE}
            page = (await self.http.get(url, params=query)).json()
            for message in page["messages"]:
                at = datetime.fromisoformat(message["at"])
                self.arrived.setdefault(message["recipient"], at)
            self.cursor = page["next"]
            if len(page["messages"]) < MESSAGES_AT_ONCE:
                return

    def _summarize(self, per_s: float) -> FirstNotices:
        waited: dict[str, list[float]] = {way: [] for way in WAYS}
        for each in self.sent:
            passed = self.arrived[each.number] - each.at
            waited[each.way].append(passed / timedelta(milliseconds=1))
        every = [ms for times in waited.values() for ms in times]
        cuts = statistics.quantiles(every, n=100, method="inclusive")
        medians = {way: statistics.median(times) for way, times in waited.items()}
        return FirstNotices(per_s, len(every), cuts[49], cuts[98], medians)


async def measure_first_notices(
    stack: Stack, lifecycles: Lifecycles, per_s: float, seconds: float, first: int, say: Say
) -> FirstNotices:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        bench = FirstNoticeBench(stack, lifecycles, http)
        return await bench.measure(per_s, seconds, first, say)
