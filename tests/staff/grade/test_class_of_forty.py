"""The class of forty gets the points and verdicts of the golden tables, byte for byte."""

import pytest

from tests.staff.grade.class_of_forty import GRADEBOOK, VERDICTS, graded
from tests.staff.grade.sandboxes import need_bubblewrap

pytestmark = pytest.mark.slow
HOW = "where points are meant to change: python -m tests.staff.grade.class_of_forty, and explain the difference"


def test_the_class_of_forty_is_judged_as_before(tmp_path):
    need_bubblewrap()
    gradebook, verdicts = graded(tmp_path)
    assert verdicts == VERDICTS.read_text(encoding="utf-8"), HOW
    assert gradebook == GRADEBOOK.read_text(encoding="utf-8"), HOW
