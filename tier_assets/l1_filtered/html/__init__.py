"""HTML to main text: a scanner of bytes, the choice of blocks, their text; mathematics, and rights that a page reserves."""
