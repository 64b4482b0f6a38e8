"""The screens: tables and lines made from the client's records, by theme."""
