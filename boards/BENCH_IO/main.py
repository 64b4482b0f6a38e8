"""The bench I/O board: sets itself up, then answers the host until it is told to quit."""

import machine
import pins
import quick
from agenda import Agenda
from capture import Capture
from open_door import OpenDoor
from player import Player
from port import open_port
from pressure import Dac
from service import Outputs, Service

from firmware.link import link
from firmware.protocol import framing

_I2C_HZ = 400_000
# The player's queue holds four turns, and strokes come at least 2 s apart: refill it at least this often.
_FEED_EVERY_MS = 1500


def run():
    """Serve the host."""
    pin = machine.Pin
    step = pin(pins.STEP, pin.IN, pin.PULL_DOWN)
    power, light = pin(pins.POWER, pin.OUT, value=0), pin(pins.LED, pin.OUT, value=0)
    motor_enable, direction = pin(pins.MOTOR_ENABLE, pin.IN, pin.PULL_UP), pin(pins.DIR, pin.IN, pin.PULL_DOWN)
    capture = Capture(step, motor_enable, direction, power)
    player = Player(step, pin(pins.STROKE_SENSOR, pin.OUT, value=0))
    dac = Dac(machine.I2C(0, sda=pin(pins.I2C_SDA), scl=pin(pins.I2C_SCL), freq=_I2C_HZ))
    outputs = Outputs(dac, power, light, player, capture.now_us)
    agenda = Agenda(capture.now_us)
    counters = link.Counters()
    service = Service(capture, player, agenda, outputs, counters)
    port = open_port(pin(pins.LINK_TX), pin(pins.LINK_RX))
    framing.cobs = quick  # type: ignore[assignment]
    framing.crc32c = quick.crc32c  # type: ignore[assignment]
    line = link.Link(port, OpenDoor(service.handle), counters)
    while not service.quitting:
        while line.poll() and not service.quitting:
            pass
        player.feed()
        capture.mark_if_due()
        left_us = agenda.run()
        port.wait(_FEED_EVERY_MS if left_us is None else min(left_us // 1000, _FEED_EVERY_MS))
    port.close()


run()
