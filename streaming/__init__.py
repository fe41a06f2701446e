"""Events in motion: a producer for brokers, and what reads them from there with Spark into the raw zone."""
