"""`guanjia import donations --dry-run`: what a file would enter, and what of it is not read.

Nothing is sent: no giver reaches the vault, and neither fund nor books are asked.
"""

from collections.abc import Sequence

import typer
from rich.markup import escape

from deploy.commands.tables import make_console, make_table
from services.audit.statements.bank_rows import BankRow
from services.audit.statements.trial import Trial
from shared.contracts.events import BankLineStated
from shared.contracts.values import CHINA
from shared.money import format_yuan
from shared.sheets.printing import print_unread


def print_trial(trial: Trial, show: int) -> None:
    console = make_console()
    account = f"，账户 account {trial.account}" if trial.account else ""
    typer.echo(
        f"{trial.name}{account}：将入账 {trial.rows} 笔、{format_yuan(trial.amount_fen)} 元，"
        f"付款 {len(trial.payments)} 行，拒绝 {len(trial.refused)} 行；没有导入任何一笔 "
        f"would enter {trial.rows}, state {len(trial.payments)} payments, "
        f"refuse {len(trial.refused)}; nothing is entered"
    )
    print_unread(console, trial.unread, trial.name)
    gifts = make_table("行 line", "到账 received", "名称 name", "金额 amount", "基金 fund")
    for gift in trial.gifts[:show]:
        fact = gift.fact
        day, amount = fact.received_at.astimezone(CHINA), format_yuan(fact.amount_fen)
        gifts.add_row(
            str(gift.line),
            f"{day:%Y-%m-%d %H:%M}",
            escape(gift.giver["name"]),
            amount,
            escape(fact.fund_id),
        )
    if gifts.row_count:
        console.print(gifts)
    _print_payments(trial.payments[:show])
    for row in trial.refused[:show]:
        for problem in row.problems:
            typer.echo(f"第 {row.line} 行 line {row.line}: {problem.zh} {problem.en}")


OWN_KINDS = {"interest": "利息 interest", "charge": "手续费 charge"}


def _describe_target(stated: BankLineStated) -> str:
    if stated.own_kind and stated.fund_id:
        return f"{OWN_KINDS[stated.own_kind]} → {stated.fund_id}"
    if stated.undone:
        return "已冲正：不是捐赠，已入账的退回 reversed: no gift, one in the books goes back"
    target = stated.memo or "没有：请财务核对 none: finance is asked"
    return " ".join(filter(None, (OWN_KINDS.get(stated.own_kind), target)))


def _print_payments(rows: Sequence[BankRow]) -> None:
    """Each with the order's line that it would close; what names none is asked."""
    table = make_table(
        "行 line",
        "日期 day",
        "方向 direction",
        "金额 amount",
        "付款编号 closes",
        title="付款 payments",
    )
    for row in rows:
        stated = row.stated
        table.add_row(
            str(row.line),
            f"{stated.at.astimezone(CHINA):%Y-%m-%d}",
            "付出 paid" if stated.direction == "paid" else "退回 returned",
            format_yuan(stated.amount_fen),
            _describe_target(stated),
        )
    if table.row_count:
        make_console().print(table)
