"""`guanjia import template requests`: an .xlsx to fill in, with examples, lists and notes."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from shared.sheets.template import Template, build_workbook

app = typer.Typer(help="导入表格 Import spreadsheets.", no_args_is_help=True)


class Sheet(StrEnum):
    REQUESTS = "requests"
    OFFERS = "offers"
    DONATIONS = "donations"


@app.callback()
def _group() -> None:
    """A group, so that it is mounted beside the imports."""


@app.command("template")
def write_template(
    sheet: Annotated[
        Sheet, typer.Argument(help="诉求、爱心资源或捐赠 requests, offers or donations")
    ],
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="写到哪里 the file; else <sheet>.xlsx")
    ] = None,
) -> None:
    """写出一个空白模板（.xlsx）：表头、示例、下拉选项和填写说明。Writes a sheet to fill in."""
    target = out or Path(f"{sheet}.xlsx")
    if target.exists():
        typer.echo(f"文件已存在，没有改动 the file exists: {target}", err=True)
        raise typer.Exit(1)
    target.write_bytes(build_workbook(BUILDERS[sheet]()))
    typer.echo(f"已写入 written: {target}。示例行请在填写前删除 delete the rows of the example")


def build_requests_template() -> Template:
    from services.intake.channels.request_template import build_template

    return build_template()


def build_offers_template() -> Template:
    from services.matching.spreadsheet import OFFER_COLUMNS

    return Template(
        title="爱心资源",
        columns=OFFER_COLUMNS,
        names=(
            *("message_id", "name", "phone", "donor_kind", "unit", "quantity", "item"),
            *("categories", "beneficiary_classes", "town_codes", "cap_per_request"),
            *("fund_id", "mandate_id", "valid_from", "valid_until", "mode", "name_shown"),
        ),
        notes={
            "unit": "资金填“元”或“万元”；物品填量词",
            "item": "物品名称（guanjia catalogue list 列出目录）；资金不填",
            "categories": "多项用“、”分开；不填表示不限",
            "beneficiary_classes": "多项用“、”分开；不填表示不限",
            "town_codes": "镇街全称，多项用“、”分开；不填表示全市",
            "fund_id": "资金从哪个基金支出",
            "mandate_id": "资金须有授权编号",
            "valid_until": "如 2027-12-31",
        },
        choices={
            "donor_kind": ["企业", "社会组织", "个人"],
            "mode": ["推荐", "认领", "均可"],
            "name_shown": ["是", "否"],
        },
        examples=[
            {
                "message_id": "1",
                "name": "茶山商会（示例）",
                "phone": "13800000002",
                "donor_kind": "社会组织",
                "unit": "床",
                "quantity": "100",
                "item": "棉被",
                "categories": "生活物资",
                "town_codes": "茶山镇、石龙镇",
                "cap_per_request": "2",
                "mode": "均可",
                "name_shown": "否",
            }
        ],
    )


def build_donations_template() -> Template:
    from services.audit.statements.layout import Layout

    return Template(
        title="捐赠",
        columns=Layout().build_columns(),
        names=(
            *("bank_reference", "name", "phone", "amount", "fund_id"),
            *("received_at", "designation"),
        ),
        notes={
            "bank_reference": "银行流水号，按文本填写，一位都不能少",
            "name": "捐赠人；不愿留名可不填",
            "amount": "单位：元",
            "fund_id": "基金编号",
            "received_at": "到账时间，如 2026-01-05 08:30",
        },
        examples=[
            {
                "bank_reference": "ICBC20260105001",
                "name": "甲公司（示例）",
                "amount": "100.00",
                "fund_id": "warm",
                "received_at": "2026-01-05 08:30",
                "designation": "暖冬",
            }
        ],
    )


BUILDERS: Mapping[Sheet, Callable[[], Template]] = {
    Sheet.REQUESTS: build_requests_template,
    Sheet.OFFERS: build_offers_template,
    Sheet.DONATIONS: build_donations_template,
}
