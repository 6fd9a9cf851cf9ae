"""What others ask of the ledger: the way of a gift to what it paid for, the figures of disclosure.

Worked out from the published log alone, with the base dependencies only.
"""
