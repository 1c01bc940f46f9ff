"""What people see of the checks: a table, JSON, notebook output, and the table again after each save."""
