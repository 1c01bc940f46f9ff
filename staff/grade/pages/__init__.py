"""What people read: feedback, the class report, pages for manual grading."""
