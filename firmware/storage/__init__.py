"""What outlives a reset: records in two copies, the log, deliveries, orders, settings, and taking it up again."""
