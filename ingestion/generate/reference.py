"""The constants of the definitions, written a second time.

The truth must not share code or seed files with the dbt models, so the reference values stand here again:
regions with their time zones, devices, thresholds. A difference between this module and the seeds is a finding.
"""

from __future__ import annotations

from types import MappingProxyType

VALID_PLAYING_MS = 30_000  # a valid play: 30 seconds heard or seen
COMPLETE_PERCENT = 99  # content watched, in percent of the duration
SMALL_CELL_ACCOUNTS = 5  # demographic cells with fewer accounts are suppressed
CURRENCY = "INR"
NOT_APPLICABLE = "not_applicable"
UNKNOWN = "unknown"
TOP_CONTENTS = 10
TOP_GENRES = 5

TV_ZONE = "Asia/Kolkata"
TV_COUNTRY = "India"
TV_REGIONS = ("North", "South", "East", "West", "Central", "Northeast", "Pan-India")
METRO_REGIONS = frozenset({"North", "South", "East", "West"})

COUNTRY_ZONES = MappingProxyType(
    {
        "United States": "America/New_York",
        "United Kingdom": "Europe/London",
        "Ireland": "Europe/Dublin",
        "Australia": "Australia/Sydney",
        "New Zealand": "Pacific/Auckland",
        "Canada": "America/Toronto",
        "Germany": "Europe/Berlin",
        "India": "Asia/Kolkata",
    }
)
COUNTRIES = tuple(COUNTRY_ZONES)

# Region (of a television log or account, or a country) -> time zone, and -> country.
REGION_ZONES = MappingProxyType({**dict.fromkeys(TV_REGIONS, TV_ZONE), **COUNTRY_ZONES})
REGION_COUNTRIES = MappingProxyType(dict.fromkeys(TV_REGIONS, TV_COUNTRY) | {name: name for name in COUNTRIES})

# Device of a log or a player, in lower case -> device type.
DEVICE_TYPES = MappingProxyType(
    {
        "mobile": "mobile",
        "tablet": "tablet",
        "smart tv": "tv",
        "tv": "tv",
        "laptop": "desktop",
        "desktop": "desktop",
        "gaming_console": "gaming_console",
    }
)

PLANS = ("Free", "Basic", "Premium")
GENDERS = ("Male", "Female", "Other")
AGE_GROUPS = ("<18", "18-25", "26-35", "36-45", "46-60", "60+")
AGE_GROUP_LAST = (17, 25, 35, 45, 60)  # the last age of each group but the open one


def age_group(age: int) -> str:
    """The age group of an age in whole years."""
    for last, name in zip(AGE_GROUP_LAST, AGE_GROUPS, strict=False):
        if age <= last:
            return name
    return AGE_GROUPS[-1]


# Quality of experience: what counts as good, and the lower bounds of the buckets of each distribution.
GOOD_STARTUP_MS = 4_000
GOOD_STALL_PERCENT = 1
QUICK_EXIT_MS = 1_000
BUCKETS = MappingProxyType(
    {
        "startup_ms": (0, 500, 1_000, 2_000, 3_000, 4_000, 6_000, 8_000, 10_000, 20_000),
        "rebuffer_ppm": (0, 1, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000),
        "stall_count": (0, 1, 2, 3, 5, 10),
        "bitrate_kbps": (0, 500, 1_000, 2_000, 4_000, 8_000, 16_000),
    }
)
# Lengths of contents that are compared with each other: lower bounds, in milliseconds.
LENGTH_CLASSES_MS = (0, 300_000, 1_200_000, 2_700_000, 4_500_000, 7_200_000)

# Segments of accounts, the best first: engagement score and minutes played of the mean active day, at least.
SEGMENTS = (("power", 8, 60), ("regular", 6, 30), ("casual", 3, 15), ("light", 0, 0))
ACTIVITY_LEVELS = (("none", 0), ("low", 1), ("medium", 4), ("high", 11))  # active days of four weeks, at least
LATE_AFTER_HOURS = 24  # an event that arrives later than that is late
# A month of a plan, in lower case.
PLAN_PRICES_CENTS = MappingProxyType({"free": 0, "basic": 999, "premium": 1_599, "enterprise": 4_999})
PRICE_CURRENCY = "USD"
