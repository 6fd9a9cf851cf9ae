"""`guanjia persons`: one person found, corrected, handed over and erased without any page."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from services.intake import people_cli
from shared.security import Role
from tests.intake.desk import submit_large
from tests.intake.harness import Visitor
from tests.support.serving import serve_app


async def test_one_person_is_found_corrected_handed_over_and_erased_by_command(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who proposed an erasure does not approve it."""
    named = {"name": "宇文甲", "phone": visitor.phone}
    request_id = await submit_large(visitor, key="cli", applicant=named)
    person_id = (await visitor.request(request_id)).person_id
    stack = visitor.harness.stack
    city = stack.bearer("cli-city", Role.APPROVER_CITY)
    second = stack.bearer("cli-second", Role.OPERATOR)

    async def run(*words: str, who: dict[str, str] = city, exit_code: int = 0) -> str:
        monkeypatch.setenv("GUANJIA_TOKEN", who["Authorization"].removeprefix("Bearer "))
        done = await asyncio.to_thread(
            CliRunner().invoke, people_cli.app, list(words), env={"COLUMNS": "200"}
        )
        assert done.exit_code == exit_code, done.output
        return done.output

    async with serve_app(visitor.harness.running.app) as server:
        monkeypatch.setenv("GUANJIA_INTAKE_URL", server.url)
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
