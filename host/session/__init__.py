"""The programmer's end of the secure session: the handshake, sealed frames, keys and the card."""
