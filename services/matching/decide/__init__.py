"""Pure functions from (states, event or command, now) to a decision; one module per aggregate."""
