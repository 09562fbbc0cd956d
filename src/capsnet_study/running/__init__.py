"""What runs, where, and how far it is: the parallel runner, progress, clusters.

Nothing in this room can touch a number: it imports no other one, and no stage depends on it, so
that a change here makes no result stale. Its warrant is that results are the same to the bit with
any number of workers, on a cluster, and after a kill, which is tested.
"""
