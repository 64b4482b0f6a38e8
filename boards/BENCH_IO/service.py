"""The board's service: carries out the host's requests and replies.

It knows no pins: capture, player, agenda and outputs are passed in, so that it also runs on CPython under test.
"""

import struct

import bench_io_messages as message


class Refused(Exception):
    """The request cannot be carried out; nothing has changed. `args[0]` is the reason's number."""


class Outputs:
    """The bench's outputs to the pump: the pressure's voltage and the power."""

    def __init__(self, dac, power, light, player, now_us):
        self._dac = dac
        self._power = power
        self._light = light
        self._player = player
        self._now_us = now_us
        self.counts = 0
        self.powered = False
        self.switched_us = 0

    def show(self, counts):
        """Output a pressure. Raises OSError."""
        self._dac.show(counts)
        self.counts = counts

    def switch(self, on):
        """Switch the pump's power. Without power it makes no steps, so the stroke sensor's player restarts."""
        self._power.value(on)
        self.switched_us = self._now_us()
        self.powered = bool(on)
        self._light.value(on)
        self._player.restart()


class Service:
    """Handles requests: `handle(message_id, payload)` returns `(reply_id, payload)` and raises nothing."""

    def __init__(self, capture, player, agenda, outputs, counters):
        self._capture = capture
        self._player = player
        self._agenda = agenda
        self._outputs = outputs
        self._counters = counters
        self._dropped_before = 0
        self._reply = bytearray(struct.calcsize(message.EDGES_REPLY) + 4 * message.EDGE_WORDS_MAX)
        self.quitting = False
        self._plain = {message.HELLO: self._hello, message.STATUS: self._status}
        self._plain.update({message.CLEAR: self._clear, message.QUIT: self._quit})
        self._fixed = {message.EDGES: (self._edges, message.EDGES_REQUEST)}
        self._fixed[message.POWER] = (self._switch, message.POWER_REQUEST)
        self._lists = {message.SENSOR: self._sensor, message.PRESSURE: self._pressure}

    def handle(self, message_id, payload):
        """Answer a request."""
        try:
            return message_id | message.REPLY_BIT, self._answer(message_id, payload)
        except Refused as refused:
            return message.REFUSAL, bytes((message_id, refused.args[0]))

    def _answer(self, message_id, payload):
        if message_id in self._lists:
            return self._lists[message_id](payload)
        if message_id in self._plain:
            if payload:
                raise Refused(message.WRONG_LENGTH)
            return self._plain[message_id]()
        if message_id in self._fixed:
            handler, layout = self._fixed[message_id]
            if len(payload) != struct.calcsize(layout):
                raise Refused(message.WRONG_LENGTH)
            return handler(*struct.unpack(layout, payload))
        raise Refused(message.UNKNOWN_MESSAGE)

    def _hello(self):
        sizes = [each.size for each in self._capture.inputs]
        return struct.pack(message.HELLO_REPLY, message.VERSION, self._capture.count_hz, *sizes)

    def _status(self):
        capture, outputs, agenda = self._capture, self._outputs, self._agenda
        capture.mark()
        levels = 0
        for place, each in enumerate(capture.inputs):
            levels |= each.level() << place
        return struct.pack(
            message.STATUS_REPLY,
            capture.now_us(),
            *[each.seen() for each in capture.inputs],
            levels,
            outputs.powered,
            outputs.switched_us,
            outputs.counts,
            capture.overflows,
            self._dropped() - self._dropped_before,
            agenda.errors,
            agenda.late_us,
        )

    def _dropped(self):
        counters = self._counters
        return counters.frames_overlong + counters.frames_bad_cobs + counters.frames_too_short + counters.frames_bad_crc

    def _edges(self, place, first):
        if place >= len(self._capture.inputs):
            raise Refused(message.OUT_OF_RANGE)
        head = struct.calcsize(message.EDGES_REPLY)
        first, count, moment = self._capture.copy(place, first, self._reply, head, message.EDGE_WORDS_MAX)
        struct.pack_into(message.EDGES_REPLY, self._reply, 0, first, self._capture.inputs[place].seen(), moment)
        return memoryview(self._reply)[: head + 4 * count]

    def _records(self, layout, payload):
        """Split the payload into its first byte and the records after it."""
        size = struct.calcsize(layout)
        if not payload or (len(payload) - 1) % size:
            raise Refused(message.WRONG_LENGTH)
        return payload[0], [struct.unpack_from(layout, payload, at) for at in range(1, len(payload), size)]

    def _sensor(self, payload):
        again, turns = self._records(message.TURN, payload)
        try:
            self._player.set_turns(turns, bool(again))
        except ValueError:
            raise Refused(message.OUT_OF_RANGE)
        return b""

    def _pressure(self, payload):
        anew, entries = self._records(message.ENTRY, payload)
        if any(counts > 4095 for _, counts in entries):
            raise Refused(message.OUT_OF_RANGE)
        agenda = self._agenda
        if len(entries) > agenda.free + (agenda.count(self._outputs.show) if anew else 0):
            raise Refused(message.NO_ROOM)
        if anew:
            agenda.forget(self._outputs.show)
        for at_us, counts in entries:
            agenda.add(at_us, self._outputs.show, counts)
        return struct.pack(message.PRESSURE_REPLY, agenda.free)

    def _switch(self, at_us, on):
        if not self._agenda.free:
            raise Refused(message.NO_ROOM)
        self._agenda.add(at_us, self._outputs.switch, on & 1)
        return b""

    def _clear(self):
        self._capture.overflows = 0
        self._agenda.errors = 0
        self._agenda.late_us = 0
        self._dropped_before = self._dropped()
        return b""

    def _quit(self):
        self.quitting = True
        return b""
