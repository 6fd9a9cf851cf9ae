"""A workbook to take away."""

from fastapi.responses import Response

from shared.sheets.report import XLSX
from shared.web.pages import HEADERS


def attach_workbook(content: bytes, name: str) -> Response:
    """name: of the file, without its ending."""
    disposition = f'attachment; filename="{name}.xlsx"'
    return Response(
        content, media_type=XLSX, headers={**HEADERS, "Content-Disposition": disposition}
    )
