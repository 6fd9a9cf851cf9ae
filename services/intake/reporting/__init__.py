"""What the office had to do and did, in numbers: by place, way in, month and state."""
