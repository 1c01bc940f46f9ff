"""Tools for instructors, graders and maintainers; nothing here goes to students."""
