"""What people see: tables and lines made of the client's records, by theme."""
