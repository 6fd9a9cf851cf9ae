"""How gifts flow through the funds to what they pay for: first in, first out within each fund.

A commitment sets aside the first pieces of what its fund has; a disbursement pays with the first of
those; a release gives back the last. What is due stays promised until a bank has paid it; what
comes back from the bank is promised again. A transfer takes the giver's first and puts them last at
the taker's. A fee takes the first. A refund takes the gift's own money where it is unspent; what is
missing comes from the first others, and they take over what the refunded gift had paid. The same
holds for a gift that is reversed. Other reversals put the pieces back where they were.

What a log starts with, when the year before is not read, is a gift of its own, `brought_forward`.
Where an unrestricted fund paid what it did not have (a gift was reversed), that is `uncovered`
until the next money comes in.
"""
