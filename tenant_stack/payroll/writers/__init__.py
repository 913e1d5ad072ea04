"""Files as payroll systems read them, one module a layout."""
