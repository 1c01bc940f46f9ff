"""The report of a class: every plot has its table, every number is right, and no text breaks out."""

import collections
import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from cs231n.checks.rubric import load_rubric
from staff.grade.alike.similarity import Group
from staff.grade.intake.exports import LeftOut, Submission
from staff.grade.intake.roster import Person
from staff.grade.pages import manual_pages
from staff.grade.pages.class_report import class_report
from staff.grade.pages.course_tables import Entries
from staff.grade.pages.feedback import feedback
from staff.grade.points.course import Course, Standing
from staff.grade.points.lateness import latest, policy
from staff.grade.points.previous import changes
from tests import lacking
from tests.staff.grade.browser import CHROMIUM, Browser
from tests.staff.grade.made_up import CATALOGUE, DEADLINE, HOSTILE, hostile_record, make_class, make_record
from tests.staff.grade.reading import check

DUE = policy(DEADLINE.isoformat(), 15, 10, 3)
COURSE = Course(policy=DUE)


@pytest.fixture(scope="module")
def records():
    return latest(make_class(60))[0]


def text_of(records, **more):
    return class_report(records, load_rubric(), CATALOGUE, **more)


def everything(records):
    """All that a report can show."""
    names = tuple(record.name for record in records[:3])
    before = [dataclasses.replace(one, exercises=one.exercises[1:], checks="older") for one in records[:2]]
    return {
        "replaced": [dataclasses.replace(records[0], name="earlier")],
        "course": COURSE,
        "groups": [Group(names, 0.6, 0.9, (("adam", 9),))],
        "changes": changes(before, records[:2]),
        "entries": entries(records),
        "marks": [
            ("Q1 training", 0, "kim", 1),
            ("Q1 training", 0, "kim", 2),
            ("Q3 inline questions", 2, "lee", 0.5),
        ],
        "requests": {("s7", "adam"): "It is the form of the paper"},
    }


def entries(records):
    """What a run found: the records' submissions, each with a history, and two things that are none."""
    submissions = [
        Submission(
            Path(f"{one.name}.zip"), one.name, one.student, one.submitted, attempts=1 + i % 3, time_from="x.csv"
        )
        for i, one in enumerate(records)
    ]
    absent = Standing(Person("s99", "Eve", section="B"), records[0], missing=True)
    left_out = (LeftOut(Path("helper.py"), "no archive"), LeftOut(Path("a.url"), "a link"))
    return Entries(tuple(submissions), left_out, (absent,))


def shown(text):
    """The text of a page with single spaces."""
    return " ".join(check(text).text.split())


def test_the_isolation_stands_in_the_first_line_and_reduced_is_an_alarm(records):
    text = text_of(records)
    body = text[text.index("<body") :]
    assert re.match(r'<body class="report">\s*<p class="isolation ">Isolation in force: bubblewrap', body)
    mixed = [dataclasses.replace(records[0], isolation="reduced: no bubblewrap"), *records[1:]]
    text = text_of(mixed)
    body = text[text.index("<body") :]
    assert re.match(
        r'<body class="report">\s*<p class="isolation alarm">'
        r"ISOLATION WAS REDUCED for 1 submission: no bubblewrap",
        body,
    )


def test_every_plot_has_its_table(records):
    text = text_of(records, **everything(records))
    page = check(text)
    charts = re.findall(
        r'<svg class="chart"[^>]*aria-label="Histogram, ([^,]*(?:, [a-z ]*)?), \d+ submissions', text
    )
    captions = re.findall(r"<caption>([^<]*)</caption>", text)
    assert len(charts) == 1 + len(load_rubric().questions)
    assert set(charts) <= set(captions)
    strips = [image for image in page.images if image["class"] == "strip"]
    assert len(strips) == len(records)


def test_the_bins_hold_everybody_once(records):
    text = text_of(records)
    table = text[text.index("<caption>Points of all questions") :]
    counts = list(map(int, re.findall(r'class="num">(\d+)</td></tr>', table[: table.index("</table>")])))
    expected, _ = np.histogram([record.earned for record in records], np.linspace(0, 100, 21))
    assert counts == expected.tolist()


def test_the_heat_map_counts_every_verdict_of_every_exercise(records):
    text = text_of(records)
    heat = text[text.index('<table class="heat">') :]
    heat = heat[: heat.index("</table>")].replace("<wbr>", "")
    columns = re.findall(r'<th scope="col">[^\w\s<]+ ([^<]+)</th>', heat)
    assert columns[0] == "passed"
    for name in load_rubric().exercises:
        row = re.search(rf'scope="row" class="name">{name}</th>(.*?)</tr>', heat, re.DOTALL)[1]
        counts = list(map(int, re.findall(r">(\d+)</td>", row)))
        verdicts = collections.Counter(
            one.verdict for record in records for one in record.exercises if one.name == name
        )
        assert counts[0] == verdicts["passed"]
        assert sorted(filter(None, counts)) == sorted(verdicts.values())


def test_entries_sections_readers_attempts_and_requests_have_tables(records):
    people = {one.name: (Person(one.name, one.student, section="AB"[i % 2]),) for i, one in enumerate(records)}
    text = shown(
        re.sub("(?=<t[dh]|<li)", " ", text_of(records, **everything(records) | {"course": Course(people)}))
    )
    assert f"{len(records) + 2} entries: {len(records)} submissions" in text and "2 left out" in text
    assert "helper.py no archive" in text and "nothing handed in Eve s99" in text
    assert f"{records[0].student} {records[0].name}.zip – {records[0].submitted} by x.csv" in text
    first = [one.earned for one in records[::2]]
    numbers = f"{np.mean(first):.2f}".rstrip("0").rstrip(".")
    assert f"A {len(first)} of {len(first)} {sum(not one.pending for one in records[::2])} {numbers}" in text
    assert f"B {len(records) - len(first)} of {len(records) - len(first) + 1}" in text
    assert "Q1 training kim 2 1.5 Q3 inline questions, question 2 lee 1 0.5" in text
    median = f"{np.median([one.earned for one in records[::3]]):.2f}".rstrip("0").rstrip(".")
    assert f"Points, median 1 {len(records[::3])} {median}" in text
    assert "What the student says s7 adam It is the form of the paper" in text


def test_what_crashed_once_and_not_again_is_named(records):
    first, *rest = records[0].exercises
    once = dataclasses.replace(records[0], exercises=(dataclasses.replace(first, remark="crashed once"), *rest))
    assert f"so the second counts: {first.name} of {once.student}." in shown(text_of([once]))


def test_misconceptions_are_counted_and_their_students_named(records):
    counts = collections.Counter(
        one.misconception for record in records for one in record.exercises if one.misconception
    )
    name, count = counts.most_common(1)[0]
    text = text_of(records)
    row = text[text.index(f'<th scope="row">{CATALOGUE[name].title}') :]
    row = row[: row.index("</tr>")]
    assert f'<td class="num">{count}</td>' in row
    assert row.count("<li>") == count


def test_what_crashed_is_listed_and_what_is_slowest_comes_first(records):
    text = shown(text_of(records))
    crashed = sum(one.verdict in ("crashed", "timeout", "import_error") for r in records for one in r.exercises)
    assert f"{crashed} exercises crashed or had to be stopped" in text
    slowest = max(records, key=lambda record: record.seconds)
    assert text.split("The slowest submissions")[1].split("as a bar")[1].strip().startswith(slowest.student)


def test_a_grader_that_broke_is_an_alarm(records):
    first, *rest = records[0].exercises
    broken = dataclasses.replace(records[0], exercises=(dataclasses.replace(first, verdict="grader_error"), *rest))
    text = shown(text_of([broken, *records[1:]]))
    assert "The grader itself broke in 1 exercise. This costs no student a point" in text
    assert f"find out why: {first.name} of {broken.student}" in text


def test_late_submissions_are_listed_with_points_before_and_after(records):
    text = shown(text_of(records, course=COURSE))
    late = [record for record in records if record.submitted > DEADLINE.isoformat()]
    assert late
    part = text[text.index("Times in the zone of the deadline") :]
    assert all(record.student in part[: part.index("Problems with")] for record in late)


def test_replaced_submissions_and_changes_are_listed(records):
    text = shown(text_of(records, **everything(records)))
    assert "earlier" in text[text.index("Replaced by a later submission") :]
    part = text[text.index("Results that differ") :]
    assert "nothing → " in part and "checks" in part


@pytest.mark.parametrize("size", [0, 1, 2])
def test_very_small_classes_have_a_report(size):
    records = make_class(size)
    check(text_of(records, course=COURSE, groups=[], changes=[]))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_breaks_out_of_the_page(text):
    record = hostile_record(text)
    stopped = tuple(dataclasses.replace(one, verdict="crashed", misconception=None) for one in record.exercises)
    records = [
        dataclasses.replace(record, exercises=stopped, submitted=None),
        make_record(np.random.default_rng(0), "b", "Ben", 1),
    ]
    group = Group(("b", record.name), 0.9, 0.9, ((text, 3),))
    earlier = dataclasses.replace(record, exercises=(), checks=text)
    page = check(
        text_of(records, course=COURSE, groups=[group], changes=changes([earlier], records[:1]), replaced=[record])
    )
    assert page.text.encode("utf-8")


def test_a_page_of_a_thousand_stays_small():
    size = len(text_of(make_class(1000), course=COURSE).encode())
    assert size < 2_000_000


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        lacking.skip("there is no Chromium to look at the pages with (apt-get install chromium)")
    with Browser() as browser:
        yield browser


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(
    "kind", ["report", "feedback", "hostile report", "hostile feedback", "answers", "hostile answers"]
)
def test_a_browser_shows_the_page_without_complaint(browser, records, tmp_path, kind, width):
    if "hostile" in kind:
        records = [hostile_record("\n".join(HOSTILE)), *records[:5]]
    if "report" in kind:
        page = text_of(records, **everything(records))
    elif "feedback" in kind:
        page = feedback(records[0], load_rubric(), CATALOGUE)
    else:
        read = {record.name: record for record in records}.get
        page = dict(manual_pages.pages(records, read, b"secret"))["manual/Q2-inline-questions.html"]
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    browser.said.clear()
    browser.fetched.clear()
    browser.open(path, width)
    assert browser.said == []
    assert {address.split(":")[0] for address in browser.fetched} <= {"file", "data"}
    assert browser.evaluate("document.title")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_the_answers_to_one_question_can_be_read_alone_and_keys_lead_on(browser, records, tmp_path):
    pages = dict(manual_pages.pages(records, {record.name: record for record in records}.get, b"secret"))
    (tmp_path / "page.html").write_text(pages["manual/Q2-inline-questions.html"], encoding="utf-8")
    browser.open(tmp_path / "page.html")
    shown = (
        "[1, 2, 3, 4].map(i => [...document.querySelectorAll(`.part-${i}`)].filter(e => e.offsetHeight).length)"
    )
    everything = browser.evaluate(shown)
    assert everything == [len(records) + 1] * 4  # with the questions and answers beside them
    browser.evaluate("document.getElementById('only-2').click()")
    assert browser.evaluate(shown) == [0, len(records) + 1, 0, 0]
    codes, went = list(manual_pages.coded(records, b"secret")), []
    for key in ("j", "ArrowRight", "x", "k"):
        browser.call("Input.dispatchKeyEvent", type="keyDown", key=key)
        went.append(browser.evaluate("location.hash"))
    assert went == [f"#{codes[i]}" for i in (0, 1, 1, 0)]


def test_a_file_that_cannot_be_imported_is_listed_once():
    record = make_class(1)[0]
    exercises = tuple(
        dataclasses.replace(one, verdict="import_error", message="layers.py cannot be imported: line 7")
        for one in record.exercises
    )
    text = shown(text_of([dataclasses.replace(record, exercises=exercises)]))
    assert text.count("layers.py cannot be imported: line 7") == 1
