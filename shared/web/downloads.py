"""A workbook to take away."""

import asyncio
from collections.abc import Iterable

from fastapi.responses import Response

from shared.sheets.report import XLSX, ReportSheet, write_report
from shared.web.pages import HEADERS


async def attach_report(sheets: Iterable[ReportSheet], name: str) -> Response:
    """Written in a thread: it takes a while, and others are answered meanwhile."""
    return attach_workbook(await asyncio.to_thread(write_report, sheets), name)


def attach_workbook(content: bytes, name: str) -> Response:
    """name: of the file, without its ending."""
    disposition = f'attachment; filename="{name}.xlsx"'
    return Response(
        content, media_type=XLSX, headers={**HEADERS, "Content-Disposition": disposition}
    )
