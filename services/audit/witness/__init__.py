"""A small witness: cosigns a log's checkpoint if it continues the one it cosigned before.

Somebody else than the log's operator runs it; then the log cannot show two histories. It keeps one
checkpoint for each log it knows and speaks C2SP tlog-witness (`POST /add-checkpoint`).
"""
