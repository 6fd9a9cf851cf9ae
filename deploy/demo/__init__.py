"""`guanjia demo`: the New Year 暖“留” campaign, played on a stack of its own, all sums compared."""
