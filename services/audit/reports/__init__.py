"""Reports on the ledger: traces of gifts, the figures of disclosure, statutory statements.

Worked out from the published log alone, with the base dependencies only.
"""
