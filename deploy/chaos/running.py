"""A chaos run: a stack, its load, the faults of the schedule, and in the end the comparison."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from aiokafka.errors import KafkaError

from deploy.chaos import clocked
from deploy.chaos.checks import Seen, Sent, list_chaos_checks
from deploy.chaos.clocked import FILE_VARIABLE
from deploy.chaos.faults import RIGHT, SERVICES, Injector, Struck, list_targets
from deploy.chaos.giving import FUND
from deploy.chaos.lifecycles import Lifecycle, Lifecycles
from deploy.chaos.proxy import Wire
from deploy.chaos.schedule import FaultKind, draw_schedule
from deploy.chaos.steadiness import Samples, make_samples, sample_memory
from deploy.chaos.wishes import WISH_FEN
from deploy.demo.checks import Check, Expected, list_checks
from deploy.demo.clients import Clients, RefusedError, open_clients
from deploy.demo.figures import count_types, read_events, read_figures, read_health, replay_log
from deploy.local.ports import find_free_port
from deploy.local.stack import AT_ONCE, BrokerKind, Stack, StackOptions
from deploy.local.stack_file import BROKERS, MONGODS

SETTINGS = {
    # A part that dies is soon missed.
    "GUANJIA_SESSION_TIMEOUT_MS": "6000",
    "GUANJIA_PROVIDER_TIMEOUT_S": "5",
    # A send that was cut short is unclear after this.
    "GUANJIA_CLAIM_S": "30",
    # Few channels bring more than real ones may open by themselves in a day.
    "GUANJIA_CHANNEL_OPENINGS_MAX": str(10**9),
    "GUANJIA_CHANNEL_OPENING_LIMIT_FEN": str(10**15),
    **AT_ONCE,
}
COMMITTED = "guanjia.match.committed.v1"
FINISHED_WITHIN_S = 240.0
AGREE_WITHIN_S = 60.0
READY_WITHIN_S = 5.0
LOOK_EVERY_S = 0.5
PAGE = 500

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ChaosOptions:
    """brokers: 1, or 3 of Apache Kafka's. mongods: 1 or 3. per_s: wishes a second. kinds: which
    faults there are. older: the tree of an older version, which comes and leaves as one of them."""

    data_dir: Path
    seconds: float
    seed: int
    broker: BrokerKind
    brokers: int
    per_s: float
    mongods: int = 1
    kinds: Collection[FaultKind] = tuple(FaultKind)
    older: Path | None = None

    @property
    def wishes(self) -> int:
        return max(1, int(self.seconds * self.per_s))


@dataclass(frozen=True, slots=True)
class Outcome:
    """recovered_s: of each fault, from its end until a wish sent after it was promised its money;
    None where none was. promised_s: how long each wish took so far, in the order in which they
    were sent. memory: resident bytes of each part, in the order of time. worked: by instance of an
    older version, records and commands."""

    struck: list[Struck]
    recovered_s: list[float | None]
    promised_s: list[float]
    memory: Samples
    worked: Mapping[str, int]
    finished: int
    checks: list[Check]

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)


async def run_chaos(options: ChaosOptions, announce: Announce) -> Outcome:
    clocks = make_clocks(options.data_dir)
    async with open_stack(options, clocks, announce) as (stack, wires):
        targets = list_targets(
            wires,
            stack.options.broker_names,
            clocks,
            stack.options.mongod_names,
            SERVICES if options.older else (),
        )
        wanted = [target for target in targets if target.kind in options.kinds]
        schedule = draw_schedule(options.seed, options.seconds, wanted)
        memory = make_samples()
        sampling = asyncio.create_task(sample_memory(stack.supervisor.list_pids, memory))
        injector = Injector(stack, wires, clocks, announce)
        async with Lifecycles(stack, run=f"chaos-{options.seed}", announce=_ignore) as load:
            await load.give(options.wishes)
            async with asyncio.TaskGroup() as group:
                group.create_task(injector.run(schedule))
                await submit_evenly(load, options)
            sampling.cancel()
            announce("故障已停止 the faults are over")
            await wait_finished(load, options.wishes)
            checks = [*await compare(stack, load), *check_older(injector)]
            lifecycles = list(load.started.values())
            return Outcome(
                struck=injector.struck,
                recovered_s=[measure_recovery(each, lifecycles) for each in injector.struck],
                promised_s=list_promised_s(lifecycles),
                memory=memory,
                worked=injector.worked,
                finished=len(load.list_finished()),
                checks=checks,
            )


def _ignore(_line: str) -> None:
    """The load's own tries are no news."""


def make_clocks(data_dir: Path) -> dict[str, Path]:
    """By service the file that sets its clock."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    clocks = {name: data_dir / f"{name}.clock" for name in SERVICES}
    for file in clocks.values():
        file.write_text(RIGHT)
    return clocks


@asynccontextmanager
async def open_stack(
    options: ChaosOptions, clocks: Mapping[str, Path], announce: Announce
) -> AsyncIterator[tuple[Stack, Mapping[str, Wire]]]:
    """There is a wire before each broker and each service's HTTP, and one between each service and
    the one mongod; of three, which know each other by theirs, one before each."""
    brokers, mongods = BROKERS[: options.brokers], MONGODS[: options.mongods]
    backing = (*brokers, *mongods)
    ports = {name: find_free_port() for name in (*backing, *SERVICES)}
    wires = {f"{name}-http": Wire(ports[name]) for name in SERVICES}
    wires |= {name: Wire(ports[name]) for name in (brokers if len(mongods) == 1 else backing)}
    if len(mongods) == 1:
        wires |= {f"{name}-mongod": Wire(ports["mongod"]) for name in SERVICES}
    async with AsyncExitStack() as leave:
        for wire in wires.values():
            await leave.enter_async_context(wire)
        stack = Stack(
            StackOptions(
                data_dir=options.data_dir,
                broker=options.broker,
                brokers=options.brokers,
                mongods=options.mongods,
                ports=ports,
                proxy_ports={name: wires[name].port for name in backing if name in wires},
                mongo_proxy_ports=_find_ports(wires, "-mongod"),
                http_proxy_ports=_find_ports(wires, "-http"),
                service_module=clocked.__name__,
                service_env={name: {FILE_VARIABLE: str(file)} for name, file in clocks.items()},
                settings_env=SETTINGS,
                older=options.older,
            ),
            announce,
        )
        await stack.start()
        watching = asyncio.create_task(stack.watch())
        try:
            yield stack, wires
        finally:
            await stack.stop()
            await watching


def _find_ports(wires: Mapping[str, Wire], ending: str) -> dict[str, int]:
    """By service."""
    return {
        name.removesuffix(ending): wire.port
        for name, wire in wires.items()
        if name.endswith(ending)
    }


def check_older(injector: Injector) -> list[Check]:
    """One that only stood beside shows nothing."""
    if not injector.worked:
        return []
    idle = sorted(name for name, items in injector.worked.items() if not items)
    return [Check("旧版本都处理过 every older version worked; idle", [], idle)]


async def submit_evenly(load: Lifecycles, options: ChaosOptions) -> None:
    """Each wish at its moment, by its channel, whether those before were acknowledged or not."""
    began_at = time.monotonic()
    channels = (load.submit_by_topic, load.submit_by_http, load.submit_by_sms)
    async with asyncio.TaskGroup() as group:
        for number in range(options.wishes):
            await asyncio.sleep(began_at + number / options.per_s - time.monotonic())
            submit = channels[number % len(channels)]
            # Every wish of another amount: none can be taken for another.
            group.create_task(submit(number, WISH_FEN - number % (WISH_FEN // 2)))


async def wait_finished(load: Lifecycles, wishes: int) -> None:
    """Until each was paid and its donor told, or for as long as that may take."""
    with suppress(TimeoutError):
        async with asyncio.timeout(FINISHED_WITHIN_S):
            while len(load.list_finished()) < wishes:  # noqa: ASYNC110 - other processes'
                await asyncio.sleep(LOOK_EVERY_S)


# --- the comparison -------------------------------------------------------------------------------


async def compare(stack: Stack, load: Lifecycles) -> list[Check]:
    """What was published a moment ago may be under way, and a service may still be away: again
    until all agrees, for a while."""
    until = time.monotonic() + AGREE_WITHIN_S
    async with open_clients(stack.urls, stack.secrets_dir) as clients:
        while True:
            checks = await try_to_compare(stack, clients, load)
            if all(check.holds for check in checks) or time.monotonic() > until:
                return checks
            await asyncio.sleep(LOOK_EVERY_S)


async def try_to_compare(stack: Stack, clients: Clients, load: Lifecycles) -> list[Check]:
    """Where a part is away, a check that does not hold and says which."""
    try:
        return await list_all_checks(stack, clients, load)
    except (RefusedError, httpx.TransportError, KafkaError, OSError) as error:
        reason = f"{type(error).__name__} {error}"
        away = await list_away({name: stack.urls[name] for name in SERVICES})
        return [Check("核对不成，不在的服务 nothing compared; away", [], [*away, reason])]


async def list_away(urls: Mapping[str, str]) -> list[str]:
    """urls: by service. Those that are not ready, each with what it answers."""
    away = []
    async with httpx.AsyncClient(timeout=READY_WITHIN_S, trust_env=False) as http:
        for name, url in urls.items():
            try:
                answer = await http.get(f"{url}/health/ready")
            except httpx.HTTPError as error:
                away.append(f"{name}: {type(error).__name__}")
            else:
                if not answer.is_success:
                    away.append(f"{name}: {answer.status_code} {answer.text[:200]}")
    return away


async def list_all_checks(stack: Stack, clients: Clients, load: Lifecycles) -> list[Check]:
    figures, health = await read_figures(clients), await read_health(clients)
    events = await read_events(stack.kafka_bootstrap)
    audit = figures.audit
    log = await asyncio.to_thread(replay_log, audit["log_dir"], audit["vkey"])
    sent = Sent(load.requested, load.giving.gifts, load.giving.offers)
    seen = Seen(events, await read_states(clients), log.funds.get(FUND, {}))
    wishes = load.wishes
    expected = Expected(sum(sent.gifts.values()), requests=wishes, closed=wishes)
    return [
        Check("诉求均已受理 wishes acknowledged", wishes, len(sent.requests)),
        Check("记录均有回执 records answered", [], sorted(load.outside.unanswered)),
        *list_chaos_checks(sent, seen),
        *list_checks(expected, figures, health, count_types(events), log),
    ]


async def read_states(clients: Clients) -> dict[str, str]:
    """Of every request, as intake says."""
    client, after = clients.open("intake", "approver-city"), ""
    states: dict[str, str] = {}
    while after is not None:
        page = await client.get("/requests", after=after, limit=PAGE)
        states.update({row["request_id"]: row["state"] for row in page["requests"]})
        after = page["next"]
    return states


def measure_recovery(struck: Struck, lifecycles: Iterable[Lifecycle]) -> float | None:
    ended_at = struck.ended_at
    if ended_at is None:
        return None
    moments = [
        each.steps[COMMITTED]
        for each in lifecycles
        if each.sent_at >= ended_at and COMMITTED in each.steps
    ]
    return min(moments) - ended_at if moments else None


def list_promised_s(lifecycles: Iterable[Lifecycle]) -> list[float]:
    """How long each wish took until it was promised its money, in the order of sending."""
    promised = (each for each in lifecycles if COMMITTED in each.steps)
    return [
        each.steps[COMMITTED] - each.sent_at
        for each in sorted(promised, key=lambda each: each.sent_at)
    ]
