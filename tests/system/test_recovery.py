"""The runbook of a restore, run as it stands: what is lost comes back, and everything ends once."""

import asyncio
import os
import re
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyrage  # type: ignore[import-untyped]
import pytest
from pymongo import MongoClient

from deploy.chaos.lifecycles import Lifecycle, Lifecycles
from deploy.chaos.wishes import make_phone
from deploy.commands.key_backup import TOKENS
from deploy.local.credentials import lock_register, write_token
from deploy.local.stack import Stack, StackOptions
from shared.security import Credential, Role, issue
from tests.support.eventually import eventually
from tests.system.test_system import ended, everything_agrees, progressed, running

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbooks" / "restore.md"
DAILY, FRESH, ALONE = "Backups, every day", "On a fresh machine", "One database alone"
BEFORE, DURING, ALL = 16, 24, 32
"""Wishes: ended when the backup is made, ended or on their way then, and all there ever are."""
NAME = "端木测"


def list_commands(heading: str) -> list[str]:
    """`guanjia` lines of the runbook's blocks under that heading, without their comments."""
    _, _, rest = RUNBOOK.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    section = rest.partition("\n## ")[0]
    return re.findall(r"^ *(guanjia .*?)(?: +#.*)?$", section, re.MULTILINE)


def test_the_runbook_has_the_commands_of_the_drill() -> None:
    words = [command.split()[1:3] for command in (*list_commands(DAILY), *list_commands(FRESH))]
    assert [word[0] for word in words] == ["backup", "keys", "keys", "restore"]
    (alone,) = list_commands(ALONE)
    assert alone.endswith('--only "$SERVICE"')


@dataclass(frozen=True, slots=True)
class Operator:
    """At a shell, with what the runbook says that he has."""

    path: Path

    async def run(self, command: str, data_dir: Path, **more: str) -> str:
        """What it printed; fails where it failed."""
        shell = await asyncio.create_subprocess_exec(
            "bash",
            "-ec",
            command,
            env=self._environment() | {"GUANJIA_DATA_DIR": str(data_dir), **more},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await shell.communicate()
        assert shell.returncode == 0, f"{command}: {output.decode()}"
        return output.decode()

    def _environment(self) -> dict[str, str]:
        identity = self.path / "age.key"
        if not identity.exists():
            identity.write_text(str(pyrage.x25519.Identity.generate()))
        key = pyrage.x25519.Identity.from_str(identity.read_text())
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.path),
            "BACKUP": str(self.path / "backup"),
            "KEYS": str(self.path / "keys.age"),
            "RECIPIENT": str(key.to_public()),
            "IDENTITY": str(identity),
        }


async def record_person(http: httpx.AsyncClient, stack: Stack, lifecycles: Lifecycles) -> str:
    """Somebody with no request; his id."""
    party = {"name": NAME, "phone": make_phone("erased", 1)}
    answer = await post(http, stack, "/parties", lifecycles.token("collector"), party)
    return str(answer["person_id"])


async def erase_person(
    http: httpx.AsyncClient, stack: Stack, lifecycles: Lifecycles, person_id: str
) -> None:
    """By two people."""
    second = Credential(id="operator-2", secret_sha256="", roles=frozenset({Role.OPERATOR}))
    with lock_register(stack.secrets_dir) as register:
        token = issue(register, second)
    write_token(stack.secrets_dir, second.id, token)
    await eventually(
        lambda: try_post(http, stack, f"/persons/{person_id}/erasure", token), lambda ok: ok
    )
    await post(http, stack, f"/persons/{person_id}/erase", lifecycles.token("operator"), {})


async def try_post(http: httpx.AsyncClient, stack: Stack, path: str, token: str) -> bool:
    """False until the service has read the new credential."""
    answer = await http.post(stack.urls["intake"] + path, json={}, headers=bring(path, token))
    return answer.is_success


async def post(
    http: httpx.AsyncClient, stack: Stack, path: str, token: str, body: dict[str, Any]
) -> dict[str, Any]:
    answer = await http.post(stack.urls["intake"] + path, json=body, headers=bring(path, token))
    assert answer.is_success, f"{path}: {answer.text}"
    return dict(answer.json())


def bring(path: str, token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": path}


def count_keys(mongo_uri: str, person_id: str) -> int:
    """Of the vault: whoever has none is erased."""
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        person = client["guanjia_intake"]["persons"].find_one({"_id": person_id})
    assert person is not None
    return len(person["keys"])


def count_bank_questions(mongo_uri: str) -> int:
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        return client["guanjia_audit"]["bank_questions"].count_documents({"is_open": True})


def hand_over_tokens(old: Path, new: Path) -> None:
    """Each person still has his own; those of machines come by the backup of the keys."""
    for file in (old / "secrets").glob("*.token"):
        if file.name not in TOKENS:
            shutil.copy2(file, new / "secrets" / file.name)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_all_is_lost_and_the_runbook_brings_it_back(tmp_path: Path) -> None:
    old, new, operator = tmp_path / "old", tmp_path / "new", Operator(tmp_path)
    back_up_all, back_up_keys = list_commands(DAILY)
    async with running(old) as (stack, before), httpx.AsyncClient(timeout=30) as http:
        await before.give(ALL)
        await before.submit(range(BEFORE))
        person_id = await record_person(http, stack, before)
        await ended(before, BEFORE, 150)
        settled, before.pays = before.list_paid(), False
        await before.submit(range(BEFORE, DURING))
        await progressed(before, "guanjia.match.proposed.v1", BEFORE + 1)
        await operator.run(back_up_all, old)
        before.pays = True
        await before.submit(range(DURING, ALL))
        await erase_person(http, stack, before, person_id)
        await operator.run(back_up_keys, old)
        await ended(before, ALL, 150)
    keys_back, all_back = list_commands(FRESH)
    await operator.run(keys_back, new)
    hand_over_tokens(old, new)
    shutil.rmtree(old)
    backing = Stack(StackOptions(data_dir=new, services=()), announce=print)
    await backing.start()
    said = await operator.run(all_back, new)
    assert count_keys(backing.mongo_uri, person_id) == 1, "the backup is older than his erasure"
    await backing.stop()
    assert "1 人启动时先重新删除" in said
    assert "消息系统是新的" in said

    known = {request_id: Lifecycle(time.monotonic()) for request_id in before.started}
    given: dict[str, Any] = {"sent": before.sent, "settled": settled, "started": known}
    given["requested"] = before.requested
    async with running(new, **given) as (stack, after):
        assert count_keys(stack.mongo_uri, person_id) == 0, "erased before anything was served"
        after.giving = before.giving
        await after.resend()
        await ended(after, ALL, 200)
        await everything_agrees(stack, after, ALL)
        questions = count_bank_questions(stack.mongo_uri)
    assert questions == ALL - BEFORE, "what the bank paid by orders of after the backup is asked"


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_one_database_is_lost_and_nobody_decides_anew(tmp_path: Path) -> None:
    operator, data_dir = Operator(tmp_path), tmp_path / "data"
    (alone,) = list_commands(ALONE)
    async with running(data_dir) as (stack, lifecycles):
        await lifecycles.give(ALL)
        await lifecycles.submit(range(BEFORE))
        await operator.run(list_commands(DAILY)[0], data_dir)
        await lifecycles.submit(range(BEFORE, ALL))
        for service in ("matching", "audit"):
            await stack.supervisor.stop_part(service)
            with MongoClient[dict[str, Any]](stack.mongo_uri) as client:
                client.drop_database(f"guanjia_{service}")
            await operator.run(alone, data_dir, SERVICE=service)
            await stack.supervisor.restart(service)
        await ended(lifecycles, ALL, 200)
        await everything_agrees(stack, lifecycles, ALL)
