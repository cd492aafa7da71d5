"""How well a lesion mask agrees with a manual one: by voxels, and lesion by lesion after named protocols."""
