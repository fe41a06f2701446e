"""Rules of the repository that nobody should have to remember."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("newcomer", "everything", "apart")
LARGEST_FILE_BYTES = 1_000_000

REGISTRY_HOST = re.compile(
    r"(files|www|://)[a-z.]*pypi|pypi[.]org|(pypi|python)[h]osted|registry[.]npmjs|(repo1?|central)[.]maven|deb[.]debian"
)
# Somebody's own folder; an address such as https://host/home/ is none.
MACHINE_PATH = re.compile(r"(?<![\w.~:}-])/(work|root|home|Users)/\w|[A-Z]:\\Users\\|/tmp/[b]ash_")
ASKS_FOR_ENGINE = re.compile(r"\btarget\.(type|name)\b")
# How a setting is written where it is read or given: quoted, or as a shell variable.
SETTING_USED = re.compile(r"""["'](MEDIA_[A-Z_]+)["']|\$\{?(MEDIA_[A-Z_]+)|\b(MEDIA_[A-Z_]+)=""")
ENV_VAR = re.compile(r"""env_var\(\s*["']([A-Z_]+)["'](?:\s*,\s*["']([^"']*)["'])?""")
MARKDOWN_LINK = re.compile(r"\]\(([^)\s]+)\)")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def tracked() -> list[Path]:
    """The files in git's index that are on disk, links left out."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def hits(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """`file:line: text` of every line that the pattern finds."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in paths
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if pattern.search(line)
    ]


def metadata() -> dict[str, object]:
    return tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]


def names(requirements: list[str]) -> set[str]:
    """Package names of requirement lines, comments and references to other files left out."""
    lines = (line.split("#")[0].strip() for line in requirements)
    return {re.split(r"[\[<>=~!; ]", line)[0].lower() for line in lines if line and not line.startswith("-")}


@pytest.mark.parametrize(
    ("pattern", "bad", "good"),
    [
        (REGISTRY_HOST, "https://" + "pypi" + ".org/simple", "the package index"),
        (REGISTRY_HOST, "https://repo1" + ".maven.org", "Maven coordinates"),
        (MACHINE_PATH, "see /" + "root/x", "https://host.example/home/page"),
        (MACHINE_PATH, "'/" + "home/someone/.venv'", "network/" + "root/name"),
        (ASKS_FOR_ENGINE, "{% if target.type == 'x' %}", "{{ target.schema }}"),
    ],
)
def test_patterns_find_what_they_are_for(pattern: re.Pattern[str], bad: str, good: str) -> None:
    assert pattern.search(bad)
    assert not pattern.search(good)


def test_no_package_registry_is_named() -> None:
    assert hits(REGISTRY_HOST, tracked()) == []


def test_no_path_of_somebodys_machine() -> None:
    assert hits(MACHINE_PATH, tracked()) == []


def test_no_model_asks_which_engine_it_runs_on() -> None:
    sql = [path for path in tracked() if path.suffix == ".sql" and path.relative_to(ROOT).parts[0] != "macros"]
    assert len(sql) > 10
    assert hits(ASKS_FOR_ENGINE, sql) == []


def test_files_are_small() -> None:
    large = {str(path.relative_to(ROOT)): path.stat().st_size for path in tracked()}
    assert {name: size for name, size in large.items() if size > LARGEST_FILE_BYTES} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_a_hash_for_every_version_and_no_address(lock: str) -> None:
    text = text_of(ROOT / "locks" / f"{lock}.lock")
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]
    assert len(entries) > 20
    assert [entry.splitlines()[0] for entry in entries if not PINNED.match(entry)] == []
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert not re.search(r"(?m)^\s*--(index|extra|find|trusted)", text)


def test_newcomers_lock_is_a_part_of_everything() -> None:
    """Then an environment of everything serves the newcomer, and growing from one to the other changes no version."""
    everything = set(PINNED.findall(text_of(ROOT / "locks/everything.lock")))
    assert set(PINNED.findall(text_of(ROOT / "locks/newcomer.lock"))) - everything == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_what_its_input_asks_for(lock: str) -> None:
    locked = {name.lower() for name, _ in PINNED.findall(text_of(ROOT / f"locks/{lock}.lock"))}
    assert names(text_of(ROOT / f"locks/{lock}.in").splitlines()) - locked == set()


def test_package_needs_what_the_newcomers_lock_gives() -> None:
    backend = names(tomllib.loads(text_of(ROOT / "pyproject.toml"))["build-system"]["requires"])
    wanted = names(list(metadata()["dependencies"]))  # type: ignore[call-overload]
    assert wanted | backend == names(text_of(ROOT / "locks/newcomer.in").splitlines())


def example_settings() -> dict[str, str]:
    """Settings of .env.example with the value given, those behind a comment sign too."""
    return dict(re.findall(r"(?m)^#?([A-Z][A-Z_]+)=(.*)$", text_of(ROOT / ".env.example")))


def settings_in_use() -> set[str]:
    readers = {".py", ".sql", ".yml", ".yaml", ".sh", ".toml", ".md", ""}
    no_readers = {ROOT / "tests/structure/test_repository.py", ROOT / ".env.example"}
    paths = [path for path in tracked() if path.suffix in readers and path not in no_readers]
    found = {name for path in paths for groups in SETTING_USED.findall(text_of(path)) for name in groups if name}
    return found | {name for path in paths for name, _ in ENV_VAR.findall(text_of(path))}


def test_env_example_lists_every_setting_and_no_other() -> None:
    assert settings_in_use() == set(example_settings())


def test_env_example_gives_the_defaults_of_the_profile() -> None:
    given = example_settings()
    in_profile = dict(ENV_VAR.findall(text_of(ROOT / "profiles/profiles.yml")))
    assert {name: given[name] for name in in_profile} == in_profile


def test_every_setting_is_explained() -> None:
    blocks = re.split(r"\n\s*\n", text_of(ROOT / ".env.example"))
    assert [block for block in blocks if not re.search(r"(?m)^# ", block)] == []


def test_profile_is_found_from_the_root() -> None:
    link = ROOT / "profiles.yml"
    assert link.is_symlink()
    assert link.readlink() == Path("profiles/profiles.yml")


def test_one_version_everywhere() -> None:
    version = metadata()["version"]
    released = re.findall(r"(?m)^## \[(\d+\.\d+\.\d+)\]", text_of(ROOT / "CHANGELOG.md"))
    assert released[0] == version
    assert yaml.safe_load(text_of(ROOT / "dbt_project.yml"))["version"] == version


def test_licence_is_mit() -> None:
    assert metadata()["license"] == "MIT"
    assert text_of(ROOT / "LICENSE").startswith("MIT License\n")


def test_ci_script_can_be_run() -> None:
    staged = subprocess.run(
        ["git", "ls-files", "-s", ".ci/run", "bootstrap.py"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert "100755" in next(line for line in staged.splitlines() if line.endswith(".ci/run"))
    assert "make test" in text_of(ROOT / ".ci/run")


def test_actions_run_the_ends_of_the_supported_pythons() -> None:
    workflow = yaml.safe_load(text_of(ROOT / ".github/workflows/ci.yml"))
    oldest, below = re.findall(r"3\.(\d+)", str(metadata()["requires-python"]))
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == [f"3.{oldest}", f"3.{int(below) - 1}"]
    assert workflow["permissions"] == {"contents": "read"}
    assert ".ci/run" in [step.get("run") for step in workflow["jobs"]["test"]["steps"]]


def sqlfluff_exclusions() -> Iterator[tuple[str, str]]:
    """Each line of .sqlfluff that switches something off, with the line before it."""
    lines = text_of(ROOT / ".sqlfluff").splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if re.match(r"\s*(exclude_rules|ignore\w*|warnings)\s*=", line):
            yield before, line


def test_no_sql_rule_is_off_without_its_reason() -> None:
    assert [line for before, line in sqlfluff_exclusions() if not before.startswith("# ")] == []


def markdown_links() -> list[tuple[Path, str]]:
    """Every link to a place in this repository, with the file it stands in."""
    pages = [path for path in tracked() if path.suffix == ".md"]
    found = [(page, target) for page in pages for target in MARKDOWN_LINK.findall(text_of(page))]
    return [(page, target) for page, target in found if not re.match(r"[a-z]+:|#", target)]


def test_links_between_pages_resolve() -> None:
    known = {path.resolve() for path in tracked()}
    known |= {folder for path in known for folder in path.parents}
    missing = [
        f"{page.relative_to(ROOT)}: {target}"
        for page, target in markdown_links()
        if (page.parent / target.split("#")[0]).resolve() not in known
    ]
    assert missing == []
