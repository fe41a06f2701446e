"""One more day landed and built, in-build checks included, on histories of three lengths.

The new days are the same files for every history: only what lies behind them differs. Each step is asked of the three
in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.history import arrival, plan_of, player_plan_of, write_history
from benchmarks.measure import DBT, MEDIA, dbt_options, run, surroundings
from benchmarks.news import file_rare_track, files_of_day, plant_rare_track
from benchmarks.report import Part, console, show
from benchmarks.sizes import Sizes
from benchmarks.warm import Helper
from ingestion.generate.plan import Plan
from ingestion.zone import Zone

LIMIT = 1.3
FIRST, ONE_DAY, NOTHING = "first build", "one more day", "nothing new"
RARE, LATE = "a rare track corrected", "one more day, 1 % of it late"
COMMANDS = "one more day, two commands"
UNIT_TESTS = "unit_test."
Step = dict[str, Any]
Found = dict[int, list[Step]]


def measure(home: Path, sizes: Sizes) -> Part:
    """Days of television and music, and what only music has: a track of which little was heard is corrected."""
    plan = plan_of(sizes.rows_per_day, max(sizes.history_days))
    return on_histories(Part("day", sizes.verdict), home, plan, sizes.history_days, sizes.new_days)


def measure_player(home: Path, sizes: Sizes) -> Part:
    """Days of a player's events."""
    plan = player_plan_of(sizes.player_events_per_day, max(sizes.player_history_days))
    return on_histories(Part("player-day", sizes.verdict), home, plan, sizes.player_history_days, sizes.new_days)


def on_histories(part: Part, home: Path, plan: Plan, histories: tuple[int, ...], new_days: int) -> Part:
    """The same steps on every history, each history with a process of its own."""
    longest = max(histories)
    with console.status("writing the new days"):
        steps = plan_steps(plan, longest, new_days, home / "inputs")
    homes = write_histories(home, plan, histories)
    found: Found = {days: [] for days in homes}
    with helpers(homes) as warm:
        for number, step in enumerate(steps, start=1):
            for days, helper in warm.items():
                with console.status(f"step {number} of {len(steps)}, {days} days of history: {step['name']}"):
                    found[days].append(helper.do(step))
    day = longest + new_days + 1
    files = files_of_day(plan, day, home / "inputs" / "command")
    for days in homes:
        with console.status(f"{days} days of history: two commands"):
            found[days].append(two_commands(homes[days], files, arrival(plan, day).isoformat()))
    report(part, found)
    return part


def has_music(plan: Plan) -> bool:
    """Whether anybody listens in this plan."""
    return plan.listens_per_account > 0


def plan_steps(plan: Plan, first: int, new_days: int, folder: Path) -> list[Step]:
    """What is landed and built in turn; the first build has nothing to land but the history."""
    steps: list[Step] = [{"name": FIRST, "files": [], "arrived_at": ""}]

    def add(name: str, day: int, files: list[str]) -> None:
        steps.append({"name": name, "files": files, "arrived_at": arrival(plan, day).isoformat()})

    for day in range(first, first + new_days):
        add(ONE_DAY, day, files_of_day(plan, day, folder / f"{day}"))
    last = first + new_days
    add(NOTHING, last, [])
    if has_music(plan):
        add(RARE, last, [file_rare_track(plan, folder)])
    add(LATE, last, files_of_day(plan, last, folder / "late", late=True))
    return steps


def write_histories(home: Path, plan: Plan, histories: tuple[int, ...]) -> dict[int, Path]:
    """A home for each length of history, all of which end on the same day; the shorter ones link to the longest."""
    longest = max(histories)
    donor: Zone | None = None
    for days in sorted(histories, reverse=True):
        with console.status(f"writing {days} days of history"):
            zone = Zone(home / f"{days}")
            zone.root.mkdir()
            write_history(zone, plan, longest - days, longest - 1, donor)
            if has_music(plan):
                plant_rare_track(zone, plan, longest - 1)
        donor = donor or zone
    return {days: home / f"{days}" for days in sorted(histories)}


@contextmanager
def helpers(homes: dict[int, Path]) -> Iterator[dict[int, Helper]]:
    """A warm process for each home, all closed at the end."""
    started: dict[int, Helper] = {}
    try:
        for days, home in homes.items():
            started[days] = Helper(home)
        yield started
    finally:
        for helper in started.values():
            helper.close()


def two_commands(home: Path, files: list[str], arrived_at: str) -> Step:
    """`media land` and `dbt build` as a user types them: each starts Python, and dbt loads the parsed project."""
    env, log = surroundings(home), home / "log.txt"
    run([*DBT, "parse", *dbt_options(home)], env, log)  # as a user's earlier runs have left it
    landing = run([*MEDIA, "land", *files, "--arrived-at", arrived_at], env, log)
    building = run([*DBT, "build", *dbt_options(home)], env, log)
    return {"name": COMMANDS, "land": vars(landing), "build": vars(building), "cpu_seconds_by_node": {}}


def middle(steps: list[Step], name: str, value: Callable[[Step], float]) -> float:
    """Median over the steps of that name."""
    return median(value(step) for step in steps if step["name"] == name)


def everything(step: Step) -> float:
    """CPU seconds of landing and building."""
    return float(step["land"]["cpu_seconds"] + step["build"]["cpu_seconds"])


def unit_tests(step: Step) -> float:
    """CPU seconds of unit tests, which look at no data."""
    return float(sum(s for node, s in step["cpu_seconds_by_node"].items() if node.startswith(UNIT_TESTS)))


def around(step: Step) -> float:
    """CPU seconds of a build outside its nodes: selection, cache of relations, raw views, connections."""
    return float(step["build"]["cpu_seconds"] - sum(step["cpu_seconds_by_node"].values()))


def report(part: Part, found: Found) -> None:
    """Print what each step costs on each history, and which nodes grow."""
    histories = sorted(found)
    columns = ("", *(f"{days} days" for days in histories), "largest / smallest")
    rows: list[tuple[Any, ...]] = []
    for name in dict.fromkeys(step["name"] for step in found[histories[0]]):
        whole = [middle(found[days], name, everything) for days in histories]
        # The first build is of all history, and grows with it.
        rows.append((name, *whole, None if name == FIRST else max(whole) / min(whole)))
        if name not in (FIRST, COMMANDS):
            data = [middle(found[days], name, lambda s: everything(s) - unit_tests(s)) for days in histories]
            rows.append(("  without dbt's unit tests", *data, max(data) / min(data)))
            part.figures.setdefault("cpu_seconds_without_unit_tests", {})[name] = dict(
                zip(histories, data, strict=True)
            )
        part.figures.setdefault("cpu_seconds", {})[name] = dict(zip(histories, whole, strict=True))
    show("CPU s of landing and building (checks included)", columns, rows)
    peaks = [max(step["build"]["peak_mb"] for step in found[days] if step["name"] != COMMANDS) for days in histories]
    show("Peak memory of the warm process, first build included", columns[:-1], [("MB", *peaks)])
    for name in dict.fromkeys(step["name"] for step in found[histories[0]] if step["name"] not in (FIRST, COMMANDS)):
        show(f"CPU s of {name}: what grows most", columns, growth(found, name)[: 12 if name == ONE_DAY else 5])
    part.figures |= {"steps": found, "peak_mb": dict(zip(histories, peaks, strict=True))}
    part.figures["cpu_seconds_by_node"] = {row[0]: row[1:-1] for row in growth(found, ONE_DAY)}
    after = dict(zip([row[0] for row in rows], rows[1:], strict=False))
    claimed = (
        (ONE_DAY, row_of(rows, ONE_DAY)),
        (f"{ONE_DAY}, no unit tests", after[ONE_DAY]),
        (COMMANDS, row_of(rows, COMMANDS)),
    )
    for name, row in claimed:
        part.claim(f"{name}: {row[-1]:.2f} between the histories, at most {LIMIT}", row[-1] <= LIMIT)


def row_of(rows: list[tuple[Any, ...]], name: str) -> tuple[Any, ...]:
    """The line of a table that begins with a name."""
    return next(row for row in rows if row[0] == name)


def growth(found: Found, name: str) -> list[tuple[Any, ...]]:
    """A row for each node, for landing, and for what dbt does around nodes; those that grow most come first."""
    histories = sorted(found)
    nodes = sorted({node for step in found[histories[0]] for node in step["cpu_seconds_by_node"]})
    lines: dict[str, list[float]] = {
        "(landing)": [middle(found[days], name, lambda s: s["land"]["cpu_seconds"]) for days in histories],
        "(dbt around the nodes)": [middle(found[days], name, around) for days in histories],
        "(unit tests)": [middle(found[days], name, unit_tests) for days in histories],
    }
    for node in nodes:
        if not node.startswith(UNIT_TESTS):
            lines[node.split(".")[2]] = [middle(found[days], name, cpu_of(node)) for days in histories]
    ordered = sorted(lines.items(), key=lambda line: line[1][0] - line[1][-1])
    return [(node, *values, values[-1] / values[0] if values[0] > 0.005 else None) for node, values in ordered]


def cpu_of(node: str) -> Callable[[Step], float]:
    """Reads the CPU seconds of a node from a step."""
    return lambda step: float(step["cpu_seconds_by_node"].get(node, 0.0))
