"""The public log of a running audit: published by several, served to everybody, never rewritten."""

import asyncio

import pytest

from services.audit.publishing import publish_committed
from services.audit.store import read_head
from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.writer import LogDirectory
from shared import mongo
from tests.audit.decisions import FOUNDATION
from tests.audit.harness import AuditHarness, make_gift
from tests.support.eventually import eventually


async def test_a_publisher_overtaken_while_it_looks_sees_no_fork(
    harness: AuditHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its look at the database and at the files, more is committed and published."""
    await harness.audit.stop()
    first, second = [await harness.start_another(publish_interval_ms=60_000) for _ in "ab"]
    harness.audit = second
    await harness.open_fund()
    loop, head = asyncio.get_running_loop(), await read_head(first.runtime.database, FOUNDATION)
    directory: LogDirectory = first.runtime.resources.open_directory(head.origin)
    look = directory.find_checkpoint

    async def overtake() -> None:
        await harness.open_fund("LATER")
        await publish_committed(second.runtime)

    def overtaken() -> Checkpoint:
        monkeypatch.setattr(directory, "find_checkpoint", look)
        asyncio.run_coroutine_threadsafe(overtake(), loop).result(30)
        return look()

    monkeypatch.setattr(directory, "find_checkpoint", overtaken)
    assert not await publish_committed(first.runtime)
    await harness.open_fund("LAST")
    assert await publish_committed(first.runtime)
    report = await harness.verify(await harness.wait_published(3))
    assert report.entries == 3


async def test_the_log_is_served_to_everybody(harness: AuditHarness) -> None:
    await harness.open_fund()
    summary = await harness.wait_published(1)
    http, path = harness.audit.http, summary["log_path"]
    checkpoint = await http.get(f"{path}/checkpoint")
    tile = await http.get(f"{path}/tile/entries/000.p/1")
    vkey = await http.get(f"{path}/vkey")
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
    assert "immutable" in tile.headers["cache-control"]
    assert "immutable" not in checkpoint.headers["cache-control"]
    assert vkey.text.strip() == summary["vkey"]
    (listed,) = (await http.get("/log")).json()["logs"]
    assert (listed["path"], listed["size"], listed["frozen"]) == (path, 1, False)
    assert tile.headers["access-control-allow-origin"] == "*"
    head = await http.head(f"{path}/tile/entries/000.p/1")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == tile.headers["etag"]


async def test_nothing_but_the_log_is_served(harness: AuditHarness) -> None:
    for path in (
        "/log/2026/tile/..%2F..%2Fsecrets%2Froot.key",
        "/log/..%2Fsecrets/checkpoint",
        "/log/2026/tile/0/%2Fetc%2Fpasswd",
        "/log/2026/tile/99/000",
        "/log/1999/checkpoint",
        "/log/1999/vkey",
    ):
        assert (await harness.audit.http.get(path)).status_code == 404, path


async def test_the_signing_key_is_readable_by_its_owner_alone(harness: AuditHarness) -> None:
    await harness.open_fund()
    await harness.wait_published(1)
    (key,) = harness.stack.secrets_dir.glob("ledger-*.key")
    assert key.stat().st_mode & 0o777 == 0o600


async def test_a_database_that_lost_entries_never_rewrites_the_log(harness: AuditHarness) -> None:
    await harness.open_fund()
    await harness.stack.publish(make_gift(harness.stack, "g-1", 1_000))
    before = await harness.wait_published(2)
    await harness.audit.stop()
    name = harness.audit.runtime.database.name
    await mongo.connect(harness.stack.mongod.mongo_uri, name).client.drop_database(name)
    harness.audit = await harness.start_another()
    after = await eventually(lambda: harness.get("/summary"), lambda s: s["publishing_stopped"])
    assert after["published"] == before["published"]
