"""What the scanner writes down of a page: columns of its tables of tags, blocks and elements.

`tag_kernel.py` and `block_kernel.py` fill them; `choice_kernel.py` and `writing_kernel.py` read them.
"""

START, END, CHARS, LINKED, STOPS, OWNER, KIND, BLOCK_COLUMNS = range(8)
"""A block: its bytes [START, END) of the text; characters without white space, and those of links; commas;
its element; flags it inherits."""
PARENT, TAG, OWN, FLAGS, FIRST, LAST, WORDS, MAKE, TAG_AT, ELEMENT_COLUMNS = range(10)
"""An element: its parent, 0 for the page; number and flags of its tag; flags that it hands down; its blocks
[FIRST, LAST); flags of its class's words; what it has in common with siblings of its make; where its tag begins."""
AT, AFTER, NAME, TRAITS, NAMED, SHAPE, TOKEN_COLUMNS = range(7)
"""A tag: its bytes [AT, AFTER) of the page, with what a script holds; its number and traits; flags of the words of its
attributes; what it has in common with others of its make."""
CLOSING, LINKING, CONCEALED = 1, 2, 4
"""Traits of a tag: an end tag; with a target, as links are; told not to be shown."""
