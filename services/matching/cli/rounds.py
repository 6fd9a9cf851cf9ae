"""`guanjia matching optimise, rounds, replay, explain`: what rounds did, do again and why."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from shared.client import ServiceClient, ServiceError
from shared.documents import Document

if TYPE_CHECKING:
    from services.matching.solver.replay import ReplayResult

WHOLE_POLL_S = 0.5
PAGE = 500
KINDS = {"batch": "微批 batch", "whole": "全池 whole"}
VERDICTS = {
    "same": "一致 same",
    "differs": "不一致 differs",
    "inputs_differ": "输入已变 inputs differ",
    "other_solver": "求解器版本不同 another solver's",
}

Json = Annotated[bool, typer.Option("--json", help="机器可读 machine readable")]
Details = Annotated[bool, typer.Option("--details", help="详细：分数与名次 the numbers too")]


def optimise(
    wait_s: Annotated[
        float, typer.Option("--wait", min=0, help="最多等待秒数 wait so many seconds at most")
    ] = 120.0,
    as_json: Json = False,
) -> None:
    """现在就对全部待对接诉求求最优。The optimum over the whole open pool, now."""
    service, console = ServiceClient("matching"), Console()
    asked_at = datetime.fromisoformat(service.post("/rounds/whole")["asked_at"])
    with console.status("求解 solving"):
        whole = _wait_for_whole(service, asked_at, wait_s)
    if whole is None:
        console.print(f"{wait_s:g} 秒内未完成 · not done within {wait_s:g} s")
        raise typer.Exit(1)
    if as_json:
        typer.echo(json.dumps(whole, ensure_ascii=False, indent=1))
    else:
        console.print(_build_rounds_table([whole]))
        objective, bound = int(whole["objective"]), int(whole["bound"] or 0)
        console.print(
            f"目标值 objective {objective:,} · 下界 bound {bound:,} · 点 points", highlight=False
        )


def _wait_for_whole(service: ServiceClient, asked_at: datetime, wait_s: float) -> Document | None:
    until = time.monotonic() + wait_s
    while True:
        whole = service.get("/rounds/latest", {"kind": "whole"})["round"]
        if whole and datetime.fromisoformat(whole["closed_at"]) >= asked_at:
            return dict(whole)
        if time.monotonic() >= until:
            return None
        time.sleep(WHOLE_POLL_S)


def print_rounds(
    after: Annotated[int, typer.Option(min=0, help="从这一轮之后 those after this one")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="连同输入写入文件，供重放 with inputs, for replay --file")
    ] = None,
    as_json: Json = False,
) -> None:
    """列出对接轮次，或导出以供重放。Lists rounds, or exports them to be replayed."""
    service, console = ServiceClient("matching"), Console()
    heads = list(_iterate_heads(service, after))
    if out is not None:
        with out.open("w", encoding="utf-8") as file:
            for head in track(heads, "导出 exporting", console=Console(stderr=True)):
                record = service.get(f"/rounds/{head['number']}")
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        console.print(f"已写入 written: {len(heads)} · {out}")
    elif as_json:
        typer.echo(json.dumps(heads, ensure_ascii=False, indent=1))
    else:
        console.print(_build_rounds_table(heads))


def _iterate_heads(service: ServiceClient, after: int) -> Iterator[Document]:
    place: int | None = after
    while place is not None:
        page = service.get("/rounds", {"after": place, "limit": PAGE})
        yield from page["rounds"]
        place = page["next"]


def _build_rounds_table(heads: list[Document]) -> Table:
    """A terminal may be narrow: no number is cut."""
    table = Table()
    for name in ("轮次", "类型 kind", "截止 closed", "状态"):
        table.add_column(name, no_wrap=True)
    for name in ("诉求 needs", "资源 offers"):
        table.add_column(name, justify="right", min_width=6)
    table.add_column("方案 solution", no_wrap=True)
    for head in heads:
        table.add_row(
            str(head["number"]),
            KINDS[head["kind"]],
            head["closed_at"][:19],
            head["state"],
            f"{head['needs']:,}",
            f"{head['offers']:,}",
            head["solution_hash"][:8],
        )
    return table


def replay(
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="rounds --out 写的文件 an export"),
    ] = None,
    after: Annotated[int, typer.Option(min=0, help="从这一轮之后 those after this one")] = 0,
    as_json: Json = False,
) -> None:
    """重新求解记录下来的每一轮，逐位比较。Solves every recorded round again, bit for bit.

    Exit code 1 where one differs; a round of another solver's version cannot be compared.
    """
    from services.matching.solver.replay import replay_round
    from services.matching.solver.solve import VERSIONS, MinCostFlow

    records = _read_records(file, after) if file else _fetch_records(after)
    solvers = [MinCostFlow(version) for version in VERSIONS]
    results = [
        replay_round(record, solvers)
        for record in track(records, "重放 replaying", console=Console(stderr=True))
    ]
    _print_results(results, as_json=as_json)
    if any(result.differing and result.verdict != "other_solver" for result in results):
        raise typer.Exit(1)


def _read_records(file: Path, after: int) -> Iterator[Document]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["round"]["number"] > after and record["round"]["solution_hash"]:
                yield record


def _fetch_records(after: int) -> Iterator[Document]:
    """Their inputs may be large: none is fetched that is not replayed."""
    service = ServiceClient("matching")
    for head in _iterate_heads(service, after):
        if not head["solution_hash"]:
            continue
        try:
            yield service.get(f"/rounds/{head['number']}")
        except ServiceError as error:
            if error.status != httpx.codes.NOT_FOUND:  # it expired since
                raise


def _print_results(results: "list[ReplayResult]", *, as_json: bool) -> None:
    if as_json:
        rows = [{name: getattr(r, name) for name in r.__slots__} for r in results]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    console = Console()
    for result in results:
        if result.verdict != "same":
            what = ", ".join(result.differing)
            console.print(f"{result.number} {VERDICTS[result.verdict]}: {what}", highlight=False)
    counts = {verdict: sum(r.verdict == verdict for r in results) for verdict in VERDICTS}
    summary = "，".join(f"{VERDICTS[name]} {count:,}" for name, count in counts.items() if count)
    console.print(f"共重放 replayed {len(results):,}：{summary or '—'}", highlight=False)


def explain_id(
    id_: Annotated[str, typer.Argument(metavar="ID", help="对接或诉求编号 a match or a request")],
    details: Details = False,
    as_json: Json = False,
) -> None:
    """说明为什么这样对接，或为什么还没有对接。Why it was matched, or not yet."""
    place = f"/matches/{id_}" if id_.startswith("M-") else f"/needs/{id_}"
    answer = ServiceClient("matching").get(f"{place}/explanation")
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    console = Console()
    if head := answer.get("round"):
        kind, closed_at = KINDS[head["kind"]], head["closed_at"][:19]
        console.print(f"第 {head['number']} 轮 · round {head['number']}（{kind}，{closed_at}）")
    for line in [*answer["text"], *(answer.get("details", ()) if details else ())]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
