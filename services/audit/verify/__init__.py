"""The offline verifier, and with it the log's reading side: hashing, tiles, notes, entries, books.

Imports the contracts and the base dependencies only, so an auditor needs nothing else of this
project. `services.audit.log`, which writes the log, imports from here, never the other way round.
"""
