"""What others ask of the ledger, worked out from the published log alone.

Journals and tables for other programs, the way of a gift to what it paid for, and the figures and
dates of disclosure. Like the verifier these need the base dependencies only (parquet: pyarrow).
"""
