"""Answer a regrade request, for staff only.

    python -m staff.grade explain STUDENT EXERCISE
    python -m staff.grade explain STUDENT EXERCISE --again submissions/ --secret FILE
    python -m staff.grade request STUDENT EXERCISE "what the student says"
    python -m staff.grade close STUDENT EXERCISE "what was answered"

The first prints what ran, the results, and what the seeds are made of; the second runs the exercise now,
with the same seeds, and changes nothing. The others open and close a request in OUT/overrides_log.csv; a line of
overrides.csv about the exercise closes it, too. A student is called by id, e-mail, name or submission.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from cs231n.checks.rubric import load_rubric
from staff import ROOT
from staff.course_secret import read_secret
from staff.grade.grading import Setup, checks_digest, grade
from staff.grade.intake import exports, tables
from staff.grade.points import overrides
from staff.grade.points.output import Output, locked
from staff.grade.record import load_record

__all__ = ["COMMANDS", "answer"]

COMMANDS = ("explain", "request", "close")
WHO = ("name", "student", "id", "email", "status")


def answer(arguments: Sequence[str]) -> int:
    """Run one of COMMANDS; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.grade", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("student", metavar="STUDENT")
    parser.add_argument("exercise", metavar="EXERCISE")
    parser.add_argument("text", nargs="?", default="", metavar="TEXT")
    parser.add_argument(
        "--out", type=Path, default=Path("build/grades"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument(
        "--again",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="with explain: what the run was given; the exercise is run now",
    )
    parser.add_argument("--secret", type=Path, metavar="FILE", help="the course secret, for --again")
    parser.add_argument("--unsafe", action="store_true", help="for --again, as in a run")
    options = parser.parse_args(arguments)
    try:
        line = _student(options.out, options.student)
        names = {name.casefold(): name for name in (*load_rubric().exercises, *load_rubric().manual)}
        if options.exercise.casefold() not in names:
            raise ValueError(
                f"there is no exercise {options.exercise!r}, expected one of {', '.join(names.values())}"
            )
        exercise = names[options.exercise.casefold()]
        if options.command == "explain":
            print("\n".join(_explained(options.out, line, exercise)))
            if options.again:
                print("\n".join(_again(options, line, exercise)))
        else:
            _log(options, line, exercise)
    except ValueError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    return 0


def _student(out, called):
    """Return the line of the gradebook of the one student who is called so."""
    path = out / "gradebook.csv"
    if not path.exists():
        raise ValueError(f"{path} is not there: give --out with the folder of a run")
    lines = tables.read_table(path, {name: () for name in WHO}, WHO)
    wanted = called.casefold()
    found = [line for line in lines if wanted in (line[name].casefold() for name in WHO[:4])]
    if len(found) != 1:
        several = ", ".join(line["id"] or line["name"] for line in found)
        raise ValueError(
            f"{len(found)} students in {path} are called {called!r}, expected one; "
            + (f"write one of {several}" if several else "write an id, e-mail, name or submission")
        )
    return found[0]


def _key(line):
    return line["id"] or line["email"] or line["student"]


def _explained(out, line, exercise):
    """Yield what is known about an exercise of a student."""
    yield f"{line['student']} {line['id']} {line['email']}".rstrip() + f": {line['status']}"
    requests = overrides.open_requests(out / "overrides_log.csv")
    if text := requests.get((_key(line), exercise)):
        yield f"A regrade request is open: {text}"
    if not line["name"]:
        yield "Nothing was handed in."
        return
    record = _record(out, line)
    yield f"Submission {record.name}, from {record.source}, handed in {record.submitted or 'at no known time'}"
    yield from (f"  {problem}" for problem in record.problems)
    for item in record.manual:
        if item.name == exercise:
            given = "pending" if item.earned is None else f"{item.earned:g} of {item.points:g} points by a human"
            yield f"{exercise}: {item.conflict or given}. {item.comment}".rstrip()
            yield from (f"--- {part.place}\n{part.text}" for part in item.parts)
    for one in record.exercises:
        if one.name == exercise:
            yield from _checks(record, one)


def _record(out, line):
    path = out / "records" / f"{line['name']}.json"
    try:
        return load_record(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} cannot be read: {error!r}; grade again") from error


def _again(options, line, exercise):
    """Yield what comes of an exercise when it is run now, and what is not as it was."""
    from staff.release.build import build

    if exercise not in load_rubric().exercises:
        raise ValueError(f"{exercise} is judged by a human: there is nothing to run again")
    if not line["name"]:
        raise ValueError(f"{_key(line)} handed in nothing that could run again")
    if not options.secret:
        raise ValueError("--again needs the secret of the run: --secret FILE")
    submissions = {one.name: one for one in exports.find_submissions(options.again).submissions}
    if line["name"] not in submissions:
        where = ", ".join(map(str, options.again))
        raise ValueError(f"there is no submission {line['name']} in {where}, expected what the run was given")
    before = _record(options.out, line)
    values = {"exercises": (exercise,), "unsafe": options.unsafe, "scheme": before.scheme}
    if before.limit:
        values["limit"] = before.limit
    os.environ["OMP_NUM_THREADS"] = "1"
    setup = Setup(read_secret(options.secret), build(), checks_digest(ROOT), **values)
    graded = grade(submissions[line["name"]], setup)
    decides = ("secret", "checks", "code", "isolation")
    other = ", ".join(name for name in decides if getattr(before, name) != getattr(graded.record, name))
    yield f"Run again now{f', with other {other} than then' if other else ''}:"
    for one in graded.record.exercises:
        yield from _checks(graded.record, one)
    yield from graded.log


def _checks(record, one):
    yield f"{one.name}: {one.verdict}, {one.earned:g} of {one.points:g} points. {one.message}".rstrip()
    if one.trusted:
        yield f"Answered by the grader: {', '.join(one.trusted)}"
    if one.remark:
        yield f"Remark: {one.remark}"
    if one.misconception:
        yield f"Recognised: {one.misconception}"
    yield f"Seeds: HMAC of secret {record.secret}, the check's id, code {record.code}, and 0"
    for check in one.checks:
        kind = ", a detail" if check.detail else ""
        yield f"  {check.verdict:15} {check.id}{kind}: {check.line}"
        if check.message and check.verdict != "passed":
            yield "\n".join(f"      {text}" for text in check.message.splitlines())


def _log(options, line, exercise):
    """Open or close a regrade request."""
    if not options.text:
        wanted = "the student says" if options.command == "request" else "was answered"
        raise ValueError(f"there is no text, expected what {wanted}")
    path = options.out / "overrides_log.csv"
    event = "opened" if options.command == "request" else "closed"
    with locked(options.out):
        Output.put(path, overrides.request_text(path, _key(line), exercise, event, options.text))
    print(f"{event}: {_key(line)}, {exercise}. {len(overrides.open_requests(path))} requests are open in {path}")
