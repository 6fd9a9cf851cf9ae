"""notify: requests, matches, ledger, receipts -> notices to persons -> notifications.

One notice per event, recipient and purpose (`purposes.py`), with one attempt after another by
channel. A claim is durable before anything is sent, and an SMS whose outcome is unclear is never
sent again: its receipt or a person says what became of it.
"""
