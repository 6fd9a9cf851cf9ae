"""Matchings as processes that can be killed and started again, on one database and broker."""

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy.local import parts
from deploy.local.ports import LOOPBACK, find_free_port
from deploy.local.supervisor import Supervisor
from services.matching.settings import MatchingSettings
from tests.matching.stub_service import serve_answers
from tests.support.stack_harness import StackHarness


@dataclass
class Matchings:
    """`one`, `two` ...: each a process, none restarted by itself. exits: an intake beside them."""

    supervisor: Supervisor
    urls: dict[str, str]
    exits: ExitStack

    async def __aenter__(self) -> "Matchings":
        await self.supervisor.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.supervisor.stop()
        self.exits.close()


def matchings(stack: StackHarness, folder: Path, *names: str, **given: Any) -> Matchings:
    exits = ExitStack()
    given = {"intake_url": exits.enter_context(serve_answers(_answer_as_intake)), **given}
    token = stack.secrets_dir / "service.token"
    if not token.exists():
        token.write_text("of-matching", encoding="utf-8")
    ports = {name: find_free_port() for name in names}
    stage = [
        _part(stack, name, port, folder / f"{name}.log", given) for name, port in ports.items()
    ]
    urls = {name: f"http://{LOOPBACK}:{port}" for name, port in ports.items()}
    return Matchings(Supervisor([stage], announce=print), urls, exits)


def _answer_as_intake(path: str, asked: Any) -> dict[str, Any]:
    """Nobody who confirms met anybody; other questions have no rows."""
    resource = path.rpartition("/")[2]
    ids = asked["person_ids"] if resource == "vouched" else ()
    return {resource: [{"person_id": id_, "vouched": False} for id_ in ids]}


def _part(
    stack: StackHarness, name: str, port: int, log: Path, given: dict[str, Any]
) -> parts.Part:
    settings = stack.settings(MatchingSettings, instance_id=f"matching-{name}", port=port, **given)
    env = settings.model_dump(mode="json", include=settings.model_fields_set)
    told = {f"GUANJIA_{key.upper()}": str(value) for key, value in env.items()}
    return replace(parts.build_service("matching", port, os.environ | told, log), name=name)
