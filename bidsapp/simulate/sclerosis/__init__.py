"""Multiple sclerosis: real lesions, their shapes and places, and patients made from them."""
