"""The programmer: a typed Python API over the programmer link and the `pump` command.

Part of a development platform for an implantable insulin pump. Not a medical device; not for use on people.
"""
