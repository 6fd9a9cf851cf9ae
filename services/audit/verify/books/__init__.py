"""The books: entries folded into balances by account, by fund, by commitment and by item.

Invariants 7 to 10 are checked while folding, each before anything is posted. The fold changes its
books in place, because a replay passes millions of entries through it.
"""

from services.audit.verify.books.balances import (
    AccountBook,
    CommitmentBook,
    FundBook,
    GoodsAccountBook,
    GoodsBook,
    totals,
)
from services.audit.verify.books.fold import Books
from services.audit.verify.books.legs import mirror

__all__ = [
    "AccountBook",
    "Books",
    "CommitmentBook",
    "FundBook",
    "GoodsAccountBook",
    "GoodsBook",
    "mirror",
    "totals",
]
