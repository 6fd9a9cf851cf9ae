"""What must be disclosed of a period, and by when: 慈善组织信息公开办法, in force since 2026-01-01.

The figures are worked out from the log alone and add up with the books. Which duties were already
met the log does not know: a duty is `overdue` where its day has passed. Have counsel confirm.
"""
