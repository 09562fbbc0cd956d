"""What every room uses: parameters, seeds, files, and where computations run."""
