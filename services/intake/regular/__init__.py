"""Regular work: places that are patrolled, people who are visited, services in single visits."""
