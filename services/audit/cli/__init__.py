"""`guanjia audit`: what an auditor, a donor or a witness does with the public log.

One module per subject. None imports what only a running service needs: an auditor installs the base
dependencies alone.
"""

import typer

from services.audit.cli import (
    accounting,
    bank_lines,
    beginnings,
    keys,
    mandates,
    months,
    proposals,
    receipt,
    reconcile,
    replay,
    reports,
    searching,
    stocks,
    verify,
    vouchers,
    witness,
)

app = typer.Typer(help="公开账本 The public ledger.", no_args_is_help=True, add_completion=False)
app.command("verify")(verify.verify)
app.command("replay")(replay.replay_log)
app.command("export")(reports.export)
app.command("vouchers")(accounting.write_month_vouchers)
app.command("statements")(accounting.write_month_statements)
app.command("receipt")(receipt.print_receipt)
app.command("check-receipt")(receipt.check_receipt)
app.command("witness")(witness.run_witness)
app.command("rotate-key")(keys.rotate_key)
app.command("trace")(reports.trace_donation)
app.command("reconcile")(reconcile.print_reconciliation)
app.command("find")(searching.print_gifts)
app.command("disclose")(reports.disclose)
app.add_typer(proposals.fund_app, name="fund")
app.add_typer(beginnings.chart_app, name="chart")
app.add_typer(beginnings.opening_app, name="opening")
app.add_typer(mandates.app, name="mandate")
app.command("attach")(vouchers.send_attachment)
app.add_typer(vouchers.fee_app, name="fee")
app.add_typer(vouchers.refund_app, name="refund")
app.add_typer(stocks.app, name="stock")
app.add_typer(months.app, name="month")
app.add_typer(bank_lines.line_app, name="bank-line")
app.add_typer(bank_lines.release_app, name="line-release")
app.add_typer(proposals.transfer_app, name="transfer")
app.add_typer(proposals.reversal_app, name="reversal")
app.add_typer(proposals.second_payment_app, name="second-payment")
