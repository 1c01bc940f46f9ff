"""Every command in the documents is executed, in a copy of this source or in a release; so are the steps by which
an instructor adds an exercise.

A command that is not listed below fails the test, and so does one that is listed and stands in no document. Where
a command would take long, need a network or never end, `instead` says what is executed in its place, and `why`.
"""

import dataclasses
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cs231n.checks.rubric import load_rubric

ROOT = Path(__file__).parents[1]
WINDOWS, SHELL, TEXT = "bat", "sh", ("text", "python", "toml", "diff")
# Document -> where its commands are executed; staff/README.md tells the steps of an exercise after this heading.
DOCUMENTS = {
    "README.md": "source",
    "CONTRIBUTING.md": "staff",
    "docs/fast-path.md": "source",
    "staff/README.md": "staff",
    "staff/release/README.md": "release",
}
STEPS = "## Add an exercise"
EXERCISES, POINTS = len(load_rubric().exercises), sum(one.points for one in load_rubric().exercises.values())
BUILT = (".so", ".pyd", ".c")  # what the extension ends in, and what Cython made for it


@dataclasses.dataclass(frozen=True)
class Run:
    """How a command is executed.

    Attributes:
        instead: what is executed in its place, "" for the command itself.
        why: the reason for that.
        says: what it has to print.
        status: its exit status.
        until: what it prints before it is interrupted by Ctrl-C, if it does not end by itself.
        slow: whether it is left to the slow tests.
        after: the commands that the document gives before it and that it needs.
    """

    instead: str = ""
    why: str = ""
    says: str = ""
    status: int = 0
    until: str = ""
    slow: bool = False
    after: tuple[str, ...] = ()


INSTALL_OFFLINE = "python -m pip install --dry-run --no-index --no-build-isolation --disable-pip-version-check"
CPU_TORCH = "python -m pip install torch==2.13.0+cpu --extra-index-url https://download.pytorch.org/whl/cpu"
THE_TESTED_TORCH = Run(
    "grep '^torch==2.13.0$' constraints.txt", "200 MB from a site; here, that the version is the tested one"
)
IS_INSTALLED = "installing takes minutes and a network; that nothing is left to install is the same question"
TENSORFLOW = Run(
    f'{INSTALL_OFFLINE} -c constraints.txt -e ".[tensorflow]" || true',
    "1.5 GB; pip looks for it here alone, and need not find it",
    # Where it is not installed, pip names the requirement or the constraint that it looked for.
    says=r"already satisfied: tensorflow|No matching distribution found for tensorflow"
    r"|depends on tensorflow-cpu(.|\n)*\(constraint\) tensorflow-cpu",
)
MAKES_ENVIRONMENT = "pip in a new environment takes seconds, and nothing is installed into this one"
VENV = Run("python -m venv --without-pip new && test -f new/pyvenv.cfg", MAKES_ENVIRONMENT)
ACTIVATE = Run(
    "python -m venv --without-pip new && source new/bin/activate && python -c 'import sys; print(sys.prefix)'",
    "the environment at hand stays active",
    says="/new",
)
LAB = Run("python -m jupyter lab --version", "it serves until it is stopped, and opens a browser", says="4.")
BUILD_COMMAND = "python -m pip install --no-deps -e ."
BUILD = Run(
    "CS231N_FLAGS=-O0 python setup.py build_ext --inplace --force",
    "pip asks the network, and the best code takes long to compile; tests/test_setup.py executes both",
    says="building",
    slow=True,
)
MAKE_SECRET = 'python -c "import secrets; print(secrets.token_hex(32))" > build/secret.txt'
GRADE_ONE = "python -m staff.grade a2.zip --out build/grades --secret build/secret.txt"
SUBMISSIONS = "python -m staff.grade submissions/ --out build/grades --secret build/secret.txt"
GRADE = Run("python -m staff.grade --help", "tests/staff/grade executes it on submissions", says="--secret")

EXPLAIN = Run(
    "python -m staff.grade explain --help", "tests/staff/grade/test_explain.py executes it", says="STUDENT"
)

KNOWN = {
    "source": {
        # README.md
        "make run": Run("make -n run", "ten minutes: .ci/run executes it", says="staff.run"),
        "make install": Run("make -n install", "pip takes minutes; make run begins with the same"),
        "make run TENSORFLOW=0": Run("make -n run TENSORFLOW=0", "as make run", says="--without TensorFlow"),
        "make test": Run("make -n test", "it would execute this very test", says='pytest -q .* -m "not slow"'),
        "make test-all": Run("make -n test-all", "as make test", says="pytest -q .* --durations"),
        "make release": Run(says="a2-student.zip"),
        "make wheels": Run("make -n wheels", "tests/test_wheels.py builds one", says="-m wheels"),
        "python3 -m venv .venv": VENV,
        "source .venv/bin/activate": ACTIVATE,
        CPU_TORCH: THE_TESTED_TORCH,
        "py -3.11 -m venv .venv": VENV,
        r".venv\Scripts\activate": ACTIVATE,
        'python -m pip install -c constraints.txt -e ".[test]"': Run(
            f'{INSTALL_OFFLINE} -c constraints.txt -e ".[test]"',
            IS_INSTALLED,
            says="already satisfied: torch",
            slow=True,
        ),
        'python -m pip install -c constraints.txt -e ".[tensorflow]"': dataclasses.replace(TENSORFLOW, slow=True),
        "python -m staff.run": Run("python -m staff.run --help", "six minutes", says="NOTEBOOK"),
        "python -m staff.run Dropout": Run(
            "python -m staff.run --help", "make run does, and the tests execute each notebook", says="--without"
        ),
        'python -m pytest -m "not slow"': Run(
            'python -m pytest -m "not slow" --collect-only -q tests/test_commands.py',
            "it would execute this very test",
            says="tests collected|selected",
        ),
        "python -m cs231n.doctor": Run(says="You can work", slow=True),
        "python -m benchmarks": Run(
            "python -m benchmarks --help", "six minutes; tests/benchmarks executes it", says="--threads"
        ),
        "python -m benchmarks --quick": Run(
            "python -m benchmarks --help", "tests/benchmarks execute it", says="--threads"
        ),
        "python -m cs231n.checks": Run(says=f"{EXERCISES} of {EXERCISES} exercises", slow=True),
        "python -m cs231n.submit": Run(
            "python -m cs231n.submit --help", "it is executed in the release, below", says="a2.zip"
        ),
        "python -m cs231n.datasets": Run(says="CIFAR-10 is already there"),
        ".venv/bin/jupyter lab FullyConnectedNets.ipynb": Run(
            ".venv/bin/jupyter lab --version", LAB.why, says="4.", slow=True
        ),
        BUILD_COMMAND: BUILD,
    },
    "staff": {
        "source .venv/bin/activate": ACTIVATE,
        "make install": Run("make -n install", "pip takes minutes; make run begins with the same"),
        "make run": Run("make -n run", "ten minutes: .ci/run executes it"),
        "make test": Run("make -n test", "it would execute this very test"),
        "make test-all": Run("make -n test-all", "as make test"),
        "make lint": Run("make -n lint", "as make test", says="mypy"),
        "python -m staff.grade.autograder --isolation": Run(says="Isolation: "),
        "python -m pytest tests/test_layers.py": Run(
            "python -m pytest tests/test_layers.py --collect-only -q",
            "make test executes it",
            says="tests collected",
        ),
        "python -m staff.mutation": Run(
            "python -m staff.mutation --help", "tests/staff/mutation executes it", says="--seeds"
        ),
        "make release": Run(says="a2-student.zip", slow=True),
        "python -m staff.release build/release": Run(says="a2-student.zip"),
        "python -m staff.release --autograder build/autograder.zip --secret build/secret.txt": Run(
            f"mkdir -p build && {MAKE_SECRET} && python -m staff.release --autograder build/autograder.zip "
            "--secret build/secret.txt",
            "the secret is made above",
            says="autograder.zip",
            slow=True,
        ),
        "make clean": Run("make -n clean", "it would remove the environment", says="build"),
        "python -m staff.run FullyConnectedNets": Run(
            "python -m staff.run --help", "a minute; another notebook is executed above", says="NOTEBOOK"
        ),
        "python -m tests.staff.release.golden": Run(says="wrote .*listing.txt"),
        "python -m cs231n.checks": Run(says=f"{EXERCISES} of {EXERCISES} exercises", slow=True),
        "python -m cs231n.checks --seeds 50": Run(
            "python -m cs231n.checks --seeds 50 relu_forward", "fifty of all take minutes", says="1 of 1 points"
        ),
        "mkdir -p build": Run(),
        MAKE_SECRET: Run(after=("mkdir -p build",)),
        SUBMISSIONS: GRADE,
        f"{SUBMISSIONS} --manual points.csv": GRADE,
        "python -m staff.grade explain s1 adam": EXPLAIN,
        "python -m staff.grade explain s1 adam --again submissions/ --secret build/secret.txt": EXPLAIN,
        'python -m staff.grade request s1 adam "It is the form of the paper"': EXPLAIN,
        'python -m staff.grade close s1 adam "It is, and has its point now"': EXPLAIN,
        f"{SUBMISSIONS} --roster roster.csv": dataclasses.replace(GRADE, says="--roster"),
        f"{SUBMISSIONS} --scheduler tcp://host:8786": GRADE,
        'python -m pip install -c constraints.txt -e ".[cluster]"': Run(
            f'{INSTALL_OFFLINE} -c constraints.txt -e ".[cluster]"', IS_INSTALLED, says="satisfied: distributed",
            slow=True,
        ),
        "python -m dask scheduler": Run(
            "python -m dask scheduler --host 127.0.0.1 --port 0 --no-dashboard",
            "its port may be taken, and is nobody else's",
            until="Scheduler at",
        ),
        "python -m dask worker tcp://host:8786 --nworkers auto": Run(
            "python -m dask worker --help", "tests/staff/grade/test_cluster.py starts one", says="--nworkers"
        ),
    },
    "release": {
        "python3 --version": Run(says=r"Python 3\."),
        "py --version": Run("python --version", "a command of Windows", says=r"Python 3\."),
        "python3 -m venv .venv": VENV,
        "source .venv/bin/activate": ACTIVATE,
        CPU_TORCH: THE_TESTED_TORCH,
        "py -3 -m venv .venv": VENV,
        r".venv\Scripts\activate": ACTIVATE,
        "python -m pip install -c constraints.txt -e .": Run(
            f"{INSTALL_OFFLINE} -c constraints.txt -e .", IS_INSTALLED, says="already satisfied: torch", slow=True
        ),
        'python -m pip install -c constraints.txt -e ".[pdf]"': Run(
            f'{INSTALL_OFFLINE} -c constraints.txt -e ".[pdf]"', IS_INSTALLED, says="already satisfied: typst"
        ),
        'python -m pip install -c constraints.txt -e ".[tensorflow]"': TENSORFLOW,
        "python -m cs231n.doctor": Run(says="You can work"),
        BUILD_COMMAND: BUILD,
        "python -m cs231n.datasets": Run(says="CIFAR-10 is already there"),
        "python -m cs231n.datasets --stand-in": Run(
            "python -m cs231n.datasets --stand-in --dest drawn", "the data that is there stays", says="is ready"
        ),
        "export CIFAR10_DIR=/path/to/cifar-10-batches-py": Run(),
        r"set CIFAR10_DIR=C:\path\to\cifar-10-batches-py": Run("true", "a command of Windows"),
        "python -m jupyter lab": LAB,
        "python -m cs231n.checks": Run(says="0 of [0-9]+ points", status=1),
        "python -m cs231n.checks q2": Run(says="Batch and layer normalisation", status=1),
        "python -m cs231n.checks batchnorm_backward": Run(says="needs batchnorm_forward", status=1),
        "python -m cs231n.checks batchnorm_backward --explain": Run(says="batchnorm_backward", status=1),
        "python -m cs231n.checks --watch": Run(until="Waiting for a file to be saved"),
        "python -m cs231n.submit": Run(says="Wrote assignment.pdf"),
        "sh collectSubmission.sh": Run(
            "sh collectSubmission.sh --help", "it is python -m cs231n.submit, executed above", says="a2.zip"
        ),
    },
    "exercise": {
        "python -m cs231n.checks leaky_relu_forward": Run(says="1 of 1 points"),
        "git add cs231n": Run(),
        "python -m staff.release build/release": Run(says="a2-student.zip", after=("git add cs231n",)),
        "python -m tests.staff.release.golden": Run(
            says="wrote .*listing.txt", slow=True, after=("git add cs231n",)
        ),
        'python -m pytest -q tests/checks/test_exercises.py tests/test_contract.py -k "leaky or every or public"':
            Run(says="passed", slow=True, after=("git add cs231n", "python -m tests.staff.release.golden")),
        "python -m staff.misconceptions": Run(
            says="Wrote .*fingerprints.json", slow=True
        ),
        "python -m cs231n.submit": Run(
            "python -m cs231n.submit --no-checks", "the checks were run above", says="Wrote a2.zip", slow=True
        ),
        GRADE_ONE: Run(
            f"mkdir -p build && {MAKE_SECRET} && {GRADE_ONE} && grep -c ,{POINTS}, build/grades/gradebook.csv",
            "the secret that it reads was made in another folder",
            says="1 submissions? graded; 0 with problems",
            slow=True,
            after=("python -m cs231n.submit",),
        ),
    },
}  # fmt: skip

# --- the documents ------------------------------------------------------------------------------------------

# What an inline `command` begins with.
PROGRAMS = r"(?:\.venv\S+|python3?|py|pip|make|sh|git|jupyter|source|export|set|unshare|actionlint)"


def blocks(text):
    """Yield (language, lines, what stands before) of each fenced block of a document."""
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield match[1], match[2].splitlines(), text[: match.start()]


def commands(document):
    """Return the (folder, command) pairs of a document, in order and each once, fenced or inline."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found = []
    for language, lines, before in blocks(text):
        folder = "exercise" if STEPS in before and document == "staff/README.md" else DOCUMENTS[document]
        if language in (SHELL, WINDOWS):
            found += [(folder, re.sub(r"\s+#.*", "", line)) for line in lines if line.strip()]
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    inline = (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose))
    known = {command for _, command in found}
    found += [
        (DOCUMENTS[document], span)
        for span in inline
        if re.match(rf"{PROGRAMS}[ ]|\.venv\\", span) and span not in known
    ]
    return list(dict.fromkeys(found))


ALL = list(dict.fromkeys(pair for document in DOCUMENTS for pair in commands(document)))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_says_what_it_is(document):
    languages = [language for language, _, _ in blocks((ROOT / document).read_text(encoding="utf-8"))]
    assert languages and set(languages) <= {SHELL, WINDOWS, *TEXT}


def test_every_command_of_the_documents_is_known_and_every_known_one_is_in_a_document():
    assert {folder: sorted(c for f, c in ALL if f == folder) for folder in KNOWN} == {
        folder: sorted(entries) for folder, entries in KNOWN.items()
    }


def test_whatever_is_not_executed_itself_has_a_reason():
    for entries in KNOWN.values():
        for command, run in entries.items():
            assert bool(run.instead) == bool(run.why), command


# --- where they are executed --------------------------------------------------------------------------------


def _copy(destination):
    """Copy what git tracks or would track, and the extension; commit it, for a release asks git."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    built = [f"cs231n/{path.name}" for path in (ROOT / "cs231n").glob("im2col_cython.*") if path.suffix in BUILT]
    for name in {*listed.stdout.decode().split("\0"), *built} - {""}:
        if (ROOT / name).is_file():
            (destination / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, destination / name)
    for name in built:
        os.utime(destination / name)
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "All"]):
        subprocess.run(["git", *words], cwd=destination, check=True)
    return destination


def _environment(folder):
    """Put into a folder an environment .venv that stands for the one at hand: `make` finds it installed."""
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, arguments in (("python", ""), ("python3", ""), ("jupyter", "-m jupyter"), ("ruff", "-m ruff")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        program.chmod(0o755)
    for name in ("notebooks", "tests"):
        (folder / ".venv" / f"{name}-{sys.version_info.major}.{sys.version_info.minor}").touch()


def _data(folder, stand_in_root):
    """Put data into a folder that passes for CIFAR-10, so that nothing is downloaded."""
    root = folder / "cs231n" / "datasets" / "cifar-10-batches-py"
    root.mkdir()
    for path in stand_in_root.iterdir():
        (root / path.name).symlink_to(path)
    (root / "batches.meta").unlink()


@pytest.fixture(scope="module")
def folders(tmp_path_factory, stand_in_root):
    """Name -> function that returns a folder to execute commands in, made when it is first asked for."""
    made = {}

    def source(name):
        if name not in made:
            made[name] = folder = _copy(tmp_path_factory.mktemp(name))
            _environment(folder)
            _data(folder, stand_in_root)
            if name == "exercise":
                _add_exercise(folder)
        return made[name]

    def release():
        if "release" not in made:
            made["release"] = folder = tmp_path_factory.mktemp("student") / "release"
            _execute("python -m staff.release " + str(folder), source("source"))
            for path in (ROOT / "cs231n").glob("im2col_cython.*"):
                if path.suffix in BUILT:
                    shutil.copyfile(path, folder / "cs231n" / path.name)
            _data(folder, stand_in_root)
        return made["release"]

    def folder(name):
        return release() if name == "release" else source("exercise" if name == "exercise" else "source")

    return folder


def _add_exercise(folder):
    """Follow the steps of staff/README.md: a block of code goes into the file that is named last before it.

    A step that is already taken stays: whoever follows the page to the letter has taken them all.
    """
    text = (ROOT / "staff/README.md").read_text(encoding="utf-8")
    for language, lines, before in blocks(text):
        if STEPS not in before or language not in ("python", "diff"):
            continue
        path = folder / re.findall(r"`([\w/]+\.(?:py|toml|ipynb))`", before)[-1]
        code = "".join(f"{line}\n" for line in lines)
        if language == "diff":
            old = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
            new = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
            content = path.read_text(encoding="utf-8")
            if new in content:
                continue
            assert content.count(old) == 1, (
                f"{path.relative_to(folder)} has {content.count(old)} places for the example in staff/README.md, "
                f"expected one: bring the example up to date, for it begins with\n{old}"
            )
            path.write_text(content.replace(old, new), encoding="utf-8")
        elif path.exists() and code not in path.read_text(encoding="utf-8"):
            path.write_text(path.read_text(encoding="utf-8") + f"\n\n{code}", encoding="utf-8")
        elif not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code, encoding="utf-8")


def _execute(command, folder, until=""):
    """Execute a line of shell in a folder, with the Python at hand as `python`; return status and what it printed.

    It is interrupted once it prints `until`.
    """
    programs = folder.parent / f"{folder.name}-programs"
    if not programs.exists():
        programs.mkdir()
        for name in ("python", "python3"):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
            (programs / name).chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}
    for name in ("VIRTUAL_ENV", "CIFAR10_DIR", "MAKEFLAGS", "MAKELEVEL", "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        preexec_fn=_heed_interrupts,
    ) as process:
        printed = ""
        for line in process.stdout:
            printed += line
            if until and until in line:
                process.send_signal(signal.SIGINT)
        return process.wait(), printed


# Several commands stand for the same page of help, which is printed once.
_told = functools.cache(_execute)


def _heed_interrupts():
    """Have Ctrl-C end what is started, also where the tests run in the background and ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _marks(folder, command):
    run = KNOWN[folder].get(command, Run())
    return [pytest.mark.slow] if run.slow else []


@pytest.mark.skipif(os.name == "nt", reason="the commands are executed by bash")
@pytest.mark.parametrize(
    "where, command", [pytest.param(*pair, marks=_marks(*pair), id=f"{pair[0]}: {pair[1]}") for pair in ALL]
)
def test_a_command_does_what_the_document_says(folders, tmp_path, where, command):
    run = KNOWN[where][command]
    folder = tmp_path if run in (VENV, ACTIVATE) else folders(where)
    for earlier in run.after:
        _execute(KNOWN[where][earlier].instead or earlier, folder)
    execute = _told if run.instead.endswith("--help") else _execute
    status, printed = execute(run.instead or command, folder, run.until)
    assert status == run.status, printed
    assert re.search(run.says, printed), printed


# --- the workflow -------------------------------------------------------------------------------------------

WORKFLOW = ".github/workflows/test.yml"


def test_the_workflow_executes_only_commands_of_the_documents():
    text = (ROOT / WORKFLOW).read_text(encoding="utf-8")
    lines = re.findall(r"run: (?!\|)(.+)", text)
    for block in re.findall(r"run: \|\n((?: {10}.+\n)+)", text):
        lines += [line.strip() for line in block.splitlines()]
    commands = {re.sub(r"^if (.*); then exit 1; fi$", r"\1", line) for line in lines} - {"cd build/release"}
    assert len(commands) > 8
    assert commands <= {command for _, command in ALL}


def test_the_workflow_covers_the_pythons_that_the_package_names():
    classifiers = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text = (ROOT / WORKFLOW).read_text(encoding="utf-8")
    matrices = [re.findall(r'"([\d.]+)"', row) for row in re.findall(r"python: \[(.*)\]", text)]
    assert len(matrices) == 2 and all(matrix == classifiers for matrix in matrices)
    assert {"ubuntu-latest", "macos-latest", "windows-latest"} <= set(re.findall(r"\w+-latest", text))
    for document in ("README.md", "staff/release/README.md"):
        assert f"Python {classifiers[0]} to {classifiers[-1]}" in (ROOT / document).read_text(encoding="utf-8")
