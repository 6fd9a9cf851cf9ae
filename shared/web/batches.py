"""Many rows in one request: each is decided on its own, and answered in its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.answers import Answer
from shared.errors import Invalid, refuse
from shared.messaging.decision import Command
from shared.messaging.processor import Processor


@dataclass(frozen=True, slots=True)
class Row:
    """identity: what the answer repeats, such as its key. work: a command, or why it is none."""

    identity: Mapping[str, str]
    work: Command | Invalid | Answer


async def answer_rows(processor: Processor, rows: Sequence[Row]) -> dict[str, Any]:
    """`{"answers": [{<identity>, "status", ...}]}`, in the order of the rows.

    The commands share transactions; a row that is refused holds up no other. Raises what is not
    a row's own fault: then the caller sends all again, and nothing is done twice.
    """
    commands = [row.work for row in rows if isinstance(row.work, Command)]
    decided = iter(await processor.execute_many(commands))
    results = [next(decided) if isinstance(row.work, Command) else row.work for row in rows]
    return {
        "answers": [
            {**row.identity, **_format_result(result)}
            for row, result in zip(rows, results, strict=True)
        ]
    }


def _format_result(result: Answer | Exception) -> dict[str, object]:
    if isinstance(result, Invalid):
        result = refuse(422, *result.problems)
    if isinstance(result, Exception):
        raise result
    return {"status": result.status, **result.body}
