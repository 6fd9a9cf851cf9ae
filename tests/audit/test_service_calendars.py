"""What finance looks up without a command line: what has to be published by when, and what of
pledge, bank and ledger does not match."""

import re

from fastapi import FastAPI

from services.audit.pages.disclosures import DISCLOSURES_PATH
from services.audit.pages.reconciling import RECONCILIATION_PATH
from shared.clock import system_now
from shared.contracts.campaigns import CAMPAIGNS_PATH
from shared.contracts.values import CHINA
from shared.security import Role
from tests.audit.facts import gift
from tests.audit.harness import AuditHarness, start_harness
from tests.support.serving import serve_app
from tests.support.stack_harness import StackHarness

MAJOR_FEN = 500_000
OVER_THE_YEAR = {
    "name": "暖冬行动",
    "starts_at": "2025-12-31T16:00:00Z",
    "ends_at": "2999-12-31T16:00:00Z",
}


async def test_finance_reads_what_is_due_by_when(stack: StackHarness) -> None:
    matching = FastAPI()

    @matching.post(CAMPAIGNS_PATH)
    async def list_campaigns() -> dict[str, object]:
        return {"campaigns": [OVER_THE_YEAR]}

    stack.bearer("service", Role.SERVICE)
    (stack.secrets_dir / "service.token").write_text("gj_service_x")
    async with serve_app(matching) as server:
        harness = await start_harness(
            stack, major_transaction_fen=MAJOR_FEN, matching_url=server.url
        )
        await harness.open_fund()
        gifts = (gift(MAJOR_FEN, "large"), gift(MAJOR_FEN - 1, "small", donor="P-other"))
        await harness.publish_in_order(*gifts)
        await harness.wait_published(3)
        year = system_now().astimezone(CHINA).year
        page = await harness.audit.http.get(DISCLOSURES_PATH, headers=harness.maker)
        assert page.status_code == 200
        text = " ".join(re.sub(r"<[^>]+>", " ", page.text).split())
        assert f"年度工作报告和财务会计报告 {year + 1}年5月31日 {year}年" in text
        assert "每三个月进展 暖冬行动" in text
        assert len(re.findall(r"重大交易及资金往来", text)) == 1, "the smaller one is none"
        [entry] = set(re.findall(r'href="(/ledger/\d+/entries/\d+)"', page.text))
        shown = await harness.audit.http.get(entry)
        assert "5,000.00" in shown.text
        assert "未能读取专项行动" not in page.text
        later = await harness.audit.http.get(
            f"{DISCLOSURES_PATH}?year={year + 1}", headers=harness.checker
        )
        assert f"{year + 2}年5月31日" in later.text
    silent = await harness.audit.http.get(DISCLOSURES_PATH, headers=harness.maker)
    assert (silent.status_code, "未能读取专项行动" in silent.text) == (200, True)


async def test_finance_reads_what_does_not_match(harness: AuditHarness) -> None:
    await harness.open_fund()
    empty = await harness.audit.http.get(RECONCILIATION_PATH, headers=harness.maker)
    assert "还没有认捐和到账" in empty.text
    await harness.publish_in_order(gift(123_400))
    await harness.wait_published(2)
    page = await harness.audit.http.get(RECONCILIATION_PATH, headers=harness.checker)
    assert page.status_code == 200
    text = " ".join(re.sub(r"<[^>]+>", " ", page.text).split())
    for words in ("到账未认捐 1", "账本有流水无 1", "1,234.00", "暖“留”慈善基金"):
        assert words in text, words
    assert "已认捐未到账 0" in text


async def test_the_first_page_of_finance_leads_to_both(harness: AuditHarness) -> None:
    page = await harness.audit.http.get("/audit/finance", headers=harness.maker)
    for path in (DISCLOSURES_PATH, RECONCILIATION_PATH):
        assert f'href="{path}"' in page.text
