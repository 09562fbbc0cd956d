"""What every package uses: parameters, seeds, files, and where computations run."""
