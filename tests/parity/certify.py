"""Start the targets, build after each arrival and once from nothing, compare with the reference."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.engines import __main__ as engines
from tests.engines import aws
from tests.engines.base import Engine, stopped_at_end
from tests.parity.arrivals import Size, generate, land
from tests.parity.compare import compare_all
from tests.parity.report import Certificate
from tests.parity.targets import WITHOUT_TESTS, Target, embedded, of_engine

EMBEDDED = ("duckdb", "lake")
REFERENCE = EMBEDDED[0]
TARGETS = (*EMBEDDED, *engines.NAMES)

Say = Callable[[str], None]


@contextmanager
def started(names: Sequence[str], folder: Path, say: Say) -> Iterator[tuple[Engine, list[Target]]]:
    """The raw zone's S3 and the targets by these names, the reference first; all stopped at the end."""
    with ExitStack() as stack:
        storage = stack.enter_context(stopped_at_end(aws.start(folder / "aws")))
        targets = []
        for name in dict.fromkeys((REFERENCE, *names)):
            if name in EMBEDDED:
                targets.append(embedded(name, folder, storage.environment))
                continue
            module = importlib.import_module(f"tests.engines.{name}")
            engine = stack.enter_context(stopped_at_end(module.start(folder / "engines" / name, storage.environment)))
            say(f"{name}: ready after {engine.seconds_to_start:.1f} s")
            targets.append(of_engine(engine, folder, storage.environment))
        yield storage, targets


def certify(
    storage: Engine, targets: Sequence[Target], folder: Path, size: Size, seed: int, say: Say, tested: Sequence[str]
) -> Certificate:
    """Land the arrivals one by one and build after each, then rebuild everything; compare after every build.

    tested: targets that run dbt's own tests too, with the build after the last arrival.
    """
    certificate = Certificate(REFERENCE)
    surroundings = targets[0].surroundings()
    arrivals = generate(folder / "generated", size, seed)
    for number, files in enumerate(arrivals, start=1):
        land(files, surroundings)
        say(f"arrival {number} of {len(arrivals)}: {len(files)} files landed")
        stage = f"build {number}, on {number} of {len(arrivals)} arrivals"
        _build_and_compare(certificate, stage, targets, say, tested if number == len(arrivals) else ())
    _build_and_compare(certificate, "full refresh", targets, say, (), "--full-refresh")
    certificate.figures = {target.name: target.summary() for target in targets}
    return certificate


def _build_and_compare(
    certificate: Certificate, stage: str, targets: Sequence[Target], say: Say, tested: Sequence[str], *options: str
) -> None:
    reference = None
    certificate.stages[stage] = {}
    for target in targets:
        target.build(*options, *(() if target.name in tested else WITHOUT_TESTS))
        rows = target.rows()
        reference = reference or rows
        verdicts = certificate.stages[stage][target.name] = compare_all(reference, rows)
        equal = sum(verdict.is_equal for verdict in verdicts)
        say(f"{stage}: {target.name} {target.build_seconds[-1]:.1f} s, {equal} of {len(verdicts)} tables equal")
