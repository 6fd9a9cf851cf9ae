"""`guanjia audit fund|transfer|reversal|second-payment`: what two people do.

One proposes, another approves.
Each brings `GUANJIA_TOKEN`, else the token that the stack made for a maker or a checker."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table

from services.audit.cli.console import console
from shared.contracts.values import BeneficiaryClass, Category
from shared.documents import Document
from shared.errors import Invalid
from shared.money import format_yuan, parse_amount

if TYPE_CHECKING:
    from shared.client import ServiceClient

ID_WIDTH = 22

STATES = {
    "proposed": "待批准 proposed",
    "open": "已开立 open",
    "approved": "已批准 approved",
    "declined": "已否决 declined",
    "revoked": "已撤回 revoked",
}


def send_proposal(path: str, command: str, body: Document) -> None:
    """The maker's part. command: what another person enters to approve it."""
    id_ = escape(connect("finance-maker").post(path, body)["id"])
    console.print(f"已提出 proposed: {id_}", soft_wrap=True)
    console.print(
        f"由另一人批准 another person approves it: guanjia audit {command} {id_}", soft_wrap=True
    )


def send_approval(path: str, id_: str) -> None:
    """The checker's part."""
    proposal = connect("finance-checker").post(f"{path}/{quote(id_, safe='')}/approve")
    console.print(f"{STATES[proposal['state']]}: {escape(proposal['id'])}", soft_wrap=True)


def print_all(
    path: str, columns: Sequence[str], make_row: Callable[[Document], Sequence[str]]
) -> None:
    """All there are. make_row: the cells of one after its id and state; ids are never cut."""
    table = Table()
    table.add_column("编号 id", no_wrap=True, min_width=ID_WIDTH)
    for title in ("状态 state", *columns):
        table.add_column(title, overflow="fold")
    for each in connect("finance-maker").get(path)[path.strip("/")]:
        table.add_row(escape(each["id"]), STATES[each["state"]], *map(escape, make_row(each)))
    console.print(table)


def connect(token_id: str) -> "ServiceClient":
    from shared.client import ServiceClient  # an offline auditor does not have it

    return ServiceClient("audit", token_id)


FUNDS = "/funds"

fund_app = typer.Typer(
    help="基金：两人开立 Funds, opened by two people.", no_args_is_help=True, add_completion=False
)


@fund_app.command("open")
def send_fund_proposal(
    fund: Annotated[str, typer.Argument(metavar="ID", help="基金编号 its id")],
    name: Annotated[str, typer.Option(help="名称 its name")],
    restricted: Annotated[bool, typer.Option(help="限定性 restricted to its purpose")] = False,
    purpose: Annotated[str, typer.Option(help="用途 what it is for, in words")] = "",
    category: Annotated[
        list[Category] | None, typer.Option(help="限于类别，可多次 only these; again for each")
    ] = None,
    town: Annotated[
        list[str] | None, typer.Option(help="限于镇街代码，可多次 only these towns")
    ] = None,
    class_: Annotated[
        list[BeneficiaryClass] | None,
        typer.Option("--class", help="限于困难类别，可多次 only these beneficiary classes"),
    ] = None,
    fee_permille: Annotated[
        int | None, typer.Option(min=0, max=1000, help="管理费上限，千分比 fees at most, permille")
    ] = None,
    foundation: Annotated[
        str | None, typer.Option(help="哪个基金会，默认本会 the foundation; default: our own")
    ] = None,
) -> None:
    """提出开立基金，由另一人批准。Proposes a fund; another person approves it."""
    terms = {
        "purpose": purpose,
        "categories": [each.value for each in category or ()],
        "town_codes": town or [],
        "beneficiary_classes": [each.value for each in class_ or ()],
        **({} if fee_permille is None else {"fee_permille_max": fee_permille}),
    }
    body = {"fund_id": fund, "name": name, "restricted": restricted, "terms": terms}
    send_proposal(FUNDS, "fund approve", body | {"foundation": foundation})


@fund_app.command("approve")
def send_fund_approval(
    fund: Annotated[str, typer.Argument(metavar="ID", help="编号 its id")],
) -> None:
    """批准开立基金，须为另一人。Opens a fund that another person proposed."""
    send_approval(FUNDS, fund)


@fund_app.command("list")
def print_funds() -> None:
    """各基金及其可用余额。The funds and what is left of each."""
    columns = ("人民币元可用 remaining, CNY", "名称 name", "提出、批准 maker, checker")
    print_all(
        FUNDS,
        columns,
        lambda each: (
            format_yuan(each["remaining_fen"]),
            each["name"],
            f"{each['maker']} {each['checker']}",
        ),
    )


TRANSFERS = "/transfers"

transfer_app = typer.Typer(
    help="划转：两人办理 Transfers, by two people.", no_args_is_help=True, add_completion=False
)


@transfer_app.command("propose")
def send_transfer_proposal(
    giver: Annotated[str, typer.Option("--from", metavar="FUND", help="转出基金 the paying fund")],
    taker: Annotated[str, typer.Option("--to", metavar="FUND", help="转入基金 the receiving fund")],
    amount: Annotated[str, typer.Option("--yuan", help="金额，元 such as 1,000.00 or 10万")],
    reference: Annotated[
        str, typer.Option(help="依据：同意书或备案号 the document that allows it")
    ],
    voucher: Annotated[str, typer.Option(help="凭证号 the number of its voucher")] = "",
    attachment: Annotated[
        str,
        typer.Option(
            help="附件摘要，由 attach 得到；限定性基金划出时必填 digest, as attach prints"
        ),
    ] = "",
) -> None:
    """提出划转，由另一人批准。Proposes a transfer; another person approves it."""
    body = {"from_fund_id": giver, "to_fund_id": taker, "amount_fen": parse_fen(amount)}
    document = {"reference": reference, "voucher": voucher, "attachment": attachment}
    send_proposal(TRANSFERS, "transfer approve", body | document)


@transfer_app.command("approve")
def send_transfer_approval(
    transfer: Annotated[str, typer.Argument(metavar="ID", help="划转编号 its id")],
) -> None:
    """批准划转，须为另一人。Approves another person's transfer."""
    send_approval(TRANSFERS, transfer)


@transfer_app.command("list")
def print_transfers() -> None:
    """各次划转。The transfers."""
    columns = ("人民币元 CNY", "基金 funds", "依据 reference", "提出、批准 maker, checker")
    print_all(
        TRANSFERS,
        columns,
        lambda each: (
            format_yuan(each["amount_fen"]),
            f"{each['from_fund_id']} → {each['to_fund_id']}",
            each["reference"],
            f"{each['maker']} {each['checker']}",
        ),
    )


def parse_fen(amount: str) -> int:
    try:
        return parse_amount(amount)
    except Invalid as error:
        (problem,) = error.problems
        raise typer.BadParameter(f"{problem.zh} {problem.en}", param_hint="--yuan") from None


REVERSALS = "/reversals"

reversal_app = typer.Typer(
    help="冲正：两人办理 Reversals, by two people.", no_args_is_help=True, add_completion=False
)


@reversal_app.command("propose")
def send_reversal_proposal(
    log: Annotated[str, typer.Argument(help="账本，如 guanjia.local/log/2026 the log's origin")],
    index: Annotated[int, typer.Argument(min=0, help="条目号 the entry's number")],
    reference: Annotated[str, typer.Option(help="依据：更正单号 the document that allows it")],
) -> None:
    """提出冲正一条，由另一人批准。Proposes to undo an entry; another person approves it."""
    send_proposal(
        REVERSALS, "reversal approve", {"log": log, "index": index, "reference": reference}
    )


@reversal_app.command("approve")
def send_reversal_approval(
    reversal: Annotated[str, typer.Argument(metavar="ID", help="冲正编号 its id")],
) -> None:
    """批准冲正，须为另一人。Approves another person's reversal."""
    send_approval(REVERSALS, reversal)


@reversal_app.command("list")
def print_reversals() -> None:
    """各次冲正。The reversals."""
    columns = ("原条目 entry", "基金 fund", "依据 reference", "提出、批准 maker, checker")
    print_all(
        REVERSALS,
        columns,
        lambda each: (
            f"{each['reverses_log']} #{each['reverses']}",
            each["fund_id"],
            each["reference"],
            f"{each['maker']} {each['checker']}",
        ),
    )


SECOND_PAYMENTS = "/second-payments"

second_payment_app = typer.Typer(
    help="再次拨付：已拨付而求助未落实的，须先冲正，或两人批准再次拨付 "
    "Paid for nothing: reversed, or paid again by two people's word.",
    no_args_is_help=True,
)


@second_payment_app.command("propose")
def send_second_payment_proposal(
    request: Annotated[str, typer.Argument(metavar="ID", help="求助编号 the request's id")],
    reason: Annotated[str, typer.Option(help="理由及依据 why it is paid again, and the document")],
) -> None:
    """提出再次拨付，由另一人批准。Proposes to pay a request again; another person approves it."""
    body = {"request_id": request, "reason": reason}
    send_proposal(SECOND_PAYMENTS, "second-payment approve", body)


@second_payment_app.command("approve")
def send_second_payment_approval(
    request: Annotated[str, typer.Argument(metavar="ID", help="求助编号 the request's id")],
) -> None:
    """批准再次拨付，须为另一人。The request may be paid again."""
    send_approval(SECOND_PAYMENTS, request)


@second_payment_app.command("list")
def print_unsettled_payments() -> None:
    """已拨付而未落实、尚未冲正的款项。What was paid for nothing and waits for finance."""
    table = Table()
    for title in ("求助 request", "对接及金额 matches, CNY", "再次拨付 second payment"):
        table.add_column(title, overflow="fold")
    for each in connect("finance-maker").get("/unsettled-payments")["unsettled_payments"]:
        paid = (f"{p['match_id']} {format_yuan(p['amount_fen'])}" for p in each["paid"])
        second = each["second_payment"]
        state = STATES[second["state"]] if second else "未提出 not proposed"
        table.add_row(escape(each["request_id"]), escape("\n".join(paid)), state)
    console.print(table)
