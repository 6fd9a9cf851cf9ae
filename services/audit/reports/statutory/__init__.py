"""What an accountant takes over from the log: vouchers, balance sheet, statement of activities.

Codes, rows and their numbers are those of 民间非营利组织会计制度 (会民非01表, 会民非02表). Promises
have no statutory account and stay out; so do goods, which the log counts in pieces without a value.
"""
