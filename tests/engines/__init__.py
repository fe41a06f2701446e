"""Local engines behind the unmodified adapters, for tests and for a trial without an account.

`python -m tests.engines snowflake -- dbt build` starts one on free loopback ports, runs the command and stops it.
"""
