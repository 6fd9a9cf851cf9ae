"""The total that a bank's file states is a check on the sum of its rows."""

from tests.audit.facts import FUND
from tests.audit.statement_books import open_books
from tests.support.stack_harness import StackHarness


async def test_a_total_that_is_not_the_sum_of_the_rows_is_looked_at_by_two(
    stack: StackHarness,
) -> None:
    """A file with a line twice was handed over as if nothing were wrong with its total."""
    async with open_books(stack) as books:
        lines = (f"2026-01-05,甲公司,100.00,{FUND},B-1", "合计,,999.00,,")
        path = await books.upload("\n".join(("到账时间,名称,金额,基金,流水号", *lines)))
        refused = await books.post(f"{path}/propose", books.harness.maker)
        assert refused.status_code == 422
        assert "文件里的合计或余额与各行不符" in refused.text
        looked = {"sums_looked_at": "yes"}
        answer = await books.post(f"{path}/propose", books.harness.maker, **looked)
        assert answer.status_code == 303
        cards = await books.read("/audit/finance", books.harness.checker)
        assert "与各行不符，提交人说已查明" in cards


async def test_a_total_of_all_that_stands_in_the_column_is_the_sum(stack: StackHarness) -> None:
    """Of gifts, of interest and of what is refused."""
    async with open_books(stack) as books:
        lines = (
            f"2026-01-05,甲公司,100.00,{FUND},B-1,",
            f"2026-01-06,,3.21,{FUND},B-2,结息",
            f"2026-13-06,乙公司,1.00,{FUND},B-3,",
            "合计,,104.21,,,",
        )
        path = await books.upload("\n".join(("到账时间,名称,金额,基金,流水号,摘要", *lines)))
        await books.hand_over(path)
