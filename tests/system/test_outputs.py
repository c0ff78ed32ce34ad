"""No output replaces an input, or anything else unasked; two jobs never write the same; an interrupt loses nothing."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from formation_mlp import cli
from formation_mlp.errors import DataError, FormationMLPError, InUseError
from formation_mlp.runs.folder import RunFolder
from formation_mlp.system import files, interrupts
from formation_mlp.system.files import beside, sweep, write_text
from formation_mlp.system.locks import JOB_LOCK, OWNER, held
from formation_mlp.system.outputs import claimed
from support.commands import Outcome, python_environment
from support.paths import TESTS

pytestmark = pytest.mark.slow

Command = Callable[..., Outcome]

NO_TEMPORARY_FOLDER = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and links")


def same_path(path: Path) -> Path:
    return path


def relative(path: Path) -> Path:
    return Path(os.path.relpath(path))


def through_a_parent(path: Path) -> Path:
    return path.parent / ".." / path.parent.name / path.name


def symlink(path: Path) -> Path:
    link = path.with_name(f"link{path.suffix}")
    link.symlink_to(path)
    return link


def link_to_the_folder(path: Path) -> Path:
    link = path.parent / "folder_link"
    link.symlink_to(path.parent, target_is_directory=True)
    return link / path.name


def hard_link(path: Path) -> Path:
    link = path.with_name(f"hard{path.suffix}")
    os.link(path, link)
    return link


def linked_twice(path: Path) -> Path:
    return symlink(hard_link(path))


WAYS = [same_path, relative, through_a_parent, symlink, link_to_the_folder, hard_link, linked_twice]
VERBS: dict[str, list[str]] = {
    "predict": ["predict", "--csv", "{table}", "--out", "{out}"],
    "featurize": ["featurize", "{table}", "--out", "{out}", "--features", "stoichiometry"],
    "stability": ["stability", "{table}", "--out", "{out}"],
    "stability, competing": ["stability", "other.csv", "--competing", "{table}", "--out", "{out}"],
    "screen": ["screen", "{table}", "--out", "{out}"],
    "screen, competing": ["screen", "Na-Cl", "--max-atoms", "4", "--competing", "{table}", "--out", "{out}"],
}


@POSIX
@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("verb", VERBS)
def test_an_output_that_is_the_input_is_refused_by_whatever_path(
    command: Command, write_csv: Callable[..., Path], verb: str, way: Callable[[Path], Path], overwrite: list[str]
) -> None:
    table, other = write_csv(), write_csv(name="other.csv")
    before = table.read_bytes(), other.read_bytes()
    out = way(table)
    words = [word.format(table=table, out=out) for word in VERBS[verb]]
    assert "is what is read here" in command(*words, *overwrite).refused()
    assert (table.read_bytes(), other.read_bytes()) == before
    assert not list(table.parent.glob(".*"))


@POSIX
def test_standard_input_is_an_input_too(write_csv: Callable[..., Path]) -> None:
    table = write_csv()
    before = table.read_bytes()
    for words in (["predict"], ["screen", "-"]):
        with table.open("rb") as source:
            done = subprocess.run(
                [sys.executable, "-m", "formation_mlp", *words, "--out", str(table), "--overwrite"],
                stdin=source,
                capture_output=True,
                env=python_environment(),
                check=False,
            )
        assert done.returncode == 2
        assert b"is what standard input reads" in done.stderr
    assert table.read_bytes() == before


def test_a_model_a_structure_and_the_files_beside_an_output_are_not_replaced(
    command: Command, own_run: Path, write_csv: Callable[..., Path], structure_folder: Path, workplace: Path
) -> None:
    table = write_csv()
    predictions = own_run / "predictions.csv"
    before = predictions.read_bytes()
    words = ["predict", own_run, "--csv", table, "--overwrite"]
    assert "is in the folder" in command(*words, "--out", predictions).refused()
    assert predictions.read_bytes() == before
    (structure_folder / "mine.csv").write_text("mine")
    asked = ["featurize", structure_folder, "--features", "density", "--overwrite"]
    assert "is in the folder" in command(*asked, "--out", structure_folder / "mine.csv").refused()
    about = workplace / "new.csv.about.json"
    about.write_text("mine")
    assert "new.csv.about.json' exists" in command("predict", "NaCl", "--out", "new.csv").refused()
    (workplace / "salts.png").write_text("mine")
    assert "salts.png' exists" in command("screen", "Na-Cl", "--max-atoms", 4, "--out", "salts.csv").refused()
    (workplace / "page.html").write_text("mine")
    assert "page.html' exists" in command("screen", "Na-Cl", "--max-atoms", 4, "--out", "page.csv").refused()
    assert "page.html' exists" in command("stability", table, "--out", "page.csv").refused()
    assert (workplace / "page.html").read_text() == "mine"
    assert "salts.png' exists" in command("explain", "NaCl", "--out", "salts.png", "--alone").refused()
    assert about.read_text() == (workplace / "salts.png").read_text() == "mine"


@pytest.mark.parametrize(
    "words",
    [
        ["predict", "NaCl", "MgO"],
        ["predict", "--csv", "table.csv"],
        ["featurize", "table.csv", "--features", "stoichiometry"],
        ["stability", "table.csv"],
        ["screen", "Na-Cl", "--max-atoms", "4"],
    ],
)
def test_a_file_that_exists_is_replaced_only_if_asked(
    command: Command, write_csv: Callable[..., Path], workplace: Path, words: list[str]
) -> None:
    write_csv()
    out = workplace / "out.csv"
    out.write_text("mine")
    message = command(*words, "--out", out).refused()
    assert message.endswith("out.csv' exists. Choose another name, or replace it with --overwrite.\n")
    assert out.read_text() == "mine"
    command(*words, "--out", out, "--overwrite").succeeded()
    assert out.read_text() != "mine"
    assert not list(workplace.glob(".*"))


def test_a_report_is_replaced_only_if_asked_but_that_of_a_run_is_made_anew(
    command: Command, own_run: Path, workplace: Path
) -> None:
    command("report", own_run).succeeded()
    command("report", own_run).succeeded()
    page = workplace / "page.html"
    page.write_text("mine")
    assert "page.html' exists" in command("report", own_run, "--out", page).refused()
    command("report", own_run, "--out", page, "--overwrite").succeeded()
    assert "mine" not in page.read_text(encoding="utf-8")[:10]
    figure = workplace / "new_figures" / "parity.png"
    figure.parent.mkdir()
    figure.write_text("mine")
    assert "parity.png' exists" in command("report", own_run, "--out", "new.html").refused()
    assert figure.read_text() == "mine"


@POSIX
def test_a_folder_a_device_and_a_pipe_are_no_files(command: Command, workplace: Path) -> None:
    (workplace / "folder.csv").mkdir()
    (workplace / "null.csv").symlink_to(os.devnull)
    os.mkfifo(workplace / "pipe.csv")
    for name, found in {
        "folder": "is a folder",
        "null": "is a device or a pipe",
        "pipe": "is a device or a pipe",
    }.items():
        assert found in command("predict", "NaCl", "--out", f"{name}.csv", "--overwrite").refused()
    assert "does not end in" in command("predict", "NaCl", "--out", "/dev/stdout").refused()
    assert (workplace / "null.csv").is_symlink()


@POSIX
def test_a_link_is_followed_even_to_a_file_that_is_not_there_yet(command: Command, workplace: Path) -> None:
    (workplace / "results").mkdir()
    link = workplace / "latest.csv"
    link.symlink_to("results/first.csv")
    command("predict", "NaCl", "--out", link).succeeded()
    assert link.is_symlink()
    assert (workplace / "results" / "first.csv").read_text().startswith("formula,")
    assert "exists" in command("predict", "NaCl", "--out", "results/first.csv").refused()


def test_a_name_of_the_greatest_length_can_be_written(command: Command, workplace: Path) -> None:
    name = "a" * 240 + ".csv"
    command("predict", "NaCl", "--out", name).succeeded()
    assert sorted(path.name for path in workplace.iterdir()) == [name, f"{name}.about.json"]


def test_a_folder_of_features_is_not_its_source_and_is_replaced_only_if_asked(
    command: Command, write_csv: Callable[..., Path], workplace: Path
) -> None:
    import pandas as pd

    source = workplace / "source" / "a.parquet"
    source.parent.mkdir()
    pd.read_csv(write_csv()).to_parquet(source)
    words = ["featurize", source, "--features", "stoichiometry", "--overwrite", "--out"]
    assert "which is read, is in" in command(*words, source.parent).refused()
    command(*words, "out").succeeded()
    other = ["featurize", source, "--features", "element_fraction", "--out", "out"]
    assert command(*other).refused().endswith("with --overwrite.\n")
    command(*other, "--overwrite").succeeded()
    (workplace / "out" / "mine.txt").write_text("mine")
    assert "mine.txt" in command(*words, "out").refused()
    assert len(list((workplace / "out").iterdir())) == 3


@pytest.mark.parametrize("key", ["path", "split", "table"])
def test_a_run_folder_is_not_emptied_of_what_the_run_reads(key: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.begin({"seed": 1}, overwrite=False, resume=False)
    folder.predictions.write_text("formula\nNaCl\n")
    name = str(folder.predictions)
    configs: dict[str, dict[str, Any]] = {
        "path": {"data": {"path": name}},
        "split": {"split": {"method": {"file": {"path": name}}}},
        "table": {"features": ["magpie", {"table": {"path": name}}]},
    }
    with pytest.raises(FormationMLPError, match="which the run reads, is in"):
        folder.begin(configs[key], overwrite=True, resume=False)
    assert folder.config.exists()
    assert folder.predictions.exists()


# --- locks


def test_the_second_of_two_jobs_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.csv"
    with claimed(out, [], overwrite=False):
        message = rf"out\.csv: process {os.getpid()} on .* works here \(.*, since 2"
        with pytest.raises(InUseError, match=message), claimed(out, [], overwrite=True):
            pass
        with claimed(out.with_name("other.csv"), [], overwrite=False):
            pass
    assert list(tmp_path.iterdir()) == []  # neither the lock nor the folder that was made for it


@POSIX
def test_two_links_to_one_file_are_one_place(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to("a", target_is_directory=True)
    first, second = (claimed(tmp_path / name / "out.csv", [], overwrite=False) for name in "ab")
    with first, pytest.raises(InUseError), second:
        pass


HOLD = """
import sys, time
from pathlib import Path
from formation_mlp.system.locks import held
with held(Path(sys.argv[1]), Path("there")):
    print("held", flush=True)
    time.sleep(3600)
"""


@POSIX
def test_the_lock_of_a_dead_process_is_taken_over_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    lock = tmp_path / JOB_LOCK
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, env=python_environment()
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            with pytest.raises(InUseError, match=f"end it with 'kill {process.pid}'"), held(lock, tmp_path):
                pass
        finally:
            process.kill()
    assert sorted(path.name for path in tmp_path.iterdir()) == [JOB_LOCK, JOB_LOCK + OWNER]
    with held(lock, tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"pid": 1}', "\x00"])
def test_a_holder_that_is_not_named_is_another_process(tmp_path: Path, content: str | None) -> None:
    lock = tmp_path / JOB_LOCK
    with held(lock, tmp_path):
        owner = tmp_path / (JOB_LOCK + OWNER)
        owner.unlink()
        if content is not None:
            owner.write_text(content)
        with pytest.raises(InUseError, match="another process works here"), held(lock, tmp_path):
            pass


def test_leftover_locks_are_no_foreign_files(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    for name in (JOB_LOCK, JOB_LOCK + OWNER, ".fit.lock", ".config.yaml.abcdefgh.tmp"):
        (folder.path / name).touch()
    folder.begin({"seed": 1}, overwrite=False, resume=False)
    assert not list(folder.path.glob("*.tmp"))
    folder.begin({"seed": 2}, overwrite=True, resume=False)


def test_training_into_a_running_training_is_refused_before_anything_is_touched(
    command: Command, tiny_config: Callable[..., Path], own_run: Path
) -> None:
    config = tiny_config()
    before = {path: path.stat().st_mtime_ns for path in own_run.rglob("*")}
    with RunFolder(own_run).alone():
        for words in (["train", config, "--overwrite"], ["train", config, "--resume"], ["benchmark", config]):
            assert "works here" in command(*words).refused()
        assert "works here" in command("report", own_run).refused()
    assert {path: path.stat().st_mtime_ns for path in own_run.rglob("*")} == before


# --- temporary files, full disks


def test_temporary_files_of_dead_processes_are_swept_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    machine = files._machine()
    names = {
        f".a.csv.abcdefgh.{machine}-{process.pid}.tmp": False,
        f".a.csv.abcdefgh.{machine}-{os.getpid()}.tmp": True,
        f".a.csv.abcdefgh.00000000-{process.pid}.tmp": True,  # of another machine
        ".mine.tmp": True,
        "a.tmp": True,
        f".own.csv.abcdefgh.{machine}-{os.getpid()}.tmp": False,
        ".own.csv.abcdefgh.tmp": False,
    }
    for name in names:
        (tmp_path / name).touch()
    sweep(tmp_path, ["own.csv"])
    assert {name: (tmp_path / name).exists() for name in names} == names


def test_the_next_job_in_a_place_sweeps_what_a_dead_one_left(command: Command, workplace: Path) -> None:
    for name in (".out.csv.abcdefgh.tmp", ".out.csv.about.json.abcdefgh.tmp", ".out.csv.lock", ".out.csv.lock.owner"):
        (workplace / name).touch()
    command("predict", "NaCl", "--out", "out.csv").succeeded()
    assert sorted(path.name for path in workplace.iterdir()) == ["out.csv", "out.csv.about.json"]


@pytest.mark.parametrize(
    "words",
    [
        ["predict", "NaCl", "--out", "{}/out.csv"],
        ["predict", "--csv", "table.csv", "--out", "{}/out.parquet"],
        ["featurize", "table.csv", "--features", "stoichiometry", "--out", "{}/out.csv"],
        ["stability", "table.csv", "--out", "{}/out.csv"],
        ["screen", "Na-Cl", "--max-atoms", "4", "--out", "{}/out.csv"],
        ["explain", "NaCl", "--alone", "--out", "{}/out.png"],
        ["train", "job.yaml", "--set", "output={}/run"],
        ["benchmark", "job.yaml", "--set", "output={}/run"],
    ],
)
def test_a_place_where_nothing_can_be_written_is_said(
    command: Command,
    tiny_config: Callable[..., Path],
    workplace: Path,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tiny_config()
    (workplace / "closed").write_text("a file, where no folder can be made")
    message = command(*[word.format("closed") for word in words]).refused()
    assert "cannot be written" in message
    place, refuse = workplace / "forbidden", os.open
    place.mkdir()

    def forbidden(path: Any, *arguments: Any, **options: Any) -> int:
        if str(path).startswith((str(place), "forbidden")) and arguments[:1] and arguments[0] & os.O_CREAT:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return refuse(path, *arguments, **options)

    monkeypatch.setattr(os, "open", forbidden)
    assert "cannot be written" in command(*[word.format("forbidden") for word in words]).refused()
    assert list(place.iterdir()) == []


# --- interrupts


def test_a_job_that_was_interrupted_between_its_files_goes_on_but_another_does_not(
    command: Command, own_run: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from formation_mlp.reporting import report as write
    from formation_mlp.screening import output

    def stop(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    words = ["screen", "Na-Cl", "--max-atoms", "4", "--out", "out.csv"]
    with monkeypatch.context() as patch:
        patch.setattr(output, "diagram", stop)
        assert command(*words).code == 130
        patch.setattr(write, "write_text", stop)
        assert command("report", own_run, "--out", "page.html").code == 130
    assert list((workplace / "page_figures").iterdir())
    assert "out.csv' exists" in command("screen", "Na-Cl", "--max-atoms", "5", "--out", "out.csv").refused()
    assert "' exists" in command("report", "--out", "page.html", own_run).refused()
    command(*words).succeeded()
    command("report", own_run, "--out", "page.html").succeeded()
    assert not list(workplace.glob(".*"))
    assert "out.csv' exists" in command(*words).refused()


SLOW = """
import signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # which tests in the background of a shell ignore
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
from formation_mlp.prediction import predict_in_parts as job
from formation_mlp.__main__ import run
write = job.WRITERS[".csv"]
def slowly(path, answers):
    write(path, answers)
    if path.name == "part-00001.csv":
        with job.whole_file(path.with_name("temporary")) as file:
            print("waiting", flush=True)
            time.sleep(3600)
job.WRITERS[".csv"] = slowly
job.predict_in_parts.__kwdefaults__["rows_per_part"] = 10
run()
"""


@POSIX
@pytest.mark.parametrize(
    ("number", "word", "code"),
    [(signal.SIGINT, "interrupted", 130), (signal.SIGTERM, "terminated", 143), (signal.SIGHUP, "ended with its", 129)],
)
def test_a_signal_ends_a_job_in_words_with_nothing_lost_and_nothing_left(
    command: Command, write_csv: Callable[..., Path], workplace: Path, number: int, word: str, code: int
) -> None:
    words = ["predict", "--csv", str(write_csv()), "--out", "out.csv", "-q"]
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=python_environment(),
        cwd=workplace,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"waiting\n"
        assert "works here" in command(*words).refused()
        process.send_signal(number)
        said = process.stderr.read().decode()
    assert process.returncode == code
    assert said.startswith(word)
    assert said.endswith("; the same call goes on where this one stopped\n")
    assert [path.name for path in workplace.glob(".*")] == [".out.csv.parts"]
    assert not list((workplace / ".out.csv.parts").glob(".*"))
    command(*words).succeeded()
    assert not list(workplace.glob(".*"))


@POSIX
def test_a_signal_that_is_ignored_stays_ignored_and_a_lost_one_is_sent_again() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts.in_words():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is interrupts._raise
    finally:
        signal.signal(signal.SIGHUP, before)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    class Deaf:
        def __del__(self) -> None:  # an exception goes no further
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)

    def deafly() -> None:
        deaf = Deaf()
        del deaf
        time.sleep(3600)

    with pytest.raises(SystemExit) as info, interrupts.in_words():
        deafly()
    assert info.value.code == 143


@POSIX
def test_a_signal_while_the_arguments_are_read_is_said_too(
    command: Command, monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    from formation_mlp.cli.app import _Verbs

    def stopped(*_arguments: object, **_options: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(3600)

    monkeypatch.setattr(_Verbs, "make_context", stopped)
    outcome = command("predict", "NaCl")
    assert (outcome.code, outcome.out, outcome.err) == (143, "", "terminated\n")


ORPHAN = """
import sys
from support.child_functions import wait
from formation_mlp.system.processes import ChildProcess
for pid in ChildProcess().run(wait):
    print(pid, flush=True)
"""


@POSIX
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_ends_with_its_parent(number: int) -> None:
    environment = python_environment()
    environment["PYTHONPATH"] += os.pathsep + str(TESTS)
    with subprocess.Popen([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.send_signal(number)
    end = time.monotonic() + 900
    while runs(child):
        assert time.monotonic() < end
        time.sleep(0.005)


def runs(pid: int) -> bool:
    """Return whether a process does anything; one that has ended may wait for whoever takes note of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return files.is_alive(pid) and not Path("/proc/self").exists()


@pytest.mark.parametrize("name", ["a\0b.csv", "\ud800.csv"])
def test_a_name_that_no_file_can_have_is_said(name: str, tmp_path: Path) -> None:
    with pytest.raises(FormationMLPError, match="no file can have this name"):
        write_text(tmp_path / name, "")
    with pytest.raises(FormationMLPError, match="no file can have this name"):
        beside(tmp_path / name, ".lock")


def test_claims_of_nothing_look_at_nothing() -> None:
    with claimed(None, ["NaCl"], overwrite=False):
        pass
    with pytest.raises(DataError, match="is a folder"), claimed(Path(), [], overwrite=True):
        pass


@POSIX
@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        (".out.csv.lock", "folder", "'.*lock', which keeps other processes out, is a folder. Remove it"),
        (".out.csv.lock", "link", "'.*lock', which keeps other processes out, is a link. Remove it"),
        (".out.csv.unfinished", "folder", "unfinished: cannot be written"),
        (".out.csv.parts", "file", "is a file, where parts of the result are kept"),
    ],
)
def test_something_else_under_a_hidden_name_is_said(
    name: str, kind: str, said: str, command: Command, workplace: Path, own_run: Path
) -> None:
    (workplace / "in.csv").write_text("formula\nNaCl\n", encoding="utf-8")
    place = workplace / name
    if kind == "folder":
        place.mkdir()
    elif kind == "link":
        place.symlink_to(workplace / "nowhere" / "at all")
    else:
        place.touch()
    assert re.search(said, command("predict", str(own_run), "--csv", "in.csv", "--out", "out.csv").refused())
    assert not (workplace / "out.csv").exists()


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), NO_TEMPORARY_FOLDER])
def test_other_packages_files_that_find_no_room_are_said(
    error: OSError, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_arguments: list[str]) -> None:
        raise error

    monkeypatch.setattr(cli, "_run", fail)
    monkeypatch.setattr(sys, "argv", ["formation-mlp", "train"])
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    assert "a temporary file cannot be written (No " in capsys.readouterr().err
