"""Puts each fault of a schedule into force on a running stack, and takes it back."""

import asyncio
import resource
import shutil
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from aiokafka.errors import KafkaError

from deploy.chaos.older import count_items
from deploy.chaos.proxy import Wire
from deploy.chaos.schedule import Fault, FaultKind, Target
from deploy.doctor.brokers import read_cluster
from deploy.local.mongod import step_down
from deploy.local.parts import find_broker_data
from deploy.local.runner import PartFailedError
from deploy.local.stack import Stack, name_older
from shared.messaging.connection import BrokerConnection

SERVICES = ("intake", "matching", "notify", "audit")
KILLED = (*SERVICES, "front")
"""And the brokers and mongods."""
PAUSE_S = (1.0, 10.0)
CUT_S = (2.0, 12.0)
SLOW_S = (5.0, 15.0)
FULL_S = (5.0, 15.0)
PROVIDERS_S = (10.0, 25.0)
CLOCK_S = (5.0, 15.0)
DISK_S = (2.0, 8.0)
OLDER_S = (15.0, 30.0)
IN_SYNC_WITHIN_S = 60.0
FORWARD, RIGHT = "3600", "0"
"""Seconds that a clock is ahead."""
SLOW_DELAY_S = 0.15
"""For each piece, either way."""
PROVIDER_FAULTS = {
    "throttle": 10,
    "unavailable": 10,
    "ambiguous": 2,
    "late_answer": 2,
    "expire": 1,
    "fail": 5,
    "drop": 5,
    "delay": 10,
    "duplicate": 20,
    "reorder": 10,
    "early": 10,
}
"""Of a hundred calls."""


def list_targets(
    wires: Collection[str],
    brokers: Sequence[str],
    clocks: Collection[str],
    mongods: Sequence[str] = ("mongod",),
    olders: Sequence[str] = (),
) -> list[Target]:
    """What can be struck in a stack with these wires, brokers, mongods, clocks that can be set and
    instances of an older version."""
    disks = brokers if len(brokers) > 1 else ()
    switched = ("mongods",) if len(mongods) > 1 else ()
    killed = (*KILLED, *brokers, *mongods)
    return [
        *(Target(FaultKind.KILL, name) for name in killed),
        *(Target(FaultKind.PAUSE, name, *PAUSE_S) for name in killed),
        *(Target(FaultKind.DISK, name, *DISK_S) for name in disks),
        *(Target(FaultKind.SWITCH, name) for name in switched),
        *(Target(FaultKind.CLOCK, name, *CLOCK_S) for name in clocks),
        *(Target(FaultKind.CUT, name, *CUT_S) for name in wires),
        *(Target(FaultKind.SLOW, name, *SLOW_S) for name in wires),
        *(Target(FaultKind.OLDER, name, *OLDER_S) for name in olders),
        Target(FaultKind.FULL, "audit", *FULL_S),
        Target(FaultKind.PROVIDERS, "simulators", *PROVIDERS_S),
    ]


@dataclass(slots=True)
class Struck:
    """A fault as it was: times on this machine's monotonic clock."""

    fault: Fault
    began_at: float
    ended_at: float | None = None


class Injector:
    """Use `run` once. struck: the faults so far. clocks: by service, the file that sets it."""

    def __init__(
        self,
        stack: Stack,
        wires: Mapping[str, Wire],
        clocks: Mapping[str, Path],
        announce: Callable[[str], None],
    ) -> None:
        self._stack, self._wires, self._clocks = stack, wires, clocks
        self._announce = announce
        self.struck: list[Struck] = []
        self.worked: Counter[str] = Counter()

    async def run(self, schedule: tuple[Fault, ...]) -> None:
        """Returns when the last fault is over."""
        began_at = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for fault in schedule:
                await asyncio.sleep(began_at + fault.at_s - time.monotonic())
                group.create_task(self._strike(fault))

    async def _strike(self, fault: Fault) -> None:
        struck = Struck(fault, time.monotonic())
        self.struck.append(struck)
        self._announce(describe_fault(fault))
        try:
            await self._begin(fault)
            await asyncio.sleep(fault.lasts_s)
        finally:
            await self._end(fault)
            struck.ended_at = time.monotonic()

    async def _begin(self, fault: Fault) -> None:
        match fault.kind:
            case FaultKind.KILL:
                await self._stack.supervisor.kill(fault.target)
            case FaultKind.PAUSE:
                await self._stack.supervisor.pause(fault.target)
            case FaultKind.CUT:
                self._wires[fault.target].cut()
            case FaultKind.SLOW:
                self._wires[fault.target].delay_s = SLOW_DELAY_S
            case FaultKind.FULL:
                self._limit_files(fault.target, 0)
            case FaultKind.CLOCK:
                self._clocks[fault.target].write_text(FORWARD)
            case FaultKind.DISK:
                await self._lose_disk(fault.target)
            case FaultKind.SWITCH:
                await step_down(self._stack.mongo_uri)
            case FaultKind.OLDER:
                await self._start_older(name_older(fault.target))
            case FaultKind.PROVIDERS:
                await self._set_provider_faults(PROVIDER_FAULTS)

    async def _end(self, fault: Fault) -> None:
        match fault.kind:
            case FaultKind.PAUSE:
                await self._stack.supervisor.resume(fault.target)
            case FaultKind.CUT:
                self._wires[fault.target].mend()
            case FaultKind.SLOW:
                self._wires[fault.target].delay_s = 0.0
            case FaultKind.FULL:
                self._limit_files(fault.target, resource.RLIM_INFINITY)
            case FaultKind.CLOCK:
                self._clocks[fault.target].write_text(RIGHT)
            case FaultKind.DISK:
                await self._stack.supervisor.restart(fault.target)
            case FaultKind.OLDER:
                await self._end_older(name_older(fault.target))
            case FaultKind.PROVIDERS:
                await self._set_provider_faults({})

    async def _lose_disk(self, name: str) -> None:
        """One at a time: three copies survive the loss of one, once all were in sync."""
        connection = BrokerConnection(self._stack.kafka_bootstrap)
        until = time.monotonic() + IN_SYNC_WITHIN_S
        while not await _is_in_sync(connection):
            if time.monotonic() > until:
                self._announce(f"{name} 磁盘保留：副本尚未同步 · its disk stays: copies lag behind")
                return
            await asyncio.sleep(0.5)
        await self._stack.supervisor.take_away(name)
        shutil.rmtree(find_broker_data(self._stack.data_dir, name) / "log")

    async def _start_older(self, part: str) -> None:
        self.worked[part] += 0
        try:
            await self._stack.supervisor.restart(part)
        except PartFailedError as failed:  # of another fault; it is started again like the others
            self._announce(str(failed).partition("\n")[0])

    async def _end_older(self, part: str) -> None:
        token = (self._stack.secrets_dir / "monitor.token").read_text().strip()
        async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
            with suppress(httpx.HTTPError):
                url = f"{self._stack.spare_urls[part]}/metrics"
                answer = await http.get(url, headers={"Authorization": f"Bearer {token}"})
                self.worked[part] += count_items(answer.text)
        await self._stack.supervisor.stop_part(part)

    def _limit_files(self, name: str, bytes_max: int) -> None:
        """No file of the process grows beyond it, its log file included: a full disk. A process
        that was started meanwhile has no limit."""
        pid = self._stack.supervisor.list_pids().get(name)
        if pid is not None:
            with suppress(ProcessLookupError):
                _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (bytes_max, hard))

    async def _set_provider_faults(self, faults: Mapping[str, float]) -> None:
        url = f"{self._stack.urls['simulators']}/simulator/faults"
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            answer = await http.post(url, json={"faults": faults, "seed": 1})
            answer.raise_for_status()


async def _is_in_sync(connection: BrokerConnection) -> bool:
    try:
        state = await read_cluster(connection)
    except (KafkaError, OSError):
        return False
    return all(topic.in_sync == topic.copies for topic in state.topics.values())


LABELS = {
    FaultKind.KILL: "杀死 kill",
    FaultKind.PAUSE: "暂停 pause",
    FaultKind.CUT: "断网 cut",
    FaultKind.SLOW: "慢网 slow",
    FaultKind.FULL: "磁盘满 disk full",
    FaultKind.CLOCK: "时钟跳变 clock jumps",
    FaultKind.PROVIDERS: "运营商出错 providers misbehave",
    FaultKind.DISK: "磁盘丢失 disk lost",
    FaultKind.SWITCH: "换主 primary steps down",
    FaultKind.OLDER: "旧版并行 older version beside",
}


def describe_fault(fault: Fault) -> str:
    duration = f" {fault.lasts_s:.1f} s" if fault.lasts_s else ""
    return f"{LABELS[fault.kind]} {fault.target}{duration}"
