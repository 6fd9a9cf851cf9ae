"""`guanjia audit fee|refund|bank-entry|attach`: what two people enter with a voucher, and its
scan."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services.audit.cli.console import console
from services.audit.cli.proposals import (
    connect,
    parse_fen,
    print_all,
    send_approval,
    send_proposal,
)
from shared.contracts.values import CHINA
from shared.documents import Document
from shared.money import format_yuan

FEES, REFUNDS, BANK_ENTRIES = "/fund-fees", "/gift-refunds", "/bank-entries"
COLUMNS = ("人民币元 CNY", "基金 fund", "凭证、依据 voucher, document", "提出、批准 maker, checker")
fee_app = typer.Typer(
    help="管理费：两人办理 Fees, by two people.", no_args_is_help=True, add_completion=False
)
refund_app = typer.Typer(
    help="退款：两人办理 Refunds, by two people.", no_args_is_help=True, add_completion=False
)
bank_app = typer.Typer(
    help="银行利息和手续费：两人办理 A bank's interest and charges, by two people.",
    no_args_is_help=True,
    add_completion=False,
)
Id = Annotated[str, typer.Argument(metavar="ID", help="编号 its id")]
Yuan = Annotated[str, typer.Option("--yuan", help="金额，元 such as 1,000.00")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="银行日期 the bank's day")]
Reference = Annotated[str, typer.Option(help="依据的文件编号 the document that allows it")]
Voucher = Annotated[str, typer.Option(help="凭证号 the number of its voucher")]
Attachment = Annotated[str, typer.Option(help="附件摘要，由 attach 得到 digest, as attach prints")]
Line = Annotated[str, typer.Option("--bank-reference", help="银行流水号 of the bank's line")]
Account = Annotated[str, typer.Option(help="哪个账户 the line's account")]


def send_attachment(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="PDF、JPG、PNG")],
    note: Annotated[str, typer.Option(help="是什么凭证；不要写人名 what it is; nobody's name")],
) -> None:
    """上传凭证扫描件，得到附件摘要。Adds a voucher's scan; prints its digest."""
    content = file.read_bytes()
    answer = connect("finance-maker").upload("/voucher-files", content, {"note": note})
    console.print(str(answer["id"]), soft_wrap=True)


def build_body(
    amount: str,
    day: datetime,
    reference: str,
    voucher: str,
    attachment: str,
    line: str,
    account: str,
) -> dict[str, object]:
    return {
        "amount_fen": parse_fen(amount),
        "at": day.replace(tzinfo=CHINA).isoformat(),
        "reference": reference,
        "voucher": voucher,
        "attachment": attachment,
        "bank_reference": line,
        "own_account": account,
    }


@fee_app.command("propose")
def send_fee_proposal(
    fund: Annotated[str, typer.Option(help="哪个基金 which fund")],
    amount: Yuan,
    day: Day,
    reference: Reference,
    voucher: Voucher,
    attachment: Attachment,
    line: Line = "",
    account: Account = "",
) -> None:
    """提出提取管理费，由另一人批准。Proposes a fee; another person approves it."""
    body = build_body(amount, day, reference, voucher, attachment, line, account)
    send_proposal(FEES, "fee approve", body | {"fund_id": fund})


@fee_app.command("approve")
def send_fee_approval(fee: Id) -> None:
    """批准管理费，须为另一人。Enters the fee that another person proposed."""
    send_approval(FEES, fee)


@fee_app.command("list")
def print_fees() -> None:
    """各笔管理费。The fees."""
    print_all(FEES, COLUMNS, _list)


def _list(each: Document) -> tuple[str, ...]:
    return (
        format_yuan(each["amount_fen"]),
        each["fund_id"],
        f"{each['voucher']} {each['reference']}",
        f"{each['maker']} {each['checker']}",
    )


@refund_app.command("propose")
def send_refund_proposal(
    donation: Annotated[str, typer.Option(help="捐赠编号 D-… the gift's id")],
    amount: Yuan,
    day: Day,
    reference: Reference,
    voucher: Voucher,
    attachment: Attachment,
    line: Line = "",
    account: Account = "",
) -> None:
    """提出退回捐赠，由另一人批准。Proposes to give a gift back; another person approves it."""
    body = build_body(amount, day, reference, voucher, attachment, line, account)
    send_proposal(REFUNDS, "refund approve", body | {"donation_id": donation})


@refund_app.command("approve")
def send_refund_approval(refund: Id) -> None:
    """批准退款，须为另一人。Enters the refund that another person proposed."""
    send_approval(REFUNDS, refund)


@refund_app.command("list")
def print_refunds() -> None:
    """各笔退款。The refunds."""
    print_all(REFUNDS, COLUMNS, _list)


class Own(StrEnum):
    INTEREST = "interest"
    CHARGE = "charge"


@bank_app.command("propose")
def send_bank_entry_proposal(
    kind: Annotated[Own, typer.Argument(help="利息 interest，手续费 charge")],
    fund: Annotated[str, typer.Option(help="记入哪个基金 which fund")],
    amount: Yuan,
    day: Day,
    reference: Reference,
    voucher: Voucher,
    attachment: Attachment,
    line: Line = "",
    account: Account = "",
) -> None:
    """提出银行利息或手续费，由另一人批准。Proposes interest or a charge; another approves it."""
    body = build_body(amount, day, reference, voucher, attachment, line, account)
    named = {"fund_id": fund, "kind": f"bank_{kind.value}"}
    send_proposal(BANK_ENTRIES, "bank-entry approve", body | named)


@bank_app.command("approve")
def send_bank_entry_approval(entry: Id) -> None:
    """批准银行利息或手续费，须为另一人。Enters what another person proposed."""
    send_approval(BANK_ENTRIES, entry)


@bank_app.command("list")
def print_bank_entries() -> None:
    """各笔银行利息和手续费。Interest and charges."""
    print_all(BANK_ENTRIES, COLUMNS, _list)
