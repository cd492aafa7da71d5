"""Machines that learn, at every voxel, what is normal; pure functions of arrays."""
