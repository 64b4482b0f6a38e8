"""What the whole firmware must do, worked out a second time from the specification, and what a run has done against it.

In whole numbers and exact fractions; of the firmware only the link's table of messages is used. One reading of the
specification must not write code, test and bench alike.
"""
