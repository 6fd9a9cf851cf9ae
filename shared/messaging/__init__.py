"""The batch shell around the functional core: broker in, one transaction, outbox out.

`processor` runs it; `decision` has the words a service is written in.
"""
