"""The same pipeline written the way FastStream's and Motor's tutorials are: one message at a time.

A pydantic model comes in, `insert_one` or `update_one` is awaited, `publish` is awaited, the
subscriber's defaults decide what is committed when. It is kept short and kind: no signatures, no
outbox, no idempotency, no log lines, one HTTP client for all, and matching accepts, delivers and
confirms by itself instead of being asked over HTTP.
"""
