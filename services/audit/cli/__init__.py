"""`guanjia audit`: what an auditor, a donor or a witness does with the public log.

One module per subject, imported when a command of it is called: who verifies a log waits for
nothing else. None imports what only a running service needs: an auditor installs the base
dependencies alone.
"""

from typing import ClassVar

import typer

from shared.lazy_commands import Lazy, LazyGroup


def _find(module: str, attribute: str) -> Lazy:
    return Lazy("", (f"services.audit.cli.{module}",), attribute)


class LedgerCommands(LazyGroup):
    COMMANDS: ClassVar[dict[str, Lazy]] = {
        "verify": _find("verify", "verify"),
        "replay": _find("replay", "replay_log"),
        "export": _find("reports", "export"),
        "vouchers": _find("accounting", "write_month_vouchers"),
        "statements": _find("accounting", "write_month_statements"),
        "receipt": _find("receipt", "print_receipt"),
        "check-receipt": _find("receipt", "check_receipt"),
        "witness": _find("witness", "run_witness"),
        "rotate-key": _find("keys", "rotate_key"),
        "trace": _find("reports", "trace_donation"),
        "reconcile": _find("reconcile", "print_reconciliation"),
        "find": _find("searching", "print_gifts"),
        "disclose": _find("reports", "disclose"),
        "fund": _find("proposals", "fund_app"),
        "chart": _find("beginnings", "chart_app"),
        "opening": _find("beginnings", "opening_app"),
        "mandate": _find("mandates", "app"),
        "attach": _find("vouchers", "send_attachment"),
        "fee": _find("vouchers", "fee_app"),
        "refund": _find("vouchers", "refund_app"),
        "bank-entry": _find("vouchers", "bank_app"),
        "invoice": _find("invoices", "app"),
        "stock": _find("stocks", "app"),
        "month": _find("months", "app"),
        "gift-question": _find("gift_questions", "app"),
        "bank-line": _find("bank_lines", "line_app"),
        "line-release": _find("bank_lines", "release_app"),
        "transfer": _find("proposals", "transfer_app"),
        "reversal": _find("proposals", "reversal_app"),
        "second-payment": _find("proposals", "second_payment_app"),
    }


app = typer.Typer(cls=LedgerCommands, no_args_is_help=True, add_completion=False)


@app.callback()
def _group() -> None:
    """公开账本 The public ledger."""
