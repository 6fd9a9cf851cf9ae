"""What people leave at work: a sheet before it is imported, a joint meeting at each of its steps,
an emergency, a file of the bank's, a donor who is asked for his word.

No first page leads to some of it. Each function is given pages of people who are signed in, and
returns the addresses of what it left.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from playwright.async_api import FilePayload, Page

from deploy.demo.campaign import FUND_ID, Enterprise
from deploy.demo.clients import open_clients
from deploy.local.stack import Stack
from shared.clock import system_now
from shared.contracts.events import Applicant, RequestSubmitted
from shared.contracts.values import (
    MONEY_UNIT,
    Area,
    BeneficiaryClass,
    Category,
    Channel,
    Kind,
    Need,
)
from tests.pages.steps import Phone, press
from tests.pages.test_desk_walks import SHEET, register_work
from tests.pages.test_statements_walk import choose_file, open_fund, say_columns

OTHER_WORDS = "联系人,联络号码,想要什么,在哪个镇\n丁一禾,13800138611,棉被一床,茶山镇\n"
# A town for each meeting, so that each has an agenda of its own.
PLANNED, SITTING, CLOSED = "441900127", "441900118", "441900119"
TOO_LARGE_FEN = 120_000_000


async def leave_sheets(page: Page, stack: Stack) -> list[str]:
    """As a collector brings them: one to look over, one in words of its own, one imported."""
    previewed = await _upload(page, stack, SHEET)
    in_other_words = await _upload(page, stack, OTHER_WORDS)
    imported = await _upload(page, stack, SHEET)
    await press(page, "确认，导入 1 行")
    await page.get_by_text("导入完成").wait_for()
    return [previewed, in_other_words, imported]


async def _upload(page: Page, stack: Stack, text: str) -> str:
    await page.goto(f"{stack.public_url}/desk/import")
    content = text.encode("gb18030")
    sheet: FilePayload = {"name": "微心愿.csv", "mimeType": "text/csv", "buffer": content}
    await page.set_input_files("[name=file]", files=sheet)
    await press(page, "上传并预览")
    return _read_path(page, stack)


def _read_path(page: Page, stack: Stack) -> str:
    return page.url.removeprefix(stack.public_url).partition("?")[0]


async def leave_search(page: Page, stack: Stack) -> list[str]:
    """For somebody of the demo's open work."""
    await page.goto(f"{stack.public_url}/desk")
    await page.fill("[name=q]", "演示来人01")
    await press(page, "查找", exact=True)
    return [_read_path(page, stack)]


async def leave_meetings(city: Page, auditor: Page, stack: Stack) -> list[str]:
    """One convened, one that sits, one that is over. city convenes and leads, auditor records."""
    await _ask_for_too_much(stack, (PLANNED, SITTING, SITTING, CLOSED))
    planned, sitting, closed = [
        await _convene(city, stack, town) for town in (PLANNED, SITTING, CLOSED)
    ]
    for meeting in (sitting, closed):
        await _open_sitting(city, stack, meeting)
        await _rule_on_first(auditor, stack, meeting)
    for each in (auditor, city):
        await each.goto(stack.public_url + closed)
        await press(each, "我已看过，签字")
    await auditor.goto(stack.public_url + sitting)
    second = await auditor.locator(".case-link").last.get_attribute("href")
    over = [closed, f"{closed}/minutes"]
    return [planned, sitting, str(second), f"{sitting}/minutes", *over]


async def _ask_for_too_much(stack: Stack, towns: Sequence[str]) -> None:
    async with open_clients(stack.urls, stack.secrets_dir) as clients:
        village = clients.open("intake", "channel-village")
        for number, town in enumerate(towns, 1):
            request = RequestSubmitted(
                kind=Kind.WISH,
                category=Category.HOUSING_REPAIR,
                beneficiary_class=BeneficiaryClass.DISABLED,
                channel=Channel.COMMITTEE,
                need=Need(unit=MONEY_UNIT, quantity=TOO_LARGE_FEN * number),
                area=Area(town_code=town),
                applicant=Applicant(name=f"演示议题{number}", phone=f"+861619100{number:04d}"),
                text="危房漏雨，一家三代住在里面，翻修要等联席会议决定",
            )
            body = request.model_dump(mode="json", exclude_none=True)
            await village.post("/requests", body, key=f"too-much-{number}")


async def _convene(page: Page, stack: Stack, town: str) -> str:
    await page.goto(f"{stack.public_url}/meetings/new?town={town}")
    on = (system_now() + timedelta(days=3)).date().isoformat()
    await page.fill("[name=on]", on)
    await page.locator("[name=recorder]").select_option("auditor")
    if not await page.locator("[name=member-finance-maker]").is_visible():
        await page.locator("summary", has_text="参会人员").click()
    await page.locator("[name=member-finance-maker]").check()
    await press(page, "发出邀请")
    return _read_path(page, stack)


async def _open_sitting(page: Page, stack: Stack, meeting: str) -> None:
    await page.goto(stack.public_url + meeting)
    for member in await page.locator("[name^=present-]").all():
        await member.check()
    await press(page, "宣布开会")


async def _rule_on_first(page: Page, stack: Stack, meeting: str) -> None:
    await page.goto(stack.public_url + meeting)
    await page.locator(".case-link").first.click()
    await page.wait_for_load_state()
    await page.get_by_role("radio", name="同意", exact=True).check()
    await page.locator("form[method=post] [name=quantity]").fill("500000")
    await page.locator("[name=part_reason]").select_option("fund_limited")
    await page.fill("[name=note]", "先修屋顶，分两期办")
    await press(page, "记下")


async def leave_emergencies(town: Page, city: Page, stack: Stack) -> list[str]:
    """One that is on, one that nobody confirmed yet. The stack lets towns propose."""
    declared = await _propose(town, stack, "石龙镇", "flood")
    await city.goto(stack.public_url + declared)
    await press(city, "确认启动")
    return [declared, await _propose(town, stack, "企石镇", "cold")]


async def _propose(page: Page, stack: Stack, town: str, cause: str) -> str:
    await page.goto(f"{stack.public_url}/emergencies")
    await page.locator("summary", has_text="提出应急").click()
    await page.locator("[name=cause]").select_option(cause)
    await page.get_by_label(town, exact=True).check()
    await page.fill("[name=until]", (system_now() + timedelta(days=7)).date().isoformat())
    await press(page, "提出，交另一人确认")
    return _read_path(page, stack)


async def leave_statements(maker: Page, stack: Stack) -> list[str]:
    """One whose columns are not clear, and one that waits for another person."""
    await open_fund(stack, "every-page")
    left = []
    for name in ("unread", "handed-over"):
        await maker.goto(f"{stack.public_url}/audit/finance/statements")
        await choose_file(maker, "every-page", name)
        await press(maker, "上传并预览")
        left.append(_read_path(maker, stack))
    await say_columns(maker)
    await press(maker, "提交，由另一个人同意后入账")
    return left


async def leave_regular_work(page: Page, stack: Stack) -> list[str]:
    """A place that is patrolled, and meals that are brought: met and noted once each."""
    left = []
    for kind, fields in _REGULAR.items():
        await page.goto(f"{stack.public_url}/regular")
        await register_work(page, kind, fields)
        left.append(_read_path(page, stack))
    await page.fill("[name=quantity]", "20")
    await press(page, "记下")
    return left


_REGULAR: Mapping[str, Mapping[str, str]] = {
    "after_school": {"title": "阳光托管中心"},
    "plan": {"name": "何婆婆", "service": "配餐", "total": "1720", "unit": "份"},
}


async def ask_for_mandate(stack: Stack, donor: Enterprise) -> str:
    """The link by which he says whether a partner may use his gifts."""
    async with open_clients(stack.urls, stack.secrets_dir) as clients:
        operator = clients.open("intake", "operator")
        party = {"name": donor.name, "phone": donor.phone, "wechat_openid": donor.openid}
        answer = await operator.post("/parties", party, key=f"mandate-party-{donor.number}")
        mandate = {
            "fund_id": FUND_ID,
            "donor_id": answer["person_id"],
            "source": "/partners/chamber",
            "covers": "gifts",
            "sum_fen": 1_000_000,
            "terms": {"categories": ["medical", "education"], "town_codes": ["441900103"]},
            "valid_until": (system_now() + timedelta(days=180)).isoformat(),
        }
        maker = clients.open("audit", "finance-maker")
        await maker.post("/mandates", mandate, key=f"asked-{donor.number}")
    message = await Phone(stack, donor.openid).wait_for_message(lambda each: "/a/" in each["url"])
    return str(message["url"])
