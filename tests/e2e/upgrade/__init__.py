"""A data folder of an older version: its messages, rows and files, written out as that version wrote them.

Nothing here follows the code. A name that changes in the code stays here, for it stays in people's folders: the code
has to understand both. What a newer version writes beside it is added.
"""
