"""Entering a file that two people of finance want entered: portion by portion, as its source's own
messages, with the ids that `guanjia import donations` gives them.

So a row is entered once, whichever way it comes, and a portion that was cut short is done again.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

import orjson
import structlog

from services.audit import store
from services.audit.model.statement_files import EnterStatementRow, StatementFile
from services.audit.preparing import build_bank_secrets
from services.audit.resources import AuditRuntime
from services.audit.statement_files import uploads
from services.audit.statement_files.uploads import Upload
from services.audit.statements import Gift, views
from services.audit.statements.bank_rows import BankRow
from services.audit.statements.files import (
    Check,
    Identities,
    Row,
    StatedRow,
    check_row,
    identify_rows,
    list_gifts,
)
from services.audit.statements.givers import (
    Registered,
    describe_givers,
    make_giver_key,
    read_answers,
    split_portions,
)
from services.audit.statements.messages import GIFT_MAY_BE_KNOWN
from services.audit.statements.outcomes import (
    REFUSALS,
    LikenessAnswer,
    explain_fund,
    find_outcome,
    make_trait,
    name_row_as_stored,
    read_likeness,
)
from services.audit.statements.reading import Statement, read_statement
from shared import mongo
from shared.answers import Answer
from shared.contracts.events import BankLineStated, DonationReceived
from shared.documents import Document
from shared.errors import BugBrake, Invalid, Problem, Transient
from shared.http import CallError, HttpClient
from shared.ids import derive_cause_id
from shared.messaging.decision import Command
from shared.messaging.inbox import describe_bug
from shared.security import Unauthenticated
from shared.sheets import RefusedRow

log = structlog.get_logger()

PORTION_ROWS = 200
POLL_S = 1.0
CLAIM_LASTS = timedelta(seconds=15)
DISTINCT_MAX = 20

AnyRow = Gift | RefusedRow
EARLIER: Mapping[str, str] = {"entered": "before", "repeated": "before"}
"""What an outcome is called of a row that the books had before this file."""
_REFUSALS: Mapping[str, Problem] = dict(REFUSALS.items())


async def enter_files(runtime: AuditRuntime) -> None:
    """Until cancelled."""
    while True:
        try:
            for upload in await uploads.list_handed_over(runtime.database):
                await _continue(runtime, upload)
        except (Transient, BugBrake) as error:
            log.warning("statement_waits", error=str(error))
        await runtime.processor.rest(POLL_S)


async def _continue(runtime: AuditRuntime, upload: Upload) -> None:
    database, now = runtime.database, await runtime.processor.now()
    file = await mongo.load(database, StatementFile, upload.proposal)
    if file is None or file.state == "proposed":
        return
    if file.state != "approved":
        await uploads.end_upload(database, upload, "declined", now)
        return
    claimed = await uploads.claim_next(database, upload.id, now, now + CLAIM_LASTS)
    if claimed is not None:
        await _enter(runtime, claimed, file)


async def _enter(runtime: AuditRuntime, upload: Upload, file: StatementFile) -> None:
    """Nothing is entered in the name of who is nobody any more, or of a bank that has ended, or
    that is not what was approved."""
    now, content = await runtime.processor.now(), await uploads.load_content(runtime, upload.id)
    is_approved = content and uploads.hash_file(upload, content) == file.summary.sha256
    if content is None or not is_approved or not _may_enter(runtime, upload):
        await uploads.end_upload(runtime.database, upload, "stopped", now)
        return
    try:
        statement = await runtime.resources.sheet_gate.read(
            read_statement, content, upload.name, upload.layout
        )
    except Invalid as invalid:  # read when it was proposed: another release reads it otherwise
        log.warning("statement_unreadable", code=invalid.problems[0].code)
        await uploads.end_upload(runtime.database, upload, "stopped", now)
        return
    await uploads.remember_layout(runtime.database, upload)
    entering = await _prepare(runtime, upload, file, statement)
    await entering.run(statement)
    now = await runtime.processor.now()
    headers = statement.table.headers
    await uploads.end_upload(runtime.database, entering.upload, "done", now, headers)


def _may_enter(runtime: AuditRuntime, upload: Upload) -> bool:
    try:
        runtime.keyring.require_credential(upload.by)
    except Unauthenticated:
        return False
    return runtime.keyring.find_publisher_key(upload.source) is not None


async def make_fund_check(database: mongo.Database) -> Check:
    """An entry that is refused for its fund stays refused: so it is asked before."""
    states: Mapping[str, str] = {fund.id: fund.state for fund in await store.read_funds(database)}

    def check(gift: Gift) -> Problem | None:
        return explain_fund(gift.fact.fund_id, states.get(gift.fact.fund_id))

    return check


async def _prepare(
    runtime: AuditRuntime, upload: Upload, file: StatementFile, statement: Statement
) -> "_Entering":
    settings = runtime.settings
    token = settings.secrets_dir / "service.token"
    return _Entering(
        runtime,
        upload,
        file.checker,
        GiversClient(runtime.http, settings.intake_url, token, upload.by),
        Identities(statement.account),
        await make_fund_check(runtime.database),
        await uploads.load_refused(runtime, upload.id),
    )


@dataclass(slots=True)
class _Entering:
    """One file on its way. principal: who approved it."""

    runtime: AuditRuntime
    upload: Upload
    principal: str
    givers: "GiversClient"
    identities: Identities
    check_fund: Check
    refused: list[RefusedRow]

    async def run(self, statement: Statement) -> None:
        """The portions that are done are read again, for the rows behind them are counted on."""
        rows, number = iter(statement), 0
        while some := await asyncio.to_thread(_take, rows):
            number += 1
            now = await self.runtime.processor.now()
            checked = [check_row(row, self.check_fund, now) for row in some]
            portion = await self._identify(checked)
            if number > self.upload.portions:
                await self._enter(portion, number, len(some))

    async def _identify(self, checked: Sequence[AnyRow]) -> "_Portion":
        registered = await self.givers.register(list_gifts(checked))
        rows, refused = identify_rows(checked, registered, self.identities)
        stated = [StatedRow.from_row(row) for row in checked if isinstance(row, BankRow)]
        cells = {row.line: row.original for row in checked if row.original}
        return _Portion(rows, stated, refused, cells)

    async def _enter(self, portion: "_Portion", number: int, rows: int) -> None:
        self.refused += portion.refused
        counts = Counter(self.upload.counts)
        counts += await self._enter_gifts(portion)
        counts += await self._enter_stated(portion)
        self.upload = replace(
            self.upload,
            portions=number,
            finished=self.upload.finished + rows,
            counts=counts,
        )
        until = await self.runtime.processor.now() + CLAIM_LASTS
        await uploads.save_progress(self.runtime, self.upload, self.refused, until)

    # --- gifts ---

    async def _enter_gifts(self, portion: "_Portion") -> Counter[str]:
        counts = Counter[str]()
        rows = await self._name_as_stored(portion.rows)
        gifts = await self._find_gifts([row.id for row in rows])
        new = []
        for row, gift in zip(rows, gifts, strict=True):
            outcome = find_outcome(row, gift)
            if outcome in ("unknown", "elsewhere", "reused"):
                new.append(row)
            else:
                self._count_gift(portion, row, EARLIER.get(outcome, outcome), counts)
        new = await self._leave_out_alike(portion, new, counts)
        problems = await self._send([(row.id, row.fact) for row in new])
        gifts = await self._find_gifts([row.id for row in new])
        for row, gift, why in zip(new, gifts, problems, strict=True):
            if why:
                self._refuse(portion, row.line, why)
            else:
                self._count_gift(portion, row, find_outcome(row, gift), counts)
        return counts

    def _count_gift(
        self, portion: "_Portion", row: Row, outcome: str, counts: Counter[str]
    ) -> None:
        if problem := _REFUSALS.get(outcome):
            self._refuse(portion, row.line, (problem,))
        else:
            counts[outcome] += 1

    async def _leave_out_alike(
        self, portion: "_Portion", rows: Sequence[Row], counts: Counter[str]
    ) -> list[Row]:
        """Rows that may be gifts of before wait until somebody has looked at them."""
        fresh = []
        for row, answer in zip(rows, await self._ask_alike(rows), strict=True):
            if answer.is_entered:
                counts["before"] += 1
            elif not answer.gifts:
                fresh.append(row)
            elif self.upload.are_apart:
                gifts = tuple(sorted({each.id for each in answer.gifts}))[:DISTINCT_MAX]
                fact = row.fact.model_copy(update={"distinct_from": gifts})
                fresh.append(replace(row, fact=fact))
            else:
                counts["asked_alike"] += 1
                where = "；".join(each.where for each in answer.gifts)
                self._refuse(portion, row.line, (GIFT_MAY_BE_KNOWN.problem(where=where),))
        return fresh

    async def _ask_alike(self, rows: Sequence[Row]) -> list[LikenessAnswer]:
        hide = build_bank_secrets(self.runtime.keyring).hide_reference
        traits = [
            replace(trait, reference=hide(trait.reference)) for trait in map(make_trait, rows)
        ]
        answers = await views.load_alike(self.runtime.database, self.upload.source, traits)
        documents: Sequence[Document] = answers["rows"]  # type: ignore[assignment]  # as JSON has it
        return [read_likeness(each) for each in documents]

    async def _name_as_stored(self, rows: Sequence[Row]) -> list[Row]:
        ids = [id_ for row in rows for id_ in row.earlier_ids]
        gifts = dict(zip(ids, await self._find_gifts(ids), strict=True))
        return [name_row_as_stored(row, gifts) for row in rows]

    async def _find_gifts(self, ids: Sequence[str]) -> list[Document | None]:
        answer = await views.load_outcomes(self.runtime.database, self.upload.source, ids)
        gifts: Sequence[Document | None] = answer["gifts"]  # type: ignore[assignment]  # as above
        return [gift and {**gift, "received_at": gift["received_at"].isoformat()} for gift in gifts]

    # --- payments, interest, charges ---

    async def _enter_stated(self, portion: "_Portion") -> Counter[str]:
        counts = Counter[str]()
        new = []
        for row, outcome in zip(
            portion.stated, await self._find_lines(portion.stated), strict=True
        ):
            if outcome is None:
                new.append(row)
            else:
                counts["line_before"] += 1
        problems = await self._send([(row.id, row.fact) for row in new])
        for row, outcome, why in zip(new, await self._find_lines(new), problems, strict=True):
            if why:
                self._refuse(portion, row.line, why)
            else:
                counts[f"line_{outcome or 'unseen'}"] += 1
        return counts

    async def _find_lines(self, rows: Sequence[StatedRow]) -> list[str | None]:
        ids = [row.id for row in rows]
        answer = await views.load_line_outcomes(self.runtime.database, self.upload.source, ids)
        lines: list[str | None] = answer["lines"]  # type: ignore[assignment]  # as above
        return lines

    # --- both ---

    def _refuse(self, portion: "_Portion", line: int, problems: tuple[Problem, ...]) -> None:
        self.refused.append(RefusedRow(line, portion.cells.get(line, ()), problems))

    async def _send(
        self, rows: Sequence[tuple[str, DonationReceived | BankLineStated]]
    ) -> list[tuple[Problem, ...]]:
        """Why each was not decided, in order; empty where it was. Raises Transient."""
        source = self.upload.source
        commands = []
        for id_, fact in rows:
            cause = derive_cause_id(source, id_)
            data = EnterStatementRow(source=source, message_id=id_, fact=fact)
            commands.append(
                Command(data, principal=self.principal, correlation_id=cause, causation_id=cause)
            )
        return [_explain(each) for each in await self.runtime.processor.execute_many(commands)]


@dataclass(frozen=True, slots=True)
class _Portion:
    """cells: of every row, by its line."""

    rows: Sequence[Row]
    stated: Sequence[StatedRow]
    refused: Sequence[RefusedRow]
    cells: Mapping[int, tuple[str, ...]]


def _take(rows: Iterator[AnyRow]) -> list[AnyRow]:
    return list(islice(rows, PORTION_ROWS))


def _explain(result: Answer | Exception) -> tuple[Problem, ...]:
    """Raises Transient."""
    match result:
        case Invalid():
            return result.problems
        case Transient():
            raise result
        case Exception():
            return (describe_bug(result),)
        case _:
            return ()


# --- givers ---


class GiversClient:
    """Into intake's vault, in the name of who took the file in; their ids back. Remembers whom it
    registered for one file."""

    def __init__(self, http: HttpClient, intake_url: str, token_file: Path, for_whom: str) -> None:
        """for_whom: the credential of who took the file in."""
        self._http, self._token_file, self._for_whom = http, token_file, for_whom
        self._url = f"{intake_url.rstrip('/')}/internal/parties"
        self._registered: dict[str, Registered] = {}

    async def register(self, gifts: Sequence[Gift]) -> list[Registered]:
        """In order. Raises Transient."""
        keyed = {make_giver_key(gift): gift for gift in gifts}
        new = [(key, gift) for key, gift in keyed.items() if key not in self._registered]
        for portion in split_portions(new):
            self._registered.update(await self._ask(portion))
        return [self._registered[make_giver_key(gift)] for gift in gifts]

    async def _ask(self, portion: Sequence[tuple[str, Gift]]) -> Mapping[str, Registered]:
        query = {"for_whom": self._for_whom, "rows": describe_givers(portion)}
        headers = {
            "Authorization": f"Bearer {self._token_file.read_text().strip()}",
            "Content-Type": "application/json",
        }
        try:
            reply = await self._http.post(self._url, orjson.dumps(query), headers=headers)
            if not reply.is_success:
                raise ValueError(f"status {reply.status}")
            return read_answers(reply.json()["answers"])
        except (CallError, OSError, ValueError, KeyError, TypeError) as error:
            raise Transient(f"intake takes no givers: {type(error).__name__}") from None
