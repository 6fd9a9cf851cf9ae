"""How long a case may take: rules, words and answers; `decide/clocks.py` applies them."""
