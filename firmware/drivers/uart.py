"""The UART of the programmer link."""


class Uart:
    """115200 8N1, never waiting.

    `read_into(buffer) -> n` fills what has arrived; `write(buffer, n) -> n` takes what fits. Both are the board's.
    """

    def __init__(self, read_into, write):
        self.read_into = read_into
        self.write = write
