"""A made-up class of any size: records as the grader writes them, with the spread that a real class has.

python -m tests.staff.grade.made_up FOLDER [SIZE]     its pages, to look at
"""

import base64
import dataclasses
import datetime
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from cs231n.checks.registry import checks_of
from cs231n.checks.rubric import load_rubric
from staff.grade.record import CheckRecord, ExerciseRecord, ManualRecord, PartRecord, Record

FIRST = (
    "Ada Ben Chen Dina Emre Farah Goran Hanna Ikram José Kofi Linh Mia Noor Olu Priya Quentin Rosa Sven Tomás Zoë"
)
LAST = "Abiola Brandt Cohen Dubois Eriksen Fernández Gupta Hansen Ito Jansen Kim Müller Nguyen O’Brien Park Šimić"
HOSTILE = (
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x.test","y")',
    "\x1b[31mred\x1b[0m\x07",
    "abc\u202efdp.exe",
    "'\"><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "long" * 400,
    "a\0b\ud800c\r\nd",
    "محمد عبد الله",
)
DEADLINE = datetime.datetime(2026, 4, 24, 23, 59, 59, tzinfo=datetime.timezone(datetime.timedelta(hours=-7)))


@dataclasses.dataclass(frozen=True)
class Known:
    """Stands for an entry of the catalogue of misconceptions."""

    name: str
    exercise: str
    title: str
    hints: tuple[str, str, str]


TITLES = {
    "batchnorm_backward": ("the variance is taken for a constant", "the mean is taken for a constant"),
    "batchnorm_forward": ("the unbiased variance is used", "running statistics are read in training"),
    "conv_forward_naive": ("the filter is flipped, as in signal processing", "padding is added on one side only"),
    "conv_backward_naive": ("gradients overwrite each other where windows overlap",),
    "dropout_forward": ("kept units are not scaled", "p is taken for the part to drop"),
    "layernorm_forward": ("statistics run over the batch",),
    "adam": ("t is counted after it is used",),
    "rmsprop": ("epsilon stands inside the root",),
    "max_pool_backward_naive": ("ties share the gradient",),
    "affine_backward": ("db is a mean and not a sum",),
    "spatial_groupnorm_forward": ("channels are interleaved among the groups",),
}
CATALOGUE = {
    f"{exercise}_{i}": Known(
        f"{exercise}_{i}",
        exercise,
        title,
        (
            "Write the formula down for a batch of two.",
            "Which terms depend on x? Draw the graph.",
            "There is an edge that your code does not walk back.",
        ),
    )
    for exercise, titles in TITLES.items()
    for i, title in enumerate(titles)
}


def make_class(size, seed=231):
    """Return `size` records, with late, crashed, empty and second submissions among them."""
    rng = np.random.default_rng(seed)
    people = [f"{first} {last}" for first in FIRST.split() for last in LAST.split()]
    records = []
    for i in range(size):
        student = people[(i * 37) % len(people)] + (f" {i // len(people) + 1}" if i >= len(people) else "")
        if i and i % 29 == 0:
            student = records[-1].student
        records.append(make_record(rng, f"s{i:04}", student, rng.beta(5, 1.4)))
    return records


def make_record(rng, name, student, skill, **more):
    """Return a record of somebody with a skill from 0 to 1."""
    exercises = []
    stopped = rng.random() < 0.12 and rng.uniform(0.3, 1)  # some run out of time
    rubric = load_rubric()
    for i, exercise in enumerate(rubric.exercises.values()):
        late_part = stopped and i / len(rubric.exercises) > stopped
        exercises.append(_exercise(rng, exercise, 0.02 if late_part else skill, bool(late_part)))
    hours = rng.choice([-1, 1], p=[0.85, 0.15]) * rng.exponential(20)
    values = {
        "source": f"/grading/incoming/{name}.zip",
        "digest": f"{rng.integers(2**60):x}",
        "code": f"{rng.integers(2**60):x}",
        "checks": "c0ffee",
        "secret": "5eed",
        "submitted": (DEADLINE + datetime.timedelta(hours=float(hours))).isoformat(timespec="seconds"),
        "isolation": "bubblewrap",
        "problems": ("notes.zip: an archive inside, which is not opened: hand in its files",)
        if rng.random() < 0.04
        else (),
        "exercises": tuple(exercises),
        "manual": tuple(_manual(rng, item, skill) for item in rubric.manual.values()),
        "seconds": float(rng.gamma(4, 0.25) + sum(one.seconds for one in exercises)),
    }
    return Record(name=name, student=student, **(values | more))


def _exercise(rng, exercise, skill, out_of_time):
    """Return an ExerciseRecord; the hard ones are worth more and fail more often."""
    passes = rng.random() < skill ** (0.25 + 0.12 * exercise.points)
    verdict = "passed" if passes else str(rng.choice(_VERDICTS, p=_WEIGHTS))
    if out_of_time and not passes:
        verdict = "not_implemented"
    known = [name for name, one in CATALOGUE.items() if one.exercise == exercise.name]
    message = {"not_implemented": f"{exercise.name} is not written yet", "passed": ""}.get(
        verdict, "differs from torch in 12 of 30 values, the largest difference is 0.31"
    )
    checks = [CheckRecord(one.id, one.line, "passed") for one in checks_of(exercise.name)]
    if verdict in ("not_implemented", "blocked", "import_error"):
        checks = checks[:1]
    for i in range(0 if passes else max(1, len(checks) // 3)):
        if checks:
            checks[i] = dataclasses.replace(checks[i], verdict=verdict, message=message)
    return ExerciseRecord(
        exercise.name,
        exercise.question,
        exercise.points,
        exercise.points if passes else 0,
        verdict,
        message,
        exercise.needs[:2] if verdict == "blocked" else (),
        exercise.needs[:1] if passes and exercise.needs and rng.random() < 0.05 else (),
        str(rng.choice(known)) if known and verdict == "failed" and rng.random() < 0.8 else None,
        tuple(checks),
        float(rng.gamma(2, 0.01) + (10 if verdict == "timeout" else 0)),
    )


_VERDICTS = ("failed", "not_implemented", "blocked", "error", "crashed", "timeout", "import_error")
_WEIGHTS = (0.56, 0.14, 0.1, 0.13, 0.02, 0.03, 0.02)


def _manual(rng, item, skill):
    judged = rng.random() < 0.7
    return ManualRecord(
        item.name,
        item.question,
        item.points,
        float(np.floor(2 * item.points * min(1, skill + 0.1)) / 2) if judged else None,
        "Right, but say why the gradients vanish.\nThe second figure lacks its axes."
        if judged and skill < 0.7
        else "",
        tuple(_part(rng, place) for place in item.cells),
        {"open-ended net, validation": "74.3 %"} if "open-ended" in item.name else {},
    )


ANSWERS = (
    "Because the mean of a batch is **noisy**: with $N = 2$ its variance is $\\sigma^2 / 2$.",
    "**Answer.**\n\n1. The sigmoid, at both ends: its slope is $\\sigma(x)(1 - \\sigma(x)) \\le 1/4$.\n"
    "2. The rectifier, for $x < 0$.\n\n```python\ndx = dout * (x > 0)\n```\nSo `dx` is zero there.",
    "No. " + "I tried it with several learning rates, and the figure shows that it makes no difference. " * 6,
    "",
)


def _part(rng, place):
    """Return what stands in a cell; one of three has a figure."""
    figures = (_figure(rng),) if rng.random() < 0.3 else ()
    return PartRecord(place, str(rng.choice(ANSWERS)), figures)


def _figure(rng):
    """Return a PNG in base64, of some bars."""
    height, width = 60, 96
    picture = np.full((height, width), 245, np.uint8)
    for i in range(12):
        picture[rng.integers(5, height) :, 8 * i : 8 * i + 6] = 90
    written = io.BytesIO()
    Image.fromarray(picture).save(written, "PNG")
    return base64.b64encode(written.getvalue()).decode()


def hostile_record(text, name="hostile"):
    """Return a record that carries a hostile text wherever a text can come from a student or from outside."""
    record = make_record(np.random.default_rng(1), name, text, 0.3, problems=(text,))
    exercises = tuple(
        dataclasses.replace(
            one, message=text, checks=tuple(dataclasses.replace(check, message=text) for check in one.checks)
        )
        for one in record.exercises
    )
    manual = tuple(
        dataclasses.replace(
            one,
            earned=1,
            comment=text,
            parts=tuple(dataclasses.replace(part, text=text) for part in one.parts),
            shown={text: text},
        )
        for one in record.manual
    )
    return dataclasses.replace(record, exercises=exercises, manual=manual)


def main(folder, size=60):
    """Write the pages of a made-up class."""
    from staff.grade.alike.similarity import Group
    from staff.grade.pages import manual_pages
    from staff.grade.pages.class_report import class_report
    from staff.grade.pages.feedback import feedback
    from staff.grade.points.course import Course
    from staff.grade.points.lateness import assess, latest, policy
    from staff.grade.points.previous import changes

    due = policy(DEADLINE.isoformat(), 15, 10, 3)
    records, replaced = latest(make_class(int(size)))
    Path(folder, "feedback").mkdir(parents=True, exist_ok=True)
    for record in records:
        page = feedback(record, load_rubric(), CATALOGUE, assess(record, due))
        Path(folder, "feedback", f"{record.name}.html").write_text(page, encoding="utf-8")
    functions = (("conv_backward_naive", 88), ("adam", 40))
    groups = [
        Group((records[3].name, records[7].name, records[20].name), 0.61, 0.93, functions),
        Group((records[9].name, records[11].name), 0.78, 0.78, functions[:1]),
    ]
    changed = changes(make_class(int(size), seed=232)[:5], records[:5])
    values = {"course": Course(policy=due), "groups": groups, "changes": changed, "replaced": replaced}
    page = class_report(records, load_rubric(), CATALOGUE, **values)
    Path(folder, "report.html").write_text(page, encoding="utf-8")
    Path(folder, "manual").mkdir(exist_ok=True)
    for name, page in manual_pages.pages(records, {one.name: one for one in records}.get, b"made up"):
        Path(folder, name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
