"""The lander: files in, contract-checked batches in the raw zone out."""
