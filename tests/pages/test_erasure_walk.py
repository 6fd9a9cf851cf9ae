"""A person's data are erased by two, each at his own phone."""

import httpx
from playwright.async_api import Browser, Page

from deploy.local.credentials import lock_register
from deploy.local.stack import Stack
from shared.security import Credential, Role, issue
from tests.pages.browser import enrol, open_page, sign_in
from tests.pages.steps import check_page, press, read_main

SECOND = Credential(
    id="approver-second", secret_sha256="", roles=frozenset({Role.APPROVER_CITY}), source=""
)


async def test_one_proposes_to_erase_a_person_and_another_finds_it_and_does(
    running: Stack, browser: Browser
) -> None:
    person_id = await register_person(running)
    with lock_register(running.secrets_dir) as register:
        issue(register, SECOND)
    async with open_page(browser) as page:
        await sign_in(page, running, await enrol(page, running, "approver-city"))
        await page.goto(f"{running.public_url}/desk/persons/{person_id}")
        await open_erasing(page)
        await press(page, "提出删除")
        assert "何三禾" in await read_main(page), "nothing is erased by one"
        assert await page.get_by_role("button", name="确认删除").count() == 0
    async with open_page(browser) as page:
        await sign_in(page, running, await enrol(page, running, SECOND.id))
        await page.locator("a.tile[href='/desk/erasures']").click()
        await page.wait_for_load_state()
        await check_page(page)
        await page.get_by_role("link", name=person_id).click()
        await page.wait_for_load_state()
        await check_page(page)
        await page.locator("[name=read]").check()
        await press(page, "确认删除")
        text = await read_main(page)
        assert "个人信息已删除" in text
        assert "何三禾" not in text
        await page.goto(f"{running.public_url}/desk/erasures")
        assert person_id not in await read_main(page)


async def open_erasing(page: Page) -> None:
    await check_page(page)
    await page.locator("summary", has_text="删除个人信息").click()
    await check_page(page)
    await page.locator("[name=read]").check()


async def register_person(running: Stack) -> str:
    token = (running.secrets_dir / "collector.token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "erasure-walk"}
    async with httpx.AsyncClient(trust_env=False) as http:
        body = {"name": "何三禾", "phone": "+8613800138605"}
        answer = await http.post(f"{running.urls['intake']}/parties", json=body, headers=headers)
    assert answer.is_success, answer.text
    return str(answer.json()["person_id"])
