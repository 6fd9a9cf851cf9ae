"""Which calls of this process have begun: durable before each of them begins. docs/decisions/0490.

A claim for which there is a place is the record that its call begins. One that is made ahead of a
place says in which register that is noted. Notes are one small write for all calls that begin at
about the same time, outside of the transactions; they are made while the calls before still run.
"""

import asyncio
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from services.notify import store
from shared import mongo

GATHER_S = 0.003
LIFE = timedelta(days=30)


class Registrar:
    """id: of the register in which calls are noted now; empty where there is none."""

    def __init__(self, database: mongo.Database) -> None:
        self._database = database
        self.id = ""
        self._version = 0
        self._calling: set[str] = set()
        self._wanted: dict[str, asyncio.Future[bool]] = {}
        self._writing: asyncio.Task[None] | None = None

    async def open(self, now: datetime) -> None:
        """A new register, where the one before was closed or there is none."""
        if not self.id:
            id_ = uuid.uuid4().hex
            await store.open_register(self._database, id_, now + LIFE)
            self.id, self._version, self._calling = id_, 1, set()

    async def begin(self, register_id: str, call: str) -> bool:
        """Whether the call may begin: it is noted. Not where its register is closed, or nobody
        knows what is written there."""
        if register_id != self.id:
            return False
        noted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._wanted[call] = noted
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_wanted())
        return await noted

    def end(self, call: str) -> None:
        """What became of it is durable."""
        self._calling.discard(call)

    async def _write_wanted(self) -> None:
        try:
            while self._wanted:
                await asyncio.sleep(GATHER_S)
                wanted, self._wanted = self._wanted, {}
                _release(wanted, await self._note(set(wanted)))
        finally:
            self._writing = None

    async def _note(self, calls: set[str]) -> bool:
        """Whoever finds that a claim has expired raises the version: what he took for a call that
        never began can begin no more."""
        calling = self._calling | calls
        try:
            is_noted = await store.note_calls(self._database, self.id, self._version, calling)
        except mongo.PyMongoError:
            is_noted = False
        if not is_noted:
            self._close()
            return False
        self._version += 1
        self._calling |= calls
        return True

    def _close(self) -> None:
        """What waits here was claimed in this register: a note in another would not be found."""
        self.id = ""
        wanted, self._wanted = self._wanted, {}
        _release(wanted, False)


def _release(wanted: Mapping[str, asyncio.Future[bool]], are_noted: bool) -> None:
    for noted in wanted.values():
        if not noted.done():
            noted.set_result(are_noted)
