"""An empty sheet to fill in: headers with notes, lists to choose from, rows as examples."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.sheets.columns import Columns

ROWS_PREPARED = 2000
_LETTERS_MAX = 250
"""What a spreadsheet program takes as a list within a cell's rule."""


@dataclass(frozen=True, slots=True)
class Template:
    """names: of the columns, in their order. notes: what is said of a column beside whether it is
    needed. choices: what may stand in it. examples: rows, by column name."""

    title: str
    columns: Columns
    names: Sequence[str]
    notes: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    examples: Sequence[Mapping[str, str]] = ()


def build_workbook(template: Template) -> bytes:
    """An .xlsx whose second sheet explains every column and all of its other names."""
    import openpyxl  # an auditor's machine does not have it
    from openpyxl.comments import Comment
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = template.title
    for place, name in enumerate(template.names, 1):
        column, letter = template.columns.find_column(name), get_column_letter(place)
        header = sheet.cell(1, place, column.label)
        header.font = Font(bold=True)
        header.comment = Comment(_explain(template, name), "guanjia")
        sheet.column_dimensions[letter].width = 16
        for row in range(2, ROWS_PREPARED + 2):
            # Text, so that no digit of a phone or number is lost.
            sheet.cell(row, place).number_format = "@"
        listed = ",".join(template.choices.get(name, ()))
        if listed and len(listed) <= _LETTERS_MAX:
            rule = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True)
            rule.showErrorMessage = False
            rule.add(f"{letter}2:{letter}{ROWS_PREPARED + 1}")
            sheet.add_data_validation(rule)
        for row, example in enumerate(template.examples, 2):
            sheet.cell(row, place, example.get(name, ""))
    sheet.freeze_panes = "A2"
    _add_explanations(book.create_sheet("填写说明"), template)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _add_explanations(sheet: "object", template: Template) -> None:
    from openpyxl.worksheet.worksheet import Worksheet

    assert isinstance(sheet, Worksheet)
    sheet.append(["列", "说明", "也可以写成"])
    for column in template.columns.columns:
        others = "、".join(column.words.split()[1:])
        sheet.append([f"【{column.label}】", _explain(template, column.name), others])
    for letter, width in (("A", 18), ("B", 60), ("C", 50)):
        sheet.column_dimensions[letter].width = width


def _explain(template: Template, name: str) -> str:
    parts = ["必填" if template.columns.find_column(name).required else "可不填"]
    if note := template.notes.get(name):
        parts.append(note)
    if choices := template.choices.get(name):
        parts.append(f"可填：{'、'.join(choices)}")
    return "。".join(parts)
