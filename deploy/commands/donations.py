"""`guanjia import donations FILE.csv`: a bank statement, published as the bank bridge would.

Givers go into intake's vault, the gifts onto the topic, signed; a row is done when its ledger entry
appears. Its reference is the event's id, so importing the same file again adds nothing.
"""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from rich.markup import escape

from deploy.commands.bank_statement import Gift, Refused, read
from deploy.commands.tables import console, table
from deploy.local.running import running_stack
from shared.client import ServiceClient, ServiceError, default_data_dir, default_secrets_dir
from shared.contracts.events import DonationReceived
from shared.contracts.topics import DONATIONS_INBOUND
from shared.errors import Invalid
from shared.ids import derived_id
from shared.messaging.foreign import ForeignPublisher
from shared.security import publisher_key
from shared.settings import Settings, load_settings


def donations(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV, UTF-8 or GB18030")
    ],
    source: Annotated[str, typer.Option(help="以哪个来源发布 publishes as")] = "/bank/demo",
    within_s: Annotated[float, typer.Option(help="等待入账的秒数 waits for the entries")] = 60,
) -> None:
    """导入银行流水中的善款，列出被拒绝的行。Imports donations; says which rows it refused."""
    try:
        rows = list(read(file.read_bytes()))
    except Invalid as error:
        for problem in error.problems:
            typer.echo(f"{problem.zh} {problem.en}", err=True)
        raise typer.Exit(2) from None
    gifts = [row for row in rows if isinstance(row, Gift)]
    refused = [row for row in rows if isinstance(row, Refused)]
    funds = _known_funds({gift.fact.fund_id for gift in gifts})
    refused += [_without_fund(gift) for gift in gifts if gift.fact.fund_id not in funds]
    facts = list(_facts([gift for gift in gifts if gift.fact.fund_id in funds]))
    waiting = asyncio.run(_publish(source, facts, within_s)) if facts else ()
    _show(len(facts) - len(waiting), sorted(refused, key=lambda row: row.line), waiting)
    if refused or waiting:
        raise typer.Exit(1)


def _known_funds(ids: Iterable[str]) -> set[str]:
    audit, known = ServiceClient("audit"), set()
    for id_ in sorted(ids):
        try:
            audit.get(f"/funds/{quote(id_, safe='')}")
        except ServiceError as error:
            if error.status != 404:
                raise
        else:
            known.add(id_)
    return known


def _without_fund(gift: Gift) -> Refused:
    return Refused(gift.line, "fund_id", "没有这个基金", f"no such fund: {gift.fact.fund_id}")


def _facts(gifts: Sequence[Gift]) -> Iterable[DonationReceived]:
    """The giver's id comes from intake's vault, one call for all his rows."""
    intake, known = ServiceClient("intake"), dict[str, str]()
    for gift in gifts:
        key = derived_id("party", *(f"{k}={v}" for k, v in sorted(gift.giver.items())))
        if key not in known:
            known[key] = intake.post("/parties", gift.giver, key=key)["person_id"]
        yield gift.fact.model_copy(update={"donor_id": known[key]})


async def _publish(
    source: str, facts: Sequence[DonationReceived], within_s: float
) -> tuple[str, ...]:
    """The references whose entries did not appear in time."""
    bootstrap, broker = _broker()
    root = (default_secrets_dir() / "root.key").read_bytes()
    async with ForeignPublisher(
        bootstrap,
        source=source,
        key=publisher_key(root, source),
        topic=DONATIONS_INBOUND,
        idempotent=broker == "kafka",
    ) as publisher:
        for fact in facts:
            await publisher.publish(fact.bank_reference, fact, fact.received_at)
        try:
            await asyncio.wait_for(publisher.all_answered(), within_s)
        except TimeoutError:
            return publisher.waiting
    return ()


def _broker() -> tuple[str, str]:
    stack = running_stack(default_data_dir())
    if stack:
        return stack.kafka_bootstrap, stack.broker
    settings = load_settings(Settings)
    return settings.kafka_bootstrap, settings.broker


def _show(done: int, refused: Sequence[Refused], waiting: Sequence[str]) -> None:
    typer.echo(
        f"已入账 entered: {done}；被拒绝 refused: {len(refused)}；"
        f"未见入账 no entry seen: {len(waiting)}"
    )
    if refused:
        rows = table("行 line", "字段 field", "原因", "reason")
        for row in refused:
            rows.add_row(str(row.line), row.field, row.zh, escape(row.en))
        console().print(rows)
    for reference in waiting:
        typer.echo(f"未见入账 no entry seen: {reference}")
