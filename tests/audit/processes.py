"""Audits as processes that can be killed, paused and started again, on one database and log."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy.local import parts
from deploy.local.ports import find_free_port
from deploy.local.supervisor import Supervisor
from services.audit.settings import AuditSettings
from tests.support.stack_harness import StackHarness


@dataclass
class Audits:
    """`one`, `two` ...: each a process, none restarted by itself."""

    supervisor: Supervisor
    urls: dict[str, str]
    logs: dict[str, Path]

    async def __aenter__(self) -> "Audits":
        await self.supervisor.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.supervisor.stop()


def audits(stack: StackHarness, folder: Path, *names: str, **given: Any) -> Audits:
    logs = {name: folder / f"{name}.log" for name in names}
    stage = [_part(stack, name, logs[name], given) for name in names]
    urls = {part.name: part.address for part in stage}
    return Audits(Supervisor([stage], announce=print), urls, logs)


def _part(stack: StackHarness, name: str, log: Path, given: dict[str, Any]) -> parts.Part:
    port = find_free_port()
    settings = stack.settings(
        AuditSettings,
        log_origin="guanjia.test/log",
        instance_id=f"audit-{name}",
        port=port,
        **given,
    )
    env = settings.model_dump(mode="json", include=settings.model_fields_set)
    told = {f"GUANJIA_{key.upper()}": str(value) for key, value in env.items()}
    return replace(parts.build_service("audit", port, os.environ | told, log), name=name)
