"""The ledger on the log: kinds of entries, the books they are posted to, and their verification.

Imports `tlog`, the contracts and the base dependencies only, so an auditor needs nothing else of
this project.
"""
