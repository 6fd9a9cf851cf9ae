"""Instances of the ledgerlet as processes that can be killed, paused and started again."""

import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from deploy.local import health, parts
from deploy.local.ports import LOOPBACK, find_free_port
from deploy.local.supervisor import Supervisor
from tests.support.stack_harness import StackHarness


class LedgerletProcesses:
    """`one`, `two` ...: each a process, none restarted by itself."""

    def __init__(self, stack: StackHarness, log_dir: Path, *names: str, **settings: str) -> None:
        log_dir.mkdir(exist_ok=True, parents=True)
        self.logs = {name: log_dir / f"{name}.log" for name in names}
        self.supervisor = Supervisor(
            [[_part(stack, name, self.logs[name], settings)] for name in names], announce=print
        )

    async def __aenter__(self) -> Supervisor:
        await self.supervisor.start()
        return self.supervisor

    async def __aexit__(self, *_: object) -> None:
        await self.supervisor.stop()


def _part(stack: StackHarness, name: str, log: Path, settings: dict[str, str]) -> parts.Part:
    port = find_free_port()
    shared = stack.settings(instance_id=f"ledgerlet-{name}")
    env = {
        f"GUANJIA_{key.upper()}": str(value)
        for key, value in shared.model_dump(mode="json", exclude_none=True).items()
    }
    env |= {"GUANJIA_PORT": str(port), "PYTHONPATH": str(Path.cwd())} | settings
    part = parts.build_service(name, port, os.environ | env, log)
    return replace(
        part,
        command=(sys.executable, "-m", "tests.support.ledgerlet_main"),
        is_healthy=partial(health.is_ready, LOOPBACK, port),
    )
