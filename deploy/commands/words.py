"""`guanjia words`: a donor on the phone has something done; a code to his phone says it is he."""

from enum import StrEnum
from typing import Annotated

import typer

from shared.client import ServiceClient

app = typer.Typer(help="电话代办 A donor's word over the phone.", no_args_is_help=True)

# Which service decides what such an id names, and its path there, by the id's first letter.
SUBJECTS = {
    "M": ("matching", "matches"),
    "O": ("matching", "offers"),
    "A": ("audit", "mandates"),
}
CLAIM_INCOMPLETE = (
    "认领须写资源编号 O-…、--request 求助编号和 --quantity 数量"
    " · a claim names an offer O-…, --request and --quantity"
)

About = Annotated[str, typer.Argument(help="对接、资源或授权的编号 M-…, O-… or A-…")]
By = Annotated[str, typer.Option("--as", help="以哪个凭证办理 credential")]


class Act(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"
    CLAIM = "claim"
    GIVE = "give"
    WITHDRAW = "withdraw"


@app.command()
def ask(
    act: Annotated[
        Act,
        typer.Argument(help="accept 接受 | decline 婉拒 | claim 认领 | give 授权 | withdraw 收回"),
    ],
    about: About,
    request: Annotated[str, typer.Option(help="认领哪件求助 R-… the request to claim")] = "",
    quantity: Annotated[int, typer.Option(help="认领多少，金额以分计 how much; fen for money")] = 0,
    by: By = "support",
) -> None:
    """向捐赠方本人的手机发送验证码。Sends the code to the donor's own phone."""
    service, path = _find_subject(about)
    body: dict[str, object] = {"act": act.value}
    if act is Act.CLAIM:
        if not request or quantity < 1 or path != "offers":
            raise typer.BadParameter(CLAIM_INCOMPLETE)
        body = {"request_id": request, "quantity": quantity}
    answer = ServiceClient(service, by).post(f"/{path}/{about}/words", body)
    typer.echo(f"{answer['word_id']} 有效至 until {answer['expires_at']}")


@app.command("sent")
def show_notice(word_id: str, by: By = "support") -> None:
    """短信是否发出。What became of the SMS: its state, and why where it failed."""
    answer = ServiceClient("notify", by).get(f"/words/{word_id}/notice")
    typer.echo(f"{answer['state']} {answer['code']}".strip())


@app.command()
def say(
    about: About,
    word_id: str,
    code: Annotated[
        str, typer.Option(prompt="捐赠方念出的验证码 code", help="六位数字 six digits")
    ],
    by: By = "support",
) -> None:
    """以捐赠方念出的验证码代其办理。Acts for the donor with the code that he read out."""
    service, path = _find_subject(about)
    body = {"code": code.strip()}
    answer = ServiceClient(service, by).post(f"/{path}/{about}/words/{word_id}", body)
    typer.echo(f"{about}: {answer['state']}")


def _find_subject(about: str) -> tuple[str, str]:
    """Raises BadParameter."""
    subject = SUBJECTS.get(about.partition("-")[0])
    if subject is None:
        raise typer.BadParameter(
            "须为对接、资源或授权的编号 · no match, offer or mandate: M-…, O-… or A-…"
        )
    return subject
