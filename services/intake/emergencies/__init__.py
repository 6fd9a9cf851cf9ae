"""Emergencies (民政纾困十条): what is answered, the ten measures, what was done."""
