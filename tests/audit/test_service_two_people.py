"""Two people are two humans: not one human with two credentials."""

from shared.security import Role
from tests.audit.harness import AuditHarness
from tests.support.eventually import eventually

FUND = {"fund_id": "two-people", "name": "暖“留”慈善基金"}


async def test_one_human_with_two_credentials_opens_no_fund_alone(harness: AuditHarness) -> None:
    stack = harness.stack
    maker = stack.bearer("wang-maker", Role.FINANCE_MAKER, holder="staff-7")
    checker = stack.bearer("wang-checker", Role.FINANCE_CHECKER, holder="staff-7")
    other = stack.bearer("li-checker", Role.FINANCE_CHECKER, holder="staff-8")
    proposed = await eventually(  # the register is read again within a second
        lambda: harness.post("/funds", maker, "two-1", FUND), lambda a: a.status_code != 401
    )
    assert proposed.status_code == 202, proposed.text
    approve = f"/funds/{FUND['fund_id']}/approve"
    alone = await harness.post(approve, checker, "two-2")
    assert alone.status_code == 409
    [problem] = alone.json()["problems"]
    assert problem["zh"] == "提出人不能审核自己的提议"
    approved = await harness.post(approve, other, "two-3")
    assert approved.status_code == 200, approved.text
