"""The append-only log, writing side: sealing entries, signing checkpoints, publishing files.

What is needed to read a log back (hashing, tiles, notes, canonical entries, books) lives in
`services.audit.verify`, so that auditors need nothing else; this room imports from there.
"""
