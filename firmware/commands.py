"""From a request to the pump and back: decode by the table, check, call, encode; or refuse with nothing changed.

The pump is any object with these methods, which do the thing or raise `firmware.errors.Refused`:

- `identity()`: dict of the hello reply's fields from `board` on
- `status()`: dict of the status fields except the link counters
- `set_basal(rate_mu_per_h) -> (at_us, old_rate_mu_per_h)`
- `bolus(volume_mu) -> (at_us, delivery_id, strokes)`
- `cancel_bolus() -> (at_us, delivery_id, programmed_mu, delivered_mu)`
- `suspend() -> (at_us, abandoned_strokes)` and `resume() -> (at_us, rate_mu_per_h)`
- `set_limits(max_basal_mu_per_h, max_bolus_mu, max_hour_mu, max_day_mu) -> (at_us, old)`, `old` a tuple of those four
- `diagnosis()`: dict of the read_diagnosis fields
- `deliveries(since_id, max_count) -> (oldest_id, newest_id, [dict, ...])`, numbers above `since_id`, oldest first
- `events(since_number, max_count) -> (oldest, newest, [dict, ...])`, likewise
- `set_time(utc_s) -> (at_us, old_utc_s)` and `initialise_memory() -> at_us`
- `connected(schema_agreed)` and `refused(message_id, code, value)`: for the log

Implements: LINK-1, GUARD-1
"""

from firmware import protocol
from firmware.errors import Refused
from firmware.link import Counters
from firmware.protocol import NO_FIELD, REFUSAL_ID, REPLY_BIT, ProtocolError

_I64_LOW = -0x8000000000000000
_I64_HIGH = 0x7FFFFFFFFFFFFFFF
_LIMIT_NAMES = tuple(field.name for field in protocol.NEW_LIMITS)


class Commands:
    """Answers requests for one pump.

    Until a hello has agreed on the schema everything else is refused with SCHEMA_MISMATCH: after a reset of the device
    the programmer must find out what it talks to. `counters` is shared with the Link; `last_error` keeps the latest
    unexpected exception for whoever looks for it.
    """

    def __init__(self, pump, counters=None):
        self.counters = counters or Counters()
        self.last_error = None
        self._pump = pump
        self._schema_agreed = False
        self._handlers = {
            "hello": self._hello,
            "status": self._status,
            "set_basal": self._set_basal,
            "bolus": self._bolus,
            "cancel_bolus": self._cancel_bolus,
            "suspend": self._suspend,
            "resume": self._resume,
            "set_limits": self._set_limits,
            "set_time": self._set_time,
            "initialise_memory": self._initialise_memory,
            "read_deliveries": self._read_deliveries,
            "read_log": self._read_log,
            "read_diagnosis": self._read_diagnosis,
        }

    def handle(self, message_id, payload):
        """Return `(reply_id, reply_payload)` for a request. Never raises: what goes wrong becomes a refusal.

        After an INTERNAL_ERROR, and only then, the request may have been carried out: the status tells.
        """
        try:
            try:
                return self._execute(message_id, payload)
            except Refused as error:
                message = protocol.BY_ID.get(message_id)
                if message is not None and message.changes_delivery:
                    self._pump.refused(message_id, error.code, error.value)
                return self._refuse(message_id, error)
        except Exception as error:  # a fault here must never stop the main loop
            self.last_error = error
            self.counters.internal_errors += 1
            return self._refuse(message_id, Refused(protocol.INTERNAL_ERROR))

    def _execute(self, message_id, payload):
        message = protocol.BY_ID.get(message_id)
        if message is None:
            raise Refused(protocol.UNKNOWN_MESSAGE, None, message_id)
        if not self._schema_agreed and message.name != "hello":
            raise Refused(protocol.SCHEMA_MISMATCH)
        values = self._handlers[message.name](_decode(message.request, payload))
        return message_id | REPLY_BIT, protocol.encode(message.reply, values)

    def _refuse(self, message_id, error):
        values = {
            "request_id": message_id,
            "code": error.code,
            "field_index": _field_index(message_id, error.field_name),
            "value": max(_I64_LOW, min(error.value, _I64_HIGH)),
            "limit": max(_I64_LOW, min(error.limit, _I64_HIGH)),
        }
        payload = protocol.encode(protocol.REFUSAL, values)
        self.counters.requests_refused += 1
        return REFUSAL_ID, payload

    def _hello(self, request):
        self._schema_agreed = request["schema_hash"] == protocol.SCHEMA_HASH
        self._pump.connected(self._schema_agreed)
        reply = self._pump.identity()
        reply["schema_hash"] = protocol.SCHEMA_HASH
        reply["protocol_version"] = protocol.PROTOCOL_VERSION
        return reply

    def _status(self, request):
        reply = self._pump.status()
        for field in protocol.COUNTERS:
            reply[field.name] = getattr(self.counters, field.name)
        return reply

    def _set_basal(self, request):
        rate_mu_per_h = request["rate_mu_per_h"]
        at_us, old = self._pump.set_basal(rate_mu_per_h)
        return {"at_us": at_us, "old_rate_mu_per_h": old, "new_rate_mu_per_h": rate_mu_per_h}

    def _bolus(self, request):
        volume_mu = request["volume_mu"]
        stroke_uu = self._pump.identity()["stroke_uu"]
        if volume_mu * 1000 % stroke_uu:
            raise Refused(protocol.NOT_WHOLE_STROKES, "volume_mu", volume_mu, _smallest_dose_mu(stroke_uu))
        at_us, delivery_id, strokes = self._pump.bolus(volume_mu)
        return {"at_us": at_us, "delivery_id": delivery_id, "strokes": strokes}

    def _cancel_bolus(self, request):
        at_us, delivery_id, programmed_mu, delivered_mu = self._pump.cancel_bolus()
        return {
            "at_us": at_us,
            "delivery_id": delivery_id,
            "programmed_mu": programmed_mu,
            "delivered_mu": delivered_mu,
        }

    def _suspend(self, request):
        at_us, abandoned_strokes = self._pump.suspend()
        return {"at_us": at_us, "abandoned_strokes": abandoned_strokes}

    def _resume(self, request):
        at_us, rate_mu_per_h = self._pump.resume()
        return {"at_us": at_us, "rate_mu_per_h": rate_mu_per_h}

    def _set_limits(self, request):
        at_us, old = self._pump.set_limits(*[request[name] for name in _LIMIT_NAMES])
        reply = {"at_us": at_us}
        for index, name in enumerate(_LIMIT_NAMES):
            reply["old_" + name] = old[index]
            reply["new_" + name] = request[name]
        return reply

    def _set_time(self, request):
        utc_s = request["utc_s"]
        at_us, old_utc_s = self._pump.set_time(utc_s)
        return {"at_us": at_us, "old_utc_s": old_utc_s, "new_utc_s": utc_s}

    def _initialise_memory(self, request):
        return {"at_us": self._pump.initialise_memory()}

    def _read_log(self, request):
        oldest, newest, events = self._pump.events(request["since_number"], request["max_count"])
        return {"oldest_number": oldest, "newest_number": newest, "events": events}

    def _read_deliveries(self, request):
        oldest_id, newest_id, records = self._pump.deliveries(request["since_id"], request["max_count"])
        return {"oldest_id": oldest_id, "newest_id": newest_id, "records": records}

    def _read_diagnosis(self, request):
        return self._pump.diagnosis()


def _decode(fields, payload):
    # Only what the request brought is the sender's fault; the same error about a reply is the firmware's own.
    try:
        return protocol.decode(fields, payload)
    except ProtocolError as error:
        raise Refused(error.code, error.field_name, error.value, error.limit)


def _field_index(message_id, name):
    message = protocol.BY_ID.get(message_id)
    if message is not None:
        for index, field in enumerate(message.request):
            if field.name == name:
                return index
    return NO_FIELD


def _smallest_dose_mu(stroke_uu):
    """The least whole number of mU that is whole strokes: 200 for 200000 µU, 25 for 12500 µU."""
    dose_uu = stroke_uu
    while dose_uu % 1000:
        dose_uu += stroke_uu
    return dose_uu // 1000
