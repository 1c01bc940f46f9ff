"""Grade submissions.

    python -m staff.grade a2.zip more/*.zip --out build/grades --secret FILE
    python -m staff.grade submissions/ --out build/grades --secret FILE --roster roster.csv
    python -m staff.grade explain STUDENT EXERCISE        (--help says more)

A path is an archive, a folder that is a submission, or a folder of submissions, such as Gradescope and Canvas
export. Each submission gets OUT/records/NAME.json, OUT/results/NAME.json in Gradescope's form,
OUT/feedback/NAME.html for the student, and a line in OUT/gradebook.csv. OUT/report.html shows the class.
OUT/manual.html shows what a human judges; the points go into the tables in OUT/manual. A run that was stopped
goes on where it was; what has not changed is not graded again. With --scheduler the workers of a Dask cluster
grade, and this machine reads and writes.

Our own solution is graded first and last. If it misses a point, the machine is at fault and no gradebook is
written.

Exit status: 0 if all were graded; 1 if the grader itself broke, a submission was not graded, or readers do not
agree; 2 for a wrong command line.
"""

import contextlib
import os
import sys
from collections.abc import Sequence

from cs231n.checks.rubric import load_rubric
from cs231n.checks.rubric import select as select_exercises
from staff.course_secret import read_secret
from staff.grade import options as command_line
from staff.grade.alike.tokens import TokenHashes
from staff.grade.explain import COMMANDS, answer
from staff.grade.grading import Setup, checks_digest
from staff.grade.intake import exports, roster
from staff.grade.intake.text import clean
from staff.grade.points import bank, lateness, manual, overrides, previous, readings, site_tables
from staff.grade.points.course import Course
from staff.grade.points.output import Output, locked
from staff.grade.pool.errors import ClusterError
from staff.grade.pool.processes import start_server
from staff.grade.run import grade_class
from staff.grade.sandbox.isolation import refusal
from staff.grade.sandbox.without_bubblewrap import remove_leftovers
from staff.grade.self_check import faults

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    if os.name == "nt":
        print("Grading needs Linux or macOS. On Windows run it in WSL: https://aka.ms/wsl", file=sys.stderr)
        return 2
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in COMMANDS:
        return answer(arguments)
    parser = command_line.parser(__doc__)
    options = parser.parse_args(arguments)
    if options.workers < 1:
        parser.error(f"--workers is {options.workers}, expected at least 1")
    with contextlib.ExitStack() as stack:
        try:
            if not options.unsafe and not options.scheduler and (why := refusal()):
                raise ValueError(
                    f"{why}. Install bubblewrap, or add --unsafe on a machine that holds nothing else"
                )
            secret = read_secret(options.secret)
            exercises = tuple(select_exercises(options.exercises))
            students = roster.read_roster(options.roster) if options.roster else roster.Roster()
            export = roster.with_claimed(exports.find_submissions(options.paths), students)
            course, submissions, replaced = _course(options, export, students)
            before = previous.read_earlier(options.previous) if options.previous else None
            given = _readings(options, course, submissions, replaced, secret)
            stack.enter_context(locked(options.out))
        except ValueError as error:
            parser.exit(2, f"{parser.prog}: {error}\n")
        setup, output = _setup(secret, options, exercises), Output(options.out, course, options.scheme)
        try:
            return _grade(options, export, submissions, replaced, setup, output, given, before)
        except ClusterError as error:
            parser.exit(2, f"{parser.prog}: {error}\n")


def _grade(options, export, submissions, replaced, setup, output, given, before):
    """Grade, write and print; returns the exit status."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # a core for each worker, and the same sums in the same order everywhere
    if not options.scheduler:
        start_server()
    from staff.grade.pages import write  # which loads SciPy, while the server starts
    from staff.grade.pages.course_tables import Entries

    course = output.course
    absent = course.absent(setup.chosen, load_rubric().manual.values())
    _tell(export, submissions, course, absent, options.deadline)
    listed = site_tables.entries((*submissions, *replaced), export.left_out, course.people)
    output.write_table("entries.csv", listed)
    print(f"Whose entry each one is, and when it was handed in: {options.out / 'entries.csv'}")
    if not options.no_self_check and (wrong := faults(setup, options.scheduler)):
        return _unsound(wrong)
    summary = grade_class(submissions, setup, output, given.points, options.workers, options.scheduler)
    if (
        not options.no_self_check
        and summary.kept < summary.submissions
        and (wrong := faults(setup, options.scheduler))
    ):
        return _unsound(wrong)
    remove_leftovers()
    _write_tables(output, summary, absent, options)
    changes = previous.changes(before, summary.records) if before is not None else None
    entries = Entries((*submissions, *replaced), export.left_out, tuple(absent))
    new = write.write(output, summary, setup.secret, replaced, changes, given, entries)
    _print(summary, options.out, output.set_aside())
    for path in new:
        print(f"New answers to read: {path}")
    for line in given.notes:
        print(line)
    if given.conflicts:
        print("READERS DO NOT AGREE. Pending until one of the rows is changed:")
        print("\n".join(f"  {line}" for line in given.conflicts))
    if changes is not None:
        print(previous.changes_text(changes))
    lost = sorted({one.name for one in submissions} - {one.name for one in summary.records})
    if lost:
        print(f"NOT GRADED, FOR AN UNKNOWN REASON: {', '.join(lost)}. Run the same command again.")
    return 1 if summary.undecided or given.conflicts or lost else 0


def _unsound(wrong):
    """Print what our own solution missed; returns the exit status."""
    print("THE MACHINE IS AT FAULT: our own solution does not get every point here. No gradebook is written.")
    print("\n".join(f"  {line}" for line in wrong))
    print("Look for a full disk, memory that runs out, or too many --workers, then run the same command again.")
    return 1


def _readings(options, course, submissions, replaced, secret):
    """Return the Readings of all tables of points: those in OUT/manual and those given."""
    names = [submission.name for submission in submissions]
    gone = {path.stem for path in options.out.glob("**/records/*.json")} | {
        submission.name for submission in replaced
    }
    gone -= set(names)
    gone |= set(manual.codes(sorted(gone), secret).values())
    coded = {code: name for name, code in manual.codes(names, secret).items()}
    called = roster.Called(submissions, course.people, course.roster)
    paths = [*sorted((options.out / "manual").glob("*.csv")), *options.manual]
    return readings.read_readings(paths, called, coded, gone - coded.keys())


def _course(options, export, students):
    """Return (Course, Submissions that count, those that later ones replace) of a command line.

    Raises:
        ValueError: a table or a policy that cannot be meant.
    """
    policy = _policy(options)
    submissions = list(export.submissions)
    people = roster.groups_of(submissions, students)
    if options.times:
        called = roster.Called(submissions, people, students)
        submissions = lateness.with_times(submissions, options.times, called, options.timezone)
        people = roster.groups_of(submissions, students)
    keys = {name: tuple(one.key for one in group) for name, group in people.items()}
    submissions, replaced = lateness.latest(submissions, keys)
    people = {submission.name: people[submission.name] for submission in submissions}
    decisions = options.overrides or options.out / "overrides.csv"
    decided = {}
    if options.overrides or decisions.exists():
        decided = overrides.read_overrides(decisions, roster.Called(submissions, people, students))
    table = bank.read_bank(_late_day_table(options), options.assignment, options.reopen)
    return Course(people, students, policy, decided, table), submissions, replaced


def _late_day_table(options):
    return options.late_day_table or options.out / "late_days.csv"


def _policy(options):
    """Return the lateness.Policy of a command line, or None without a deadline."""
    given = options.grace_minutes, options.penalty, options.zero_after_days
    if options.deadline is None:
        if given != (None, None, None):
            raise lateness.PolicyError("--grace-minutes, --penalty and --zero-after-days need a --deadline")
        return None
    numbers = options.grace_minutes or 0.0, options.penalty or 0.0, options.zero_after_days
    return lateness.policy(options.deadline, *numbers, options.timezone)


def _tell(export, submissions, course, absent, deadline):
    """Print what was found, before hours go by."""
    count, left_out = len(export.submissions), len(export.left_out)
    entries = "1 entry" if export.found == 1 else f"{export.found} entries"
    print(f"{entries} found: {count} submission{'' if count == 1 else 's'}, {left_out} left out.")
    for entry in export.left_out:
        print(f"  left out: {clean(entry.path.name)}: {entry.why}")
    for submission in export.submissions:
        strangers = [one for one in course.people.get(submission.name, ()) if not one.listed]
        for problem in (*submission.problems, *(_unknown(one, course.roster) for one in strangers)):
            print(f"  {clean(submission.student)}: {problem}")
    if course.roster.people:
        print(f"{len(course.roster.people)} students in the roster, {len(absent)} of them without a submission.")
        for one in absent:
            what = "perhaps handed in, see above" if one.unsure else "nothing handed in"
            print(f"  {what}: {clean(one.person.key)} {clean(one.person.name)}")
    timeless = sum(submission.submitted is None for submission in submissions)
    if deadline and timeless:
        print(
            f"No submission time is known for {timeless} of {len(submissions)} submissions: they count as on time."
        )
        if marked := sum(submission.marked_late and submission.submitted is None for submission in submissions):
            print(
                f"{marked} of them marked as late, but not how late: pending until --times or an override says so."
            )


def _unknown(stranger, students):
    """Return why a student of an export is none of the roster."""
    same = ", ".join(clean(one.key) for one in students.namesakes(stranger))
    if not same:
        return f"{clean(stranger.name or stranger.key)} is not in the roster"
    who = f"with {clean(stranger.id)} there" if stranger.id else "with the course site's number"
    return f"several students have this name: {same}; a column `site id` of the roster {who} says which"


def _setup(secret, options, exercises):
    """Return the Setup; the release is made here, since it takes what the workers need not load."""
    from staff.release.build import ROOT, build

    release = build()
    checks = checks_digest(ROOT)
    token_hashes = TokenHashes(release)
    return Setup(secret, release, checks, options.limit, exercises, token_hashes, options.unsafe, options.scheme)


def _write_tables(output, summary, absent, options):
    """Write the gradebook, and what this run says about late days and decisions."""
    course = output.course
    output.write_gradebook(absent)
    if course.policy and any(one.bank for group in course.people.values() for one in group):
        text = course.bank.table(course.paid(summary.records), options.close)
        Output.put(_late_day_table(options), text)
    output.write_table("misconceptions.csv", site_tables.misconceptions(summary.records))
    if options.site:
        _write_for_site(output, summary, absent, options)
    if (text := overrides.log_text(options.out / "overrides_log.csv", course.decided)) is not None:
        output.write_table("overrides_log.csv", text)


def _write_for_site(output, summary, absent, options):
    """Write the table that a course site imports."""
    standings = [*(one for record in summary.records for one in output.course.standings(record)), *absent]
    text = site_tables.site_table(options.site, standings, options.column or options.assignment)
    output.write_table(f"{options.site}.csv", text)
    waiting = site_tables.open_students(standings)
    print(
        f"Wrote {options.out / options.site}.csv; {len(waiting)} students are not in it, as their points "
        "are not final."
    )
    if waiting:
        print(f"  open: {', '.join(map(clean, waiting[:20]))}{' ...' if len(waiting) > 20 else ''}")


def _print(summary, out, moved):
    for isolation, count in sorted(summary.isolation.items()):
        print(f"Isolation: {isolation}" + (f" ({count} submissions)" if len(summary.isolation) > 1 else ""))
    kept = f", {summary.kept} of them unchanged" if summary.kept else ""
    count = "1 submission" if summary.submissions == 1 else f"{summary.submissions} submissions"
    print(f"{count} graded{kept}; {summary.with_problems} with problems.")
    if summary.undecided:
        print(f"THE GRADER BROKE at {summary.undecided}: see {out / 'errors'}, then run the same command again.")
    if moved:
        names = ", ".join(moved[:3]) + (f" and {len(moved) - 3} more" if len(moved) > 3 else "")
        print(f"No longer among these submissions, and moved to {out / 'replaced'}: {names}.")
    print(
        f"Wrote {out / 'gradebook.csv'} and {out / 'report.html'}, with results, records and feedback beside them."
    )


if __name__ == "__main__":
    sys.exit(main())
