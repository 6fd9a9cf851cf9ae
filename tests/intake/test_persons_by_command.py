"""`guanjia persons`: found, corrected, merged, handed over and erased without any page."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from typer.testing import CliRunner

from services.intake import people_cli, store
from services.intake.model import Person
from shared.security import Role
from tests.intake.desk import submit_large
from tests.intake.harness import Visitor
from tests.support.serving import serve_app

Run = Callable[..., Awaitable[str]]
FAR = "441900122"


@pytest.fixture
async def run(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Run]:
    """One command, against the running service; what it printed."""
    city = visitor.harness.stack.bearer("cli-city", Role.APPROVER_CITY)

    async def run_command(*words: str, who: dict[str, str] = city, exit_code: int = 0) -> str:
        monkeypatch.setenv("GUANJIA_TOKEN", who["Authorization"].removeprefix("Bearer "))
        done = await asyncio.to_thread(
            CliRunner().invoke, people_cli.app, list(words), env={"COLUMNS": "200"}
        )
        assert done.exit_code == exit_code, done.output
        return done.output

    async with serve_app(visitor.harness.running.app) as server:
        monkeypatch.setenv("GUANJIA_INTAKE_URL", server.url)
        yield run_command


async def test_one_person_is_found_corrected_handed_over_and_erased_by_command(
    visitor: Visitor, run: Run
) -> None:
    """Who proposed an erasure does not approve it."""
    named = {"name": "宇文甲", "phone": visitor.phone}
    request_id = await submit_large(visitor, key="cli", applicant=named)
    person_id = (await visitor.request(request_id)).person_id
    second = visitor.harness.stack.bearer("cli-second", Role.OPERATOR)
    found = await run("find", "--phone", visitor.phone[3:])
    assert person_id in found
    assert "宇文甲" in found
    assert "没有找到" in await run("find", "--name", "宇文无", exit_code=1)
    await run("correct", person_id, "--name", "宇文乙", "--reason", "看过身份证")
    assert json.loads(await run("show", person_id))["name"] == "宇文乙"
    export = json.loads(await run("export", person_id))
    assert export["texts"][request_id] == "家里漏雨"
    await run("propose-erasure", person_id)
    assert person_id in await run("erasures", who=second)
    await run("erase", person_id, "--yes", exit_code=1)
    await run("erase", person_id, "--yes", who=second)
    assert "没有找到" in await run("find", "--phone", visitor.phone[3:], exit_code=1)


async def test_two_records_are_merged_and_come_apart_as_they_were_by_command(
    visitor: Visitor, run: Run
) -> None:
    """Nobody of another town, and no auditor, says who is who."""
    stack = visitor.harness.stack
    ids = []
    for key, name in (("one", "欧阳甲"), ("other", "欧阳乙")):
        named = {"name": name, "phone": visitor.phone}
        request_id = await submit_large(visitor, key=key, applicant=named)
        ids.append((await visitor.request(request_id)).person_id)
    first, second = ids
    before = await load_persons(visitor, ids)
    assert first != second
    for who in (visitor.harness.auditor, stack.bearer("cli-far", Role.APPROVER_TOWN, area=FAR)):
        await run("merge", first, second, who=who, exit_code=1)
        assert await load_persons(visitor, ids) == before
    assert f"已合并 merged: {first} {second}" in await run("merge", first, second)
    assert [each.joined for each in await load_persons(visitor, ids)] == [(second,), (first,)]
    assert f"已分开 unmerged: {second}" in await run("unmerge", second)
    after = await load_persons(visitor, ids)
    assert [each.joined for each in after] == [(), ()]
    assert [each.foremost for each in after] == [each.foremost for each in before]
    await run("merge", first, "P-nobody", exit_code=1)


async def load_persons(visitor: Visitor, ids: list[str]) -> list[Person]:
    persons = await store.load_persons(visitor.runtime.database, ids)
    return [persons[id_] for id_ in ids]
