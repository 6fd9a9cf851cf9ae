"""A bank's file by page: one person takes it in, another lets it be entered, row by row, each
decided on as the bank's own message of it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from services.audit.decide.proposals import require_open
from services.audit.model.statement_files import (
    ApproveStatementFile,
    ProposeStatementFile,
    StatementFile,
    StatementRowSent,
)
from services.audit.statement_files.messages import STATEMENT_FILE_EXISTS
from shared.answers import Answer
from shared.contracts.envelope import Fact
from shared.messaging.decision import Command, Decision, States


def decide_propose_file(
    states: States,
    command: Command[ProposeStatementFile],
    now: datetime,  # noqa: ARG001
) -> Decision:
    """The same again changes nothing: whoever was cut short hands it over anew."""
    data = command.data
    file = StatementFile(id=data.file_id, maker=command.principal, summary=data.summary)
    existing = states.get(StatementFile, data.file_id)
    if existing is None:
        return Decision((file,), answer=Answer(202, file.to_json()))
    if (existing.maker, existing.summary) != (file.maker, file.summary):
        return Decision(answer=STATEMENT_FILE_EXISTS.refusal(409))
    return Decision(answer=Answer(202, existing.to_json()))


@require_open(StatementFile)
def decide_approve_file(
    states: States,  # noqa: ARG001
    command: Command[ApproveStatementFile],
    now: datetime,  # noqa: ARG001
    file: StatementFile,
) -> Decision:
    approved = file.resolve("approved", command.principal)
    return Decision((approved,), answer=Answer(200, approved.to_json()))


def decide_statement_row(
    decisions: Mapping[type[Fact], Callable[[States, Any, datetime], Decision]],
    states: States,
    command: Command[StatementRowSent],
    now: datetime,
) -> Decision:
    """decisions: by fact, those of the topic. Raises Invalid."""
    event = command.data.event
    return decisions[type(event.data)](states, event, now)
