"""The planner for people: an instance in a file, its plan, and why it is so."""
