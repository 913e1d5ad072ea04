"""What payroll imports: pay lines, mapping profiles, batches, and a feed for machines."""
