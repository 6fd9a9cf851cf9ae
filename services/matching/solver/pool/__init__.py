"""What is asked and what is offered of one resource, as sorted integer columns."""
