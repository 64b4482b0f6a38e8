"""The state that outlives a reset: records in two copies, log, deliveries, orders, settings, and the restart."""
