"""`guanjia backup` and `guanjia restore`: the whole house at one moment, without stopping it."""
