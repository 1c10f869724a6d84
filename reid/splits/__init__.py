"""Benchmarks of several splits, as PRID2011 and iLIDS-VID: papers report the mean over all of them."""
