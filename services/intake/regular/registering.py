"""An entry for the register, from a form, a row of a sheet or a program: its person comes first."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from services.intake.messages import AREA_FOREIGN, VILLAGE_ELSEWHERE
from services.intake.model import RegisterParty
from services.intake.model.regular import RegisterWork, WorkRow
from services.intake.regular.messages import KIND_CELLS, KINDS, WORK_KIND_UNKNOWN
from services.intake.resources import IntakeRuntime
from shared.contracts.events import WorkKind
from shared.errors import Invalid
from shared.messaging.decision import Answer, Command
from shared.money import parse_quantity
from shared.phones import parse_mobile
from shared.security import Credential
from shared.sheets import (
    ABSENT_WORDS,
    REASON_HEADERS,
    Column,
    Columns,
    RefusedRow,
    Row,
    Table,
    TotalRow,
    open_sheet,
    parse_folded,
)
from shared.text import fold_text
from shared.towns import parse_town, parse_village
from shared.validation import describe_validation
from shared.villages import find_village

OF_PERSONS = ("veteran", "plan")


async def register_work(
    runtime: IntakeRuntime, caller: Credential, row: WorkRow, key: str
) -> Answer:
    """key: the caller's, whole. The same key registers once."""
    if not caller.sees(row.area.town_code, row.area.village_code):
        return AREA_FOREIGN.refusal(403, "area")
    person_id = None
    if row.person is not None and row.kind in OF_PERSONS:
        party = RegisterParty(
            name=row.person.name, phone=row.person.phone, id_number=row.person.id_number
        )
        command = Command(party, key=f"{key}-person", principal=caller.principal)
        answer = await runtime.processor.execute(command)
        if answer.status >= 400:
            return answer
        person_id = str(answer.body["person_id"])
    work = RegisterWork(
        kind=row.kind,
        area=row.area.model_copy(update={"cell": None}),
        title="" if row.kind in OF_PERSONS else fold_text(row.title),
        person_id=person_id,
        service=row.service,
        every_days=row.every_days,
        by=caller.principal,
    )
    return await runtime.processor.execute(Command(work, key=key, principal=caller.principal))


# --- sheets ---------------------------------------------------------------------------------------


def read_area(town_code: str, village: str) -> dict[str, object]:
    """village: its name or code; empty where it is the town's. Raises Invalid."""
    if not village:
        return {"town_code": town_code}
    code = find_village(village, town_code)
    if code is None:
        code = parse_village(village, "village")
    if not code.startswith(town_code):
        raise VILLAGE_ELSEWHERE.invalid("village")
    return {"town_code": town_code, "village_code": code}


def _parse_kind(text: str, field: str) -> WorkKind:
    """Raises Invalid."""
    word = fold_text(text)
    kind = KIND_CELLS.get(word) or next((each for each in KINDS if each == word), None)
    if kind is None:
        raise WORK_KIND_UNKNOWN.invalid(field)
    return kind


WORK_COLUMNS = Columns(
    (
        Column("kind", "类型 工作类型", _parse_kind, required=True),
        Column("title", "名称 场所名称 机构名称 站点名称 工号"),
        Column("name", "姓名 服务对象"),
        Column("phone", "手机 手机号 联系电话", parse_mobile, absent=ABSENT_WORDS),
        Column("town", "镇街 镇 街道 所属镇街", parse_town, required=True),
        Column("village", "村居 村(居) 村 社区 村居代码"),
        Column("service", "服务 服务项目", parse_folded),
        Column("unit", "单位", parse_folded),
        Column("total", "总量 计划总量", parse_quantity, single=True),
        Column("every_days", "周期天数 巡查周期", parse_quantity),
    ),
    ignored=REASON_HEADERS,
)


@dataclass(frozen=True, slots=True)
class SheetWork:
    line: int
    original: tuple[str, ...]
    row: WorkRow


@dataclass(frozen=True, slots=True)
class WorkSheet:
    table: Table

    def __iter__(self) -> Iterator[SheetWork | RefusedRow]:
        for row in self.table:
            if isinstance(row, Row):
                yield _read_row(row)
            elif not isinstance(row, TotalRow):
                yield row


def read_works(content: bytes) -> WorkSheet:
    """Raises Invalid when the file is no sheet of regular work."""
    return WorkSheet(open_sheet(content).find_table(WORK_COLUMNS))


def _read_row(row: Row) -> SheetWork | RefusedRow:
    values = row.values
    fields: dict[str, object] = {
        "kind": values["kind"],
        "title": row.text("title"),
        "every_days": values.get("every_days"),
    }
    if name := row.text("name"):
        fields["person"] = {"name": name, "phone": values.get("phone")}
    if item := row.text("service"):
        fields["service"] = {
            "item": item,
            "unit": row.text("unit") or "次",
            "total": values.get("total"),
        }
    try:
        fields["area"] = read_area(row.text("town"), row.text("village"))
        return SheetWork(row.line, row.original, WorkRow.model_validate(fields))
    except ValidationError as error:
        return RefusedRow(row.line, row.original, describe_validation(error))
    except Invalid as error:
        return RefusedRow(row.line, row.original, error.problems)
