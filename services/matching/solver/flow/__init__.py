"""Who gives what: a minimum-cost flow, limits on open cases, prices and an honest bound."""
