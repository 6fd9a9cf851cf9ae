"""How an account's files are read, said once and remembered: a file for each account.

It holds headers, constants and the name of the account; nothing of any giver.
"""

from pathlib import Path

from pydantic import ValidationError

from services.audit.statements.layout import Layout
from shared.ids import make_id
from shared.text import fold_text

FOLDER = "statement-layouts"


def load_layout(data_dir: Path, account: str) -> Layout | None:
    """What was remembered of it; None where nothing was, or an earlier release wrote otherwise."""
    try:
        return Layout.model_validate_json(_find_file(data_dir, account).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def save_layout(data_dir: Path, layout: Layout) -> None:
    """Of an account that has a name."""
    file = _find_file(data_dir, layout.account)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(layout.model_dump_json(indent=1), encoding="utf-8")


def _find_file(data_dir: Path, account: str) -> Path:
    """By a digest: an account's name is somebody's text, and no path."""
    return data_dir / FOLDER / f"{make_id('A', fold_text(account))}.json"
