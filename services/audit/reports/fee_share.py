"""A foundation's management costs beside all that it spent, of the ledger year that runs.

慈善法（2023 年修正）第六十一条: of a foundation that raises money in public the year's costs of
management (管理费用) are at most 10 % of that year's total spending (当年总支出); where they are
not, it is reported to the civil affairs office and said in public. So nothing is refused for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from services.audit.reports.disclosure.figures import FEE_SHARE_MAX, find_share
from shared.money import format_yuan

Texts = tuple[str, str]
LAW: Texts = ("慈善法第六十一条", "Charity Law, article 61")


@dataclass(frozen=True, slots=True)
class FeeShare:
    """costs_fen: fees, and banks' charges. given_fen: what was paid to who was helped, less what
    came back."""

    costs_fen: int
    given_fen: int

    @classmethod
    def from_totals(cls, totals: Iterable[Mapping[str, int]]) -> Self:
        """Of each fund, as `Fund.totals`."""
        funds = list(totals)

        def add(*names: str) -> int:
            return sum(fund[name] for fund in funds for name in names)

        return cls(add("fees_fen", "charges_fen"), add("spent_fen"))

    def with_costs(self, amount_fen: int) -> Self:
        return replace(self, costs_fen=self.costs_fen + amount_fen)

    @property
    def spent_fen(self) -> int:
        return self.costs_fen + self.given_fen

    @property
    def is_above(self) -> bool:
        return self.costs_fen * 10_000 > FEE_SHARE_MAX * max(self.spent_fen, 0)

    def describe(self) -> Texts:
        """With the sums, so that who reads it can reckon it again."""
        costs, spent = format_yuan(self.costs_fen), format_yuan(self.spent_fen)
        share = find_share(self.costs_fen, self.spent_fen)
        part = "-" if share is None else f"{share // 100}.{share % 100:02d}%"
        sums = f"管理费用 {costs} 元，当年总支出 {spent} 元"
        zh = f"{sums}，年度管理费用占比 {part}；上限 10%（{LAW[0]}）"
        en = f"costs CNY {costs} of CNY {spent} spent, {part}; at most 10% ({LAW[1]})"
        if not self.is_above:
            return zh, en
        return f"超过上限：{zh}。{DUTY[0]}", f"above the limit: {en}. {DUTY[1]}"


DUTY: Texts = (
    "到年底仍超过的，有公开募捐资格的基金会须报告民政部门并公开说明",
    "If it is so at the year's end, a foundation that raises money in public reports it and says "
    "why",
)
