"""The class of forty gets the points and verdicts of the golden tables, byte for byte."""

import pytest

from tests.staff.grade.class_of_forty import GRADEBOOK, SIZE, VERDICTS, graded, submissions
from tests.staff.grade.sandboxes import need_bubblewrap

pytestmark = pytest.mark.slow
HOW = "where points are meant to change: python -m tests.staff.grade.class_of_forty, and explain the difference"


def test_the_class_of_forty_is_judged_as_before(tmp_path):
    need_bubblewrap()
    classmates = submissions()
    assert len(classmates) == SIZE
    gradebook, verdicts = graded(tmp_path, classmates)
    assert verdicts == VERDICTS.read_text(encoding="utf-8"), HOW
    assert gradebook == GRADEBOOK.read_text(encoding="utf-8"), HOW
