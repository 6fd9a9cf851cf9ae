"""What-if for planners: an instance in a file, its plan, and the plan as tables and JSON."""
