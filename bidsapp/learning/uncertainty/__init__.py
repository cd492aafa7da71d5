"""How sure a segmentation is, by voxel and by lesion, and whether that sureness tells errors."""
