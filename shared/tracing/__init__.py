"""Traces: what the four services did for one request, as OpenTelemetry spans with ids alone.

A trace is a request's: its id is derived from the correlation id, so all that is ever done for the
request is one trace, and nobody outside chooses in whose trace he is (docs/decisions/0450).
"""
