"""`guanjia inbox`: what people wrote and no rule understands, read and handled by staff."""

from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from services.intake.channels.text import Draft, understand
from shared.client import ServiceClient
from shared.contracts.values import LABELS, Category
from shared.documents import Document
from shared.errors import Invalid
from shared.options import Caller
from shared.towns import CITY_WIDE, parse_town

State = Literal["unread", "asked", "understood", "handled"]
Handling = Literal["answer", "note", "opt_out", "opt_in", "nothing"]
Contacted = Annotated[
    Literal["called", "met", "passed_on"] | None,
    typer.Option(help="紧急来信怎样联系上本人 how the sender of an urgent one was reached"),
]
Also = Annotated[
    list[str] | None,
    typer.Option(help="同一人的其他来信，一并处理 further messages of the same sender"),
]
TEXT_WIDTH = 60


app = typer.Typer(help="群众来信 Messages of people.", no_args_is_help=True)


@app.command("list")
def print_messages(
    state: Annotated[State, typer.Option(help="状态 which state")] = "unread",
    town: Annotated[str, typer.Option(help="镇街 name or code of a town")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    caller: Caller = "approver-town",
) -> None:
    """列出来信：紧急的在前，其次最早的。Lists messages, the urgent and the oldest first."""
    params: dict[str, object] = {"state": state, "limit": limit}
    if town:
        params["town_code"] = _read_town(town)
    page = ServiceClient("intake", caller).get("/messages", params)
    table = Table("编号 id", "时间 at", "镇街 town", "识别为 read as", "内容 text", show_lines=True)
    table.columns[0].overflow = "fold"
    for message in page["messages"]:
        table.add_row(*_format_row(message), style="bold red" if message["urgent"] else None)
    console = Console()
    console.print(table)
    console.print(f"共 {page['total']} 条，其中紧急 {page['urgent']} 条。messages, urgent ones.")
    if page["next"]:
        console.print("还有更多，请加大 --limit。There are more.")


def _read_town(text: str) -> str:
    """As an option is wrong, where no town is called so."""
    try:
        return parse_town(text)
    except Invalid as error:
        problem = error.problems[0]
        raise typer.BadParameter(f"{problem.zh} {problem.en}") from None


def _format_row(message: Document) -> tuple[str, ...]:
    urgent = "紧急 " if message["urgent"] else ""
    reading = f"{urgent}{message['kind_zh']}，{message['reading_zh']}"
    at = str(message["received_at"])[:16].replace("T", " ")
    return message["message_id"], at, message["town_zh"], reading, _format_text(message)


def _format_text(message: Document) -> str:
    """What the caller may read of it; who works on no case reads none."""
    if "text" not in message:
        return "（无权查看内容）"
    if message["forgotten"]:
        return "（已删除）"
    place = (message["place"] or {}).get("label", "")
    text = message["text"] or place or "（无文字）"
    return text if len(text) <= TEXT_WIDTH else f"{text[:TEXT_WIDTH]}…"


@app.command("show")
def print_message(message_id: str, caller: Caller = "approver-town") -> None:
    """显示一条来信，以及可能的诉求。Shows a message, and the request that it may be."""
    message = ServiceClient("intake", caller).get(f"/messages/{message_id}")
    console = Console()
    console.print_json(data=message)
    draft = understand(message.get("text") or "")
    if isinstance(draft, Draft):
        console.print("可能的诉求 perhaps a request:", draft.model_dump(exclude_none=True))


@app.command()
def handle(
    message_id: str,
    handling: Annotated[
        Handling,
        typer.Argument(
            help="answer 答复 | note 备注 | opt_out 停止通知 | opt_in 恢复 | nothing 无需处理"
        ),
    ],
    reason: Annotated[str, typer.Option(help="处理说明 why; no numbers of people")],
    request: Annotated[str | None, typer.Option(help="诉求编号 the request it belongs to")] = None,
    match: Annotated[str | None, typer.Option(help="对接编号 with answer")] = None,
    meaning: Annotated[
        Literal["received", "not_received"] | None, typer.Option(help="收到 或 没收到, with answer")
    ] = None,
    contacted: Contacted = None,
    also: Also = None,
    caller: Caller = "approver-town",
) -> None:
    """处理一条来信。Handles a message."""
    body: dict[str, object] = {"handling": handling, "reason": reason, "also": also or []}
    more = {"request_id": request, "match_id": match, "meaning": meaning, "contacted": contacted}
    body |= {name: value for name, value in more.items() if value is not None}
    _post(caller, f"/messages/{message_id}/handle", body)


@app.command("request")
def send_request(
    message_id: str,
    category: Annotated[Category, typer.Option(help="类别")],
    name: Annotated[str, typer.Option(help="为谁申请 for whom")],
    reason: Annotated[str, typer.Option(help="处理说明 why")],
    yuan: Annotated[int | None, typer.Option(min=1, help="金额（元）money")] = None,
    item: Annotated[
        str | None, typer.Option(help="物品或服务 goods, with --quantity, --unit")
    ] = None,
    quantity: Annotated[int, typer.Option(min=1)] = 1,
    unit: str = "件",
    town: Annotated[str, typer.Option(help="镇街 name or code of a town")] = CITY_WIDE,
    urgent: Annotated[bool, typer.Option(help="紧急，不能等 it cannot wait")] = False,
    contacted: Contacted = None,
    also: Also = None,
    caller: Caller = "approver-town",
) -> None:
    """把来信登记为诉求，由另一人审批。Turns a message into a request."""
    if (yuan is None) == (item is None):
        raise typer.BadParameter("请填写 --yuan 或 --item 之一。Either --yuan or --item.")
    need = (
        {"unit": unit, "quantity": quantity, "item": item}
        if item
        else {"unit": "fen", "quantity": (yuan or 0) * 100}
    )
    body = {
        "category": category.value,
        "need": need,
        "area": {"town_code": _read_town(town)},
        "name": name,
        "reason": reason,
        "urgent": urgent,
        "also": also or [],
    } | ({"contacted": contacted} if contacted else {})
    _post(caller, f"/messages/{message_id}/request", body)


def _post(caller: str, path: str, body: Document) -> None:
    answer = ServiceClient("intake", caller).post(path, dict(body))
    label = LABELS.get(body.get("category", ""), "")
    Console().print(f"已处理 done {label}")
    Console().print_json(data=answer)
