"""The pages with all answers to an item, and the table that goes with them."""

import dataclasses
import re

import pytest

from cs231n.checks.rubric import load_rubric
from staff.grade import limits
from staff.grade.pages import manual_pages
from staff.grade.points.manual import codes
from staff.grade.record import PartRecord
from tests.staff.grade.conftest import SECRET
from tests.staff.grade.made_up import HOSTILE, hostile_record, make_class
from tests.staff.grade.reading import check

ITEMS = load_rubric().manual


@pytest.fixture(scope="module")
def records():
    return make_class(12)


def written(records):
    """Return file name -> text of all pages."""
    full = {record.name: record for record in records}
    light = [
        dataclasses.replace(record, manual=tuple(dataclasses.replace(item, parts=()) for item in record.manual))
        for record in records
    ]
    return dict(manual_pages.pages(light, full.get, SECRET))


def test_every_item_of_every_submission_is_on_the_page_of_the_item(records):
    pages = written(records)
    assert len(pages) == len(ITEMS) + 1
    called = codes([record.name for record in records], SECRET)
    for number, item in enumerate(ITEMS.values()):
        page = check(pages[f"manual/{item.name.replace(' ', '-')}.html"], pictures=True)
        assert {name for name in page.ids if name in called.values()} == set(called.values())
        figures = sum(len(part.figures) for record in records for part in record.manual[number].parts)
        assert page.tags.count("img") == figures
        for record in records:
            assert record.student not in page.text and record.name not in page.text


def test_question_and_own_answer_stand_beside_the_answers(records):
    pages = written(records[:1])
    for item in ITEMS.values():
        page = check(pages[f"manual/{item.name.replace(' ', '-')}.html"], pictures=True)
        for asked in manual_pages.asked(item).values():
            assert asked.title in page.text
            assert max(re.findall("[a-z]+", asked.answer), key=len) in page.text


def test_each_answer_is_under_the_question_it_belongs_to(records):
    item = ITEMS["Q3 inline questions"]
    parts = tuple(PartRecord(place, f"answer to {i}") for i, place in enumerate(item.cells, 1))
    manual = tuple(
        dataclasses.replace(one, parts=parts) if one.name == item.name else one for one in records[0].manual
    )
    text = written([dataclasses.replace(records[0], manual=manual)])["manual/Q3-inline-questions.html"]
    for i in (1, 2, 3):
        assert text[: text.index(f"answer to {i}")].rpartition('<div class="part-')[2].startswith(f'{i}"')
    assert "#only-3:checked" in text and "#only-4" not in text


def test_the_first_page_leads_to_all_and_knows_who_is_who(records):
    page = check(written(records)["manual.html"])
    assert {address for address in page.addresses if address.startswith("manual/")} == {
        f"manual/{name.replace(' ', '-')}.html" for name in ITEMS
    }
    called = codes([record.name for record in records], SECRET)
    for record in records:
        assert record.student in page.text and called[record.name] in page.text


def test_many_figures_are_divided_among_pages_that_lead_to_each_other(records, monkeypatch):
    monkeypatch.setattr(limits, "PAGE_CHARACTERS", 2500)
    pages = written(records)
    of_item = sorted((name for name in pages if name.startswith("manual/Q1-inline")), key=len)
    assert len(of_item) > 2
    read = [check(pages[name], pictures=True) for name in of_item]
    called = set(codes([record.name for record in records], SECRET).values())
    assert sorted(name for page in read for name in page.ids if name in called) == sorted(called)
    for text, following in zip(of_item, of_item[1:]):
        assert f'href="{following.removeprefix("manual/")}">More answers' in pages[text]
        assert f'href="{text.removeprefix("manual/")}">Answers before' in pages[following]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_student_wrote_becomes_active(text):
    for page in written([hostile_record(text)]).values():
        read = check(page, pictures=True)
        assert page.count("<script") == read.tags.count("script") and "onerror=alert" not in page.replace(
            "&#34;&gt;&lt;img src=x onerror", ""
        )
        assert read.tags.count("style") == 1


def test_no_submissions_no_answers():
    pages = written([])
    assert len(pages) == len(ITEMS) + 1
    for page in pages.values():
        check(page, pictures=True)


def test_the_codes_are_in_the_order_of_the_pages(records):
    called = codes([record.name for record in records], SECRET)
    assert list(manual_pages.coded(records, SECRET)) == sorted(called.values())


def test_each_answer_leads_to_the_next_and_back(records):
    page = next(page for name, page in written(records).items() if name != "manual.html")
    first, second = list(manual_pages.coded(records, SECRET))[:2]
    assert f'<a href="#{second}">Next answer</a>' in page
    assert f'<a href="#{first}">Previous answer</a>' in page
