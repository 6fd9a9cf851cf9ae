"""Pure decisions: (states, event or command, now) -> Decision. One module per aggregate."""
