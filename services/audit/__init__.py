"""Donations and matches -> which ledger entry each becomes, what a fund may do -> the ledger.

Consumes `guanjia.donations.inbound` and `guanjia.matches`; decides which balanced double entry a
fact becomes, whether the fund can bear it, and what is refused; emits on `guanjia.ledger` and
publishes every entry on a tile log with signed checkpoints (`log/`), which anybody can verify
(`verify/`). Each foundation has a log of its own for each ledger year; what is left at the year's
end is carried into the next (`years`).
"""
