"""docs/partners.md is copied and run: its client, its signature, its kcat."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from deploy.chaos.wishes import make_wish
from deploy.kafka import jars
from deploy.local.parts import build_brokers
from deploy.local.ports import LOOPBACK, find_free_port
from deploy.local.supervisor import Supervisor
from shared.contracts import topics
from shared.messaging.cluster import create_topics
from shared.messaging.connection import BrokerConnection
from shared.security import SIGNATURE_HEADER, Role, sign_record
from tests.support.eventually import eventually
from tests.support.services import start
from tests.support.serving import serve_app
from tests.support.stack_harness import StackHarness

PAGE = Path(__file__).parents[2] / "docs" / "partners.md"
SOURCE = "/channels/village"
KEY = bytes(range(32))


def read_block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found.group(1)


async def run(*command: str, env: dict[str, str], stdin: str = "", cwd: Path | None = None) -> str:
    def work() -> str:
        done = subprocess.run(
            command,
            env=os.environ | env,
            input=stdin,
            cwd=cwd,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    return await asyncio.to_thread(work)


async def test_the_client_of_the_page_sends_records_and_reads_what_became_of_them(
    stack: StackHarness, tmp_path: Path
) -> None:
    token = stack.bearer("village", Role.CHANNEL, source=SOURCE)["Authorization"].split()[1]
    intake = await start(stack, "intake")
    key = stack.keyring.find_publisher_key(SOURCE)
    assert key is not None
    env = {
        "SOURCE": SOURCE,
        "PUBLISHER_KEY": key.hex(),
        "KAFKA": stack.broker.kafka_bootstrap,
        "TOKEN": token,
    }
    client = tmp_path / "client.py"
    client.write_text(read_block("python"), encoding="utf-8")
    lines = [line for line in read_block("python").splitlines() if line]
    assert len(lines) <= 30, "a client of 30 lines"
    async with serve_app(intake.app) as server:
        env["INTAKE"] = server.url
        data = make_wish("partner", 1).model_dump(mode="json", exclude_none=True)
        rows = [{"id": "1", "data": data}, {"id": "2", "data": data | {"kind": "hope"}}]
        await run(sys.executable, str(client), "send", env=env, stdin=json.dumps([*rows, rows[0]]))

        async def read() -> list[dict[str, Any]]:
            answer = await run(sys.executable, str(client), "feedback", env=env)
            return list(json.loads(answer)["feedback"])

        answers = await eventually(read, lambda found: len(found) >= 3)
        assert [row["outcome"] for row in answers] == ["accepted", "refused", "repeated"]
        assert answers[0]["reference"] == answers[2]["reference"]
        assert answers[1]["problems"][0]["field"] == "data.kind"


async def test_openssl_signs_as_the_page_says(tmp_path: Path) -> None:
    value = '{"id": "1"}\n'
    (tmp_path / "event.json").write_text(value)
    script = read_block("sh").partition("kcat ")[0]
    printed = await run("sh", "-ec", script, env={"PUBLISHER_KEY": KEY.hex()}, cwd=tmp_path)
    signature = sign_record(KEY, topics.REQUESTS_INBOUND, value.encode())
    assert printed.strip().encode() == signature


@pytest.mark.kafka
@pytest.mark.timeout(300)
@pytest.mark.skipif(jars.explain_missing() is not None, reason=jars.explain_missing() or "")
async def test_kcat_publishes_as_the_page_says(tmp_path: Path) -> None:
    port = find_free_port()
    (part,) = build_brokers(tmp_path, {"broker": port}, tmp_path)
    supervisor = Supervisor([[part]], announce=print)
    await supervisor.start()
    bootstrap = f"{LOOPBACK}:{port}"
    await create_topics(BrokerConnection(bootstrap))
    (tmp_path / "event.json").write_text('{"id": "1"}\n')
    env = {"PUBLISHER_KEY": KEY.hex(), "SOURCE": SOURCE, "KAFKA": bootstrap}
    printed = await run("sh", "-ec", read_block("sh"), env=env, cwd=tmp_path)
    topic = topics.REQUESTS_INBOUND
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    async with consumer:
        record = await consumer.getone()
    assert (record.key, record.value) == (SOURCE.encode(), b'{"id": "1"}\n')
    assert dict(record.headers) == {SIGNATURE_HEADER: printed.strip().encode()}
    await supervisor.stop()
