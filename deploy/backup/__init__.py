"""`guanjia backup` and `guanjia restore`: everything at one moment, without stopping it."""
