"""Intake and audit as processes on a broker and database of their own, and the command line."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.stack import Stack, StackOptions
from services.intake.model import Person
from shared import mongo
from shared.client import ServiceClient

WITHIN_S = 600


@dataclass(frozen=True, slots=True)
class CommandOutput:
    status: int
    text: str


@dataclass(frozen=True, slots=True)
class StatementStack:
    data_dir: Path
    mongo_uri: str

    async def guanjia(self, *words: str | Path) -> CommandOutput:
        ours = {k: v for k, v in os.environ.items() if not k.startswith("GUANJIA_")}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "deploy.cli",
            *map(str, words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=ours | {"GUANJIA_DATA_DIR": str(self.data_dir)},
        )
        text, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
        assert process.returncode is not None
        return CommandOutput(process.returncode, text.decode())

    async def get(self, path: str) -> Any:
        client = ServiceClient("audit", "auditor", self.data_dir)
        return await asyncio.to_thread(client.get, path)

    async def people(self) -> int:
        """How many intake's vault knows."""
        intake = mongo.connect(self.mongo_uri, "guanjia_intake")
        return await intake[Person.COLLECTION].count_documents({})

    async def open_fund(self, id_: str) -> None:
        for who, path, body in (
            ("maker", "/funds", {"fund_id": id_, "name": "疫情防控", "restricted": False}),
            ("checker", f"/funds/{id_}/approve", None),
        ):
            client = ServiceClient("audit", f"finance-{who}", self.data_dir)
            await asyncio.to_thread(client.post, path, body)


@asynccontextmanager
async def start_statement_stack(data_dir: Path, fund: str) -> AsyncIterator[StatementStack]:
    stack = Stack(StackOptions(data_dir=data_dir, services=("intake", "audit")), announce=print)
    await stack.start()
    try:
        books = StatementStack(data_dir, stack.mongo_uri)
        await books.open_fund(fund)
        yield books
    finally:
        await stack.stop()
