"""What every sample workload runs, and the suite's side of it: raw facts from both ends, no opinion."""
