"""Live figures against the same sums by hand: windows, rules, late events, and a run that is killed and repeated."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.settings import CHECKOUT
from streaming.live import FIGURES, Figure, newest
from tests.ingestion.helpers import media
from tests.streaming.jobs import DYING, environment, events

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Event = dict[str, Any]
