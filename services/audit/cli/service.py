"""What the running service says of the ledger, and how that is compared with the log."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import typer
from rich.markup import escape

from services.audit.cli.showing import COLUMNS, UNREADABLE, console
from services.audit.verify.books import totals
from services.audit.verify.merkle import Frontier, leaf_hash
from services.audit.verify.note import Checkpoint, NoteError, root_text
from services.audit.verify.published import read_entries
from services.audit.verify.replay import Replay
from services.audit.verify.source import Source
from services.audit.verify.tiles import CHECKPOINT

PUBLISHED_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Difference:
    """log and service: the two values, as they are written."""

    what: str
    log: str
    service: str


def service_says(*, needed: bool) -> dict[str, Any] | None:
    """The running service's sums; None when it does not run and is not needed."""
    from shared.client import ServiceClient, ServiceError  # an offline auditor does not have it

    try:
        said: dict[str, Any] = ServiceClient("audit").get("/summary")
    except ServiceError as error:
        if not needed:
            return None
        console.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(UNREADABLE) from None
    return said


def compare(source: Source, found: Replay, said: Mapping[str, Any]) -> list[Difference]:
    """Where the balances rebuilt from the log and the service's own are not the same."""
    size = said["size"]
    pairs = {"size": (found.entries, size), "root": (_root(source, size), said["root"])}
    theirs = {fund["id"]: fund for fund in said["funds"] if fund["state"] == "open"}
    for id_ in sorted(found.books.funds.keys() | theirs.keys()):
        book = found.books.funds.get(id_)
        ours = totals(book) if book else {}
        for name in COLUMNS:
            pairs[f"{id_} {name}"] = (ours.get(name), theirs.get(id_, {}).get(name))
    return [Difference(what, str(a), str(b)) for what, (a, b) in pairs.items() if a != b]


def wait_until_published(source: Source, size: int) -> None:
    """A checkpoint follows its transaction closely; give it the time."""
    deadline = time.monotonic() + PUBLISHED_WITHIN_S
    while (standing := _standing(source)) < size:
        if time.monotonic() > deadline:
            raise NoteError(
                f"已公布 {standing}/{size} 条 {standing} of {size} entries are published"
            )
        time.sleep(0.1)


def _standing(source: Source) -> int:
    data = source.read(CHECKPOINT)
    return Checkpoint.unverified(data).size if data else 0


def _root(source: Source, size: int) -> str:
    leaves = map(leaf_hash, islice(read_entries(source, _standing(source)), size))
    tree = Frontier().extend(leaves)
    return root_text(tree.root())
