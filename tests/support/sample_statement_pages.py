"""The pages of banks' files that finance takes in, rendered with samples."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from fastapi.responses import HTMLResponse

from services.audit.model.statement_files import FileSummary, StatementFile
from services.audit.pages import statements
from services.audit.pages.proposal_values import STATED
from services.audit.pages.proposing import FINANCE_PATH, PAGES
from services.audit.pages.statement_columns import UNITS, ColumnQuestion, list_columns, name_choice
from services.audit.statement_files.uploads import Upload
from services.audit.statements import Gift, Layout
from services.audit.statements.bank_rows import BankRow
from services.audit.statements.passed_over import PassedOverColumn
from services.audit.statements.trial import Trial
from shared.contracts.events import BankLineStated, DonationReceived
from shared.errors import Problem
from shared.security import Role
from shared.sheets import RefusedRow
from tests.support.readers import make_reader

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
KEY = "k" * 22


def render_statement_samples(words: str) -> Mapping[str, HTMLResponse]:
    reader = make_reader(Role.FINANCE_MAKER)
    problem = Problem("any", words, words, "amount")
    upload = Upload("0" * 32, "m", words, words, Layout(account=words[:100], bank_fund="warm"))
    fund = SimpleNamespace(id=words, name=words)
    common: dict[str, Any] = {"upload": upload, "path": statements.STATEMENTS_PATH, "key": KEY}
    trial = make_trial(words, problem)
    file = StatementFile(id="F-1", maker="m", summary=summarize(words))
    preview: dict[str, Any] = {
        **common,
        "problems": [problem.as_dict()],
        "questions": [ColumnQuestion(words, "amount"), ColumnQuestion(words, "")],
        "columns": list_columns(),
        "units": UNITS,
        "funds": [fund],
        "finance_path": FINANCE_PATH,
        "reading": [(words, "金额", "amount")],
        "stated_words": STATED,
        "payments": trial.payments * 60,
        "gifts": trial.gifts,
        "shown_said": statements.SHOWN_SAID,
        "shown_rows": 20,
        "shown_refused": 50,
        "refused": [name_choice(row) for row in trial.refused],
    }
    done = Counter(dict.fromkeys((*statements.OUTCOMES, "asked_alike"), 3))
    return {
        "statements": PAGES.render_for(
            reader,
            "statements.html",
            problems=[problem.as_dict()],
            typed={"account": words},
            files=[upload],
            states=statements.STATES,
            accounts=[words],
            funds=[fund],
            sources=[words, "/bank/other"],
            may_propose=True,
            rows_max=statements.ROWS_MAX,
            megabytes=4,
            path=statements.STATEMENTS_PATH,
        ),
        "statement unread": PAGES.render_for(
            reader,
            "statement_preview.html",
            **preview,
            trial=None,
            file=None,
            is_own=False,
            may_check=False,
            may_state_payments=True,
        ),
        "statement to approve": PAGES.render_for(
            reader,
            "statement_preview.html",
            **preview,
            trial=trial,
            file=file,
            is_own=False,
            may_check=True,
            may_state_payments=False,
        ),
        "statement done": PAGES.render_for(
            reader,
            "statement_progress.html",
            **common
            | {"upload": Upload("1", "m", words, "s", Layout(), "done", counts=done, refused=2)},
            state=statements.STATES["done"],
            outcomes=statements.OUTCOMES,
            may_propose=True,
        ),
    }


def summarize(words: str) -> FileSummary:
    return FileSummary(
        source="/bank/icbc",
        name=words[:100],
        account=words[:100],
        first=NOW,
        last=NOW,
        gifts=1,
        amount_fen=33_300,
        payments=1,
        refused=1,
        sha256="a" * 64,
    )


def make_trial(words: str, problem: Problem) -> Trial:
    gift = DonationReceived(
        donor_id="P-1",
        fund_id="warm",
        amount_fen=33_300,
        received_at=NOW,
        bank_reference="B-1",
    )
    stated = BankLineStated(
        direction="paid", memo="", amount_fen=800, at=NOW, bank_reference="B-2", own_account="a"
    )
    trial = Trial(words, words, (words,), (words,), balances=(100, -200))
    trial.add(Gift(2, {"name": words}, gift, "B-1", (problem,)))
    trial.add(BankRow(3, (), (problem,), stated))
    trial.add(RefusedRow(4, (), (problem,)))
    said = Counter({words: 3, **{str(number): 1 for number in range(9)}})
    trial.passed_over = [
        PassedOverColumn(0, words, None, is_ignored, said) for is_ignored in (True, False)
    ]
    return trial
