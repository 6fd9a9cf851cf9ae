"""`guanjia intake`: what the office learns from its own decisions."""

from typing import Annotated

import typer
from rich.console import Console

from shared.client import ServiceClient

As = Annotated[str, typer.Option("--as", help="凭证 id of the credential to come in with")]

app = typer.Typer(help="受理 The office of requests.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group, so that more can stand beside `learn`."""


@app.command("learn")
def learn(caller: As = "operator") -> None:
    """根据工作人员的判断重新训练“建议”。Learns anew from what staff decided."""
    lesson = ServiceClient("intake", caller).post("/judgement/learn", None)
    console = Console()
    console.print(f"已学习 {lesson['texts']} 条工作人员判断过的来文。texts that staff judged.")
    if lesson["suggested"]:
        share = lesson["agreed"] / lesson["suggested"]
        console.print(
            f"其中系统原来有建议 {lesson['suggested']} 条，与工作人员一致 {lesson['agreed']} 条"
            f"（{share:.0%}）。suggested before, of one mind."
        )
