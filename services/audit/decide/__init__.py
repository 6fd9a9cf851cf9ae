"""Which entry a fact becomes, whether a fund can bear it, and what is refused. Pure.

Every decision that appends writes through a `posting.Journal`, which moves the head of the
foundation's log. What changes nothing (repetitions, goods without a fund) returns NOTHING and
leaves no entry.
"""
