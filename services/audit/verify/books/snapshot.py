"""Every balance in a form that canonical JSON writes the same way everywhere."""

from typing import Any

from services.audit.verify.books.balances import Balances, totals


def snapshot(books: Balances) -> dict[str, Any]:
    return {
        "accounts": [
            {
                "fund": fund,
                "account": account,
                "debit_fen": book.debit_fen,
                "credit_fen": book.credit_fen,
            }
            for (fund, account), book in sorted(books.accounts.items())
        ],
        "commitments": [
            {
                "entry": index,
                "subject": book.subject,
                "fund": book.fund,
                "reserved_fen": book.reserved_fen,
                "disbursed_fen": book.disbursed_fen,
                "released_fen": book.released_fen,
                "outstanding_fen": book.outstanding_fen,
            }
            for index, book in sorted(books.commitments.items())
        ],
        "funds": [{"fund": fund, **totals(book)} for fund, book in sorted(books.funds.items())],
        "goods": [
            {
                "fund": fund,
                "item": item,
                "unit": unit,
                "brought_forward": book.brought_forward,
                "received": book.received,
                "distributed": book.distributed,
                "in_stock": book.in_stock,
            }
            for (fund, item, unit), book in sorted(books.goods.items())
        ],
    }
