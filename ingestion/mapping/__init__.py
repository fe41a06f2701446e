"""Mapping files: how somebody else's file becomes one of our inputs, without code.

A mapping is a small YAML file: their column -> our field, constants for what their file lacks, the form and
zone of their times, units and words. The shipped mappings
lie beside this module and are found by their bare name:

    >>> from ingestion.mapping import load_mapping
    >>> load_mapping("generic_video_log").input
    'viewership_logs'
"""

from __future__ import annotations

from ingestion.mapping.load import MappingError, load_mapping, shipped
from ingestion.mapping.model import Case, Mapping, TimeRule, UnitRule

__all__ = ["Case", "Mapping", "MappingError", "TimeRule", "UnitRule", "load_mapping", "shipped"]
