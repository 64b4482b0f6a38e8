"""A model of ADC2 of the STM32L4, after RM0351: supply, calibration, one conversion at a time."""

from tests.board.stm32_chip import CYCLES_A_SECOND, RCC

ADC2 = 0x50040100
ISR, CR, SMPR1, SMPR2, SQR1, DR = (ADC2 + offset for offset in (0x00, 0x08, 0x14, 0x18, 0x30, 0x40))
ADEN, ADDIS, ADSTART, ADVREGEN, DEEPPWD, ADCAL = (1 << bit for bit in (0, 1, 2, 28, 29, 31))
ADRDY, EOC = 1, 4
US = CYCLES_A_SECOND / 1_000_000


class Adc:
    """ADC2 of `chip`. `sense(channel)` is what a conversion finds, `converted` when each began (cycles)."""

    def __init__(self, chip):
        self.chip = chip
        self.registers = {CR: DEEPPWD, ISR: 0, SMPR1: 0, SMPR2: 0, SQR1: 0, DR: 0}
        self.sense = lambda channel: 512
        self.converted: list[int] = []
        self.channels: list[int] = []
        self.calibrated = False
        self.supply_since = None
        self.due = None
        chip.devices.append(self)

    def _wrong(self, what):
        self.chip.wrong.append(f"ADC2: {what}")

    def read(self, address):
        if address == DR and self.registers[DR] is not None:
            self.registers[ISR] &= ~EOC
        return self.registers.get(address)

    def write(self, address, value):
        if address not in self.registers:
            return False
        if not self.chip.get(RCC + 0x4C) & 1 << 13 or self.chip.get(RCC + 0x88) >> 28 & 3 != 3:
            self._wrong("used without its clock")
        if address == ISR:
            self.registers[ISR] &= ~value
        elif address == CR:
            self._control(value)
        elif self.registers[CR] & ADSTART:
            self._wrong("set up while it converts")
        else:
            self.registers[address] = value
        return True

    def _control(self, value):
        now, old = self.chip.now, self.registers[CR]
        settled = self.supply_since is not None and now - self.supply_since >= 20 * US
        if value & ADVREGEN and not old & ADVREGEN:
            self.supply_since = now
        if not value & ADVREGEN:
            self.supply_since = None
            if old & ADEN:
                self._wrong("its supply was switched off while it was on")
        if value & (ADCAL | ADEN) and not settled:
            self._wrong("used before its supply had settled")
        if value & ADEN and not self.calibrated:
            self._wrong("not calibrated")
        kept = old & (ADEN | ADSTART)
        self.registers[CR] = (value & ~(ADDIS | ADCAL)) | kept
        if value & ADCAL:
            self.registers[CR] |= ADCAL
            self.due = (now + round(2 * US), "calibrated")
        elif value & ADDIS:
            self.registers[CR] &= ~(ADEN | ADSTART)
        elif value & ADSTART:
            if not self.registers[ISR] & ADRDY:
                self._wrong("started before it was ready")
            self.converted.append(now)
            self.due = (now + 260, "converted")
        elif value & ADEN:
            self.due = (now + round(US), "ready")

    def next(self):
        return self.due[0] if self.due else None

    def step(self):
        if self.due is None or self.chip.now < self.due[0]:
            return
        what, self.due = self.due[1], None
        if what == "calibrated":
            self.calibrated = True
            self.registers[CR] &= ~ADCAL
        elif what == "ready":
            self.registers[ISR] |= ADRDY
        else:
            channel = self.registers[SQR1] >> 6 & 31
            time = self.registers[SMPR1 if channel < 10 else SMPR2] >> 3 * (channel % 10) & 7
            if time < 4:
                self._wrong(f"channel {channel} sampled for too short a time")
            self.channels.append(channel)
            self.registers[DR] = self.sense(channel)
            self.registers[CR] &= ~ADSTART
            self.registers[ISR] |= EOC

    def lines(self):
        return set()
