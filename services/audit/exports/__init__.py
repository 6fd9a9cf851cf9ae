"""The log in the formats of other programs: journals for ledger, hledger and beancount, and tables.

Worked out from the published log alone, with the base dependencies only (parquet: pyarrow).
"""
