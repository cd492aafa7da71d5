"""Pure functions of image arrays: checks, grids, bias, registration, regions and quality."""
