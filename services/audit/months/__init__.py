"""A month is closed: the bank against the books, account by account."""
