"""Puts each fault of a schedule into force on a running stack, and takes it back."""

import asyncio
import resource
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import httpx

from deploy.chaos.proxy import Wire
from deploy.chaos.schedule import Fault, FaultKind, Target
from deploy.local.stack import Stack

SERVICES = ("intake", "matching", "notify", "audit")
KILLED = (*SERVICES, "front", "broker", "mongod")
PAUSE_S = (1.0, 10.0)
CUT_S = (2.0, 12.0)
SLOW_S = (5.0, 15.0)
FULL_S = (5.0, 15.0)
PROVIDERS_S = (10.0, 25.0)
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


def list_targets(wires: Mapping[str, Wire]) -> list[Target]:
    """What can be struck in a stack with these wires."""
    return [
        *(Target(FaultKind.KILL, name) for name in KILLED),
        *(Target(FaultKind.PAUSE, name, *PAUSE_S) for name in KILLED),
        *(Target(FaultKind.CUT, name, *CUT_S) for name in wires),
        *(Target(FaultKind.SLOW, name, *SLOW_S) for name in wires),
        Target(FaultKind.FULL, "audit", *FULL_S),
        Target(FaultKind.PROVIDERS, "simulators", *PROVIDERS_S),
    ]


@dataclass(slots=True)
class Struck:
    """A fault as it was: times on the monotonic clock of the loop."""

    fault: Fault
    began_at: float
    ended_at: float | None = None


class Injector:
    """Use `run` once. struck: the faults so far."""

    def __init__(self, stack: Stack, wires: Mapping[str, Wire], announce: Callable[[str], None]):
        self._stack, self._wires, self._announce = stack, wires, announce
        self.struck: list[Struck] = []

    async def run(self, schedule: tuple[Fault, ...]) -> None:
        """Returns when the last fault is over."""
        began_at = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            for fault in schedule:
                await asyncio.sleep(began_at + fault.at_s - asyncio.get_running_loop().time())
                group.create_task(self._strike(fault))

    async def _strike(self, fault: Fault) -> None:
        clock = asyncio.get_running_loop().time
        struck = Struck(fault, clock())
        self.struck.append(struck)
        self._announce(describe_fault(fault))
        try:
            await self._begin(fault)
            await asyncio.sleep(fault.lasts_s)
        finally:
            await self._end(fault)
            struck.ended_at = clock()

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
            case FaultKind.PROVIDERS:
                await self._set_provider_faults({})

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


LABELS = {
    FaultKind.KILL: "杀死 kill",
    FaultKind.PAUSE: "暂停 pause",
    FaultKind.CUT: "断网 cut",
    FaultKind.SLOW: "慢网 slow",
    FaultKind.FULL: "磁盘满 disk full",
    FaultKind.CLOCK: "时钟跳变 clock jumps",
    FaultKind.PROVIDERS: "运营商出错 providers misbehave",
    FaultKind.DISK: "磁盘丢失 disk lost",
}


def describe_fault(fault: Fault) -> str:
    duration = f" {fault.lasts_s:.1f} s" if fault.lasts_s else ""
    return f"{LABELS[fault.kind]} {fault.target}{duration}"
