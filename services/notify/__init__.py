"""notify: requests, matches, ledger, receipts -> who is told what, where -> notifications.

One notice per event, recipient and purpose (`purposes.py`); its attempts by channel are its
children. What was claimed is durable before anything is sent, and an SMS whose fate is unclear is
never sent again: its receipt or a person says what became of it.
"""
