"""The UART of the programmer link."""


class Uart:
    """115200 8N1, non-blocking.

    `read_into(buffer) -> n` copies the bytes that have arrived; `write(buffer, n) -> n` accepts as many as fit. Both
    are the board's functions.
    """

    def __init__(self, read_into, write):
        self.read_into = read_into
        self.write = write
