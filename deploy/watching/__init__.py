"""Monitoring: alerts and dashboards, made from the catalogue of metrics (`make docs`)."""
