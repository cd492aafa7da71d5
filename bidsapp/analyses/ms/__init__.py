"""Multiple sclerosis: all lesions, those that would enhance with gadolinium, and the image with it."""
