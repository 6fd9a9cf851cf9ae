"""What an accountant takes over from the log: vouchers, balance sheet, statement of activities.

Codes and rows are those of 民间非营利组织会计制度, with the numbers of 会民非01表 and 会民非02表
until the end of 2025; the numbers of the forms in force since 2026-01-01 are not known. Promises
have no statutory account and stay out; so do goods, which the log counts in pieces without a value.
"""
