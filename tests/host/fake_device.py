"""A pump that only remembers what it was told, and a device around it that is reached without any port."""

from firmware import protocol
from firmware.commands import Commands
from firmware.drivers.nvm import Counting
from firmware.errors import Refused
from firmware.link import Link
from firmware.storage import orders
from firmware.storage.orders import Orders
from firmware.therapy.answers import smallest_dose_mu
from host.link import decode_frame
from tests.firmware.ram import RamNvm


class Record:
    """What of the state record a pump shows to its commands."""

    command_id = 0


class FakePump:
    """Answers as firmware/commands.py says a pump does. `snapshot()` is all that a request could change.

    Orders that it has no method for are taken down in `calls` and answered with the least values of their reply.
    """

    def __init__(self, stroke_uu=200000):
        self.stroke_uu = stroke_uu
        self.state = protocol.STATE_RUNNING
        self.rate_mu_per_h = 200
        self.bolus_mu = 0
        self.bolus_id = 0
        self.limits = (35000, 40000, 60000, 150000)
        self.records = []
        self.utc_s = 1_767_225_600
        self.log = []
        self.connections = 0
        self.refusals = []
        self.failures = []
        self.stumbles = []
        self.calls = []
        self.device_us = 2_000_000
        self.record = Record()
        self.orders = Orders(Counting(RamNvm(orders.BYTES)), 0)
        self.orders.initialise(6)
        self.parts = (self,)

    def __getattr__(self, name):
        message = next((each for each in protocol.MESSAGES if each.name == name), None)
        if message is None:
            raise AttributeError(name)

        def answer(**request):
            if message.changes_delivery:
                self.calls.append((name,))
            return lowest(message.reply)

        return answer

    def now_us(self):
        return self.device_us

    def read_time(self):
        return {"now_us": self.device_us, "utc_s": self.utc_s, "life": self.orders.life}

    def snapshot(self):
        return (self.state, self.rate_mu_per_h, self.bolus_mu, self.bolus_id, self.limits, len(self.records))

    def identity(self):
        return {
            "board": "FAKE",
            "firmware_version": "0.0.1",
            "core_version": "0.0.2",
            "native_core": True,
            "stroke_uu": self.stroke_uu,
            "stroke_nl": 500,
            "concentration_u_per_ml": 400,
            "now_us": 1_000_000,
            "image": "0123456789abcdef",
            "life": self.orders.life,
        }

    def status(self):
        names = ("max_basal_mu_per_h", "max_bolus_mu", "max_hour_mu", "max_day_mu")
        values = {field.name: 0 for field in protocol.BY_ID[0x02].reply if field.name not in names}
        values.update(zip(names, self.limits, strict=True))
        values.update(
            now_us=2_000_000,
            state=self.state,
            basal_rate_mu_per_h=self.rate_mu_per_h,
            in_force_mu_per_h=self.rate_mu_per_h,
            temp_until_us=protocol.NEVER_US,
            recommended_until_us=protocol.NEVER_US,
            bolus_id=self.bolus_id,
            bolus_programmed_mu=self.bolus_mu,
            bolus_remaining_mu=self.bolus_mu,
            pressure_pa=-27000,
            next_due_us=protocol.NEVER_US,
        )
        return values

    def read_diagnosis(self):
        values = {field.name: 0 for field in protocol.BY_ID[0x22].reply}
        values.update(diagnosis=1, at_us=1_500_000, strokes=2, missed_mu=400, rise_pa=6666, compliance_pl_per_pa=75)
        return values

    def set_basal(self, rate_mu_per_h, **order):
        self.calls.append(("set_basal", rate_mu_per_h))
        if rate_mu_per_h > self.limits[0]:
            raise Refused(protocol.CLINICIAN_LIMIT, "rate_mu_per_h", rate_mu_per_h, self.limits[0])
        old, self.rate_mu_per_h = self.rate_mu_per_h, rate_mu_per_h
        return {"at_us": 3_000_000, "old_rate_mu_per_h": old, "new_rate_mu_per_h": rate_mu_per_h, "cut_by": 0}

    def bolus(self, volume_mu, **order):
        if self.state != protocol.STATE_RUNNING:
            raise Refused(protocol.WRONG_STATE, None, self.state)
        if volume_mu * 1000 % self.stroke_uu:
            raise Refused(protocol.NOT_WHOLE_STROKES, "volume_mu", volume_mu, smallest_dose_mu(self.stroke_uu))
        if self.bolus_mu:
            raise Refused(protocol.BOLUS_ACTIVE)
        self.calls.append(("bolus", volume_mu))
        self.bolus_mu = volume_mu
        self.bolus_id += 1
        strokes = volume_mu * 1000 // self.stroke_uu
        return {"at_us": 3_000_000, "delivery_id": self.bolus_id, "strokes": strokes}

    def cancel_bolus(self, **order):
        self.calls.append(("cancel_bolus",))
        if not self.bolus_mu:
            raise Refused(protocol.NO_BOLUS_ACTIVE)
        programmed, self.bolus_mu = self.bolus_mu, 0
        reply = lowest(protocol.BY_ID[0x12].reply)
        reply.update(at_us=4_000_000, delivery_id=self.bolus_id, programmed_mu=programmed, delivered_mu=0)
        return reply

    def suspend(self, **order):
        self.calls.append(("suspend",))
        self.state = protocol.STATE_SUSPENDED
        return {"at_us": 5_000_000, "abandoned_strokes": 2, "rate_mu_per_h": 200}

    def resume(self, **order):
        self.calls.append(("resume",))
        self.state = protocol.STATE_RUNNING
        return {"at_us": 6_000_000, "rate_mu_per_h": self.rate_mu_per_h}

    def set_limits(self, max_basal_mu_per_h, max_bolus_mu, max_hour_mu, max_day_mu, **order):
        self.calls.append(("set_limits",))
        old, self.limits = self.limits, (max_basal_mu_per_h, max_bolus_mu, max_hour_mu, max_day_mu)
        reply = {"at_us": 7_000_000}
        for field, before, after in zip(protocol.NEW_LIMITS, old, self.limits, strict=True):
            reply["old_" + field.name] = before
            reply["new_" + field.name] = after
        reply["cut_by"] = 0
        return reply

    def read_deliveries(self, since_id, max_count):
        found = [record for record in self.records if record["id"] > since_id][:max_count]
        oldest, newest = (self.records[0]["id"], self.records[-1]["id"]) if self.records else (0, 0)
        return {"oldest_id": oldest, "newest_id": newest, "records": found}

    def set_time(self, utc_s, **order):
        self.calls.append(("set_time", utc_s))
        old, self.utc_s = self.utc_s, utc_s
        return {"at_us": 8_000_000, "old_utc_s": old, "new_utc_s": utc_s}

    def initialise_memory(self, **order):
        self.calls.append(("initialise_memory",))
        return {"at_us": 9_000_000}

    def read_log(self, since_number, max_count):
        found = [event for event in self.log if event["number"] > since_number][:max_count]
        oldest, newest = (self.log[0]["number"], self.log[-1]["number"]) if self.log else (1, 0)
        return {"oldest_number": oldest, "newest_number": newest, "events": found}

    def connected(self, schema_agreed):
        self.connections += 1

    def refused(self, message_id, code, value):
        self.refusals.append((message_id, code, value))

    def failed(self, error):
        self.failures.append(error)

    def stumbled(self, error):
        self.stumbles.append(error)

    def add_events(self, count):
        for number in range(1, count + 1):
            event = {"number": number, "time_s": 1_767_225_600 + number, "clock_known": True, "category": 1}
            event.update(event=1, detail=1, reason=1, a=number, b=200, c=1, d=0)
            self.log.append(event)

    def add_deliveries(self, count):
        for number in range(1, count + 1):
            record = {"id": number, "kind": 1, "start_us": number, "end_us": number + 1, "programmed_mu": 200}
            record.update(commanded_strokes=1, delivered_strokes=1, abandoned_strokes=0, reason=1)
            self.records.append(record)


def lowest(fields):
    """The least values that the table allows."""
    values = {}
    for field in fields:
        value = -(-field.low // field.step) * field.step
        if field.kind == "records":
            value = [lowest(field.fields)] * field.low
        values[field.name] = "" if field.kind == "str8" else value
    return values


class FakeUart:
    """Both directions as byte strings."""

    def __init__(self):
        self.incoming = bytearray()
        self.sent = bytearray()

    def read_into(self, buffer):
        count = min(len(buffer), len(self.incoming))
        buffer[:count] = self.incoming[:count]
        del self.incoming[:count]
        return count

    def write(self, buffer, count):
        self.sent += buffer[:count]


class FakeDevice:
    """A pump behind a link, and itself the transport to it. Only what a test sets goes wrong."""

    def __init__(self, pump=None):
        self.pump = pump or FakePump()
        self.uart = FakeUart()
        self.connect()
        self.lose_replies = 0
        self.before_reply = b""
        self.closed = False
        self.time_outs = 0

    def restart(self):
        self.pump.orders.begin_life(0, self.pump.now_us(), self.pump.record.command_id)
        self.connect()

    def connect(self):
        self.commands = Commands(self.pump)
        self.link = Link(self.uart, self.commands.handle, self.commands.counters)

    def feed(self, data):
        """Let `data` arrive and return what the device sends."""
        self.uart.incoming += data
        while self.link.poll():
            pass
        sent = bytes(self.uart.sent)
        self.uart.sent.clear()
        return sent

    def write(self, data):
        reply = self.feed(data)
        if reply and self._loses(reply):
            reply = b""
        self.uart.sent += self.before_reply + reply

    def _loses(self, reply):
        """`lose_replies` is how many, or how many and of which message."""
        count, message_id = self.lose_replies if isinstance(self.lose_replies, tuple) else (self.lose_replies, None)
        lost = count > 0 and message_id in (None, decode_frame(reply.strip(b"\0"))[1] & 0x7F)
        if lost:
            self.lose_replies = (count - 1, message_id) if message_id else count - 1
        return lost

    def read(self, timeout_s):
        data = bytes(self.uart.sent)
        self.uart.sent.clear()
        self.time_outs += not data
        return data

    def close(self):
        self.closed = True
