"""报表: every report of audit as a workbook to take away."""

from services.audit.pages.downloads.registry import REPORTS as REPORTS
from services.audit.pages.downloads.registry import BookReport as BookReport
