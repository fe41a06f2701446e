"""The commands of `media`, one module for each group."""
