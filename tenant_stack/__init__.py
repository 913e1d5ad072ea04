"""One organisation's back end and worker: people, clocks, punches and attendance."""
