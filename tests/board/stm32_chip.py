"""A model of the STM32L4's devices that c_ext/stm32 uses, after RM0351: timers, DMA, EXTI, watchdog, clocks, NVIC.

Time is counted in cycles of the processor's clock, 2440 to a tick of the crystal (122 · 20). Devices are moved on when
time passes; an access to a register takes time too. What the program does against the manual ends up in `wrong`.
"""

CYCLES_A_TICK = 2440  # of the 32,768 Hz crystal
CYCLES_A_COUNT = 80  # of TIM2 and TIM15
CYCLES_A_SECOND = CYCLES_A_TICK * 32768
ACCESS_CYCLES = 8
TIM2, TIM15, LPTIM, DMA1, DMA2 = 0x40000000, 0x40014000, 0x40007C00, 0x40020000, 0x40020400
EXTI, PWR, RCC, IWDG, GPIOA, NVIC = 0x40010400, 0x40007000, 0x40021000, 0x40003000, 0x48000000, 0xE000E000
CR1, CR2, SMCR, DIER, SR, EGR, CCMR1, CCER, CNT, PSC, ARR, RCR, CCR1, BDTR = (
    *(0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28, 0x2C, 0x30, 0x34, 0x44),
)
BURST = DMA1 + 8 + 20 * 4  # channel 5
IRQ_TIM15, IRQ_LPTIM = 24, 65


class Chip:
    """The devices. `memory(address, length)` reads the processor's memory for the DMA."""

    def __init__(self, memory):
        self.memory = memory
        self.now = 0
        self.registers = {RCC: 0x63, RCC + 0x08: 0, RCC + 0x90: 0, PWR: 0x200}
        self.pending: set[int] = set()
        self.enabled: set[int] = set()
        self.wrong: list[str] = []
        self.edges: list[int] = []  # rising edges of STEP, cycles
        self.pins = dict.fromkeys(range(128), False)
        self.drives: list[tuple[int, int, bool]] = []  # (when, pin, level)
        self.feeds: list[int] = []
        self.stops = 0
        self.stopped = False
        self.devices: list = []  # more of them, with step(now), next() and lines()
        self._compare = (0, 0)  # (value in force, written at tick)
        self._compare_new = None
        self._tick_seen = 0
        self._wait_ends = None
        self._period_start = None
        self._periods_left = 0
        self._words = 0
        self._edge_done = False
        self.crystal = True
        self.trigger_input = 1  # of TIM15, that TIM2 drives

    # Registers

    def get(self, address):
        return self.registers.get(address, 0)

    def tim(self, base, offset):
        return self.get(base + offset)

    def read(self, address):
        self.advance(ACCESS_CYCLES)
        if address == LPTIM + 0x1C:
            # Right after its edge the counter may be read wrong (RM0351: two equal reads are needed).
            garbage = 0x5555 if self.now % CYCLES_A_TICK < ACCESS_CYCLES else 0
            return ((self.tick & 0xFFFF) ^ garbage) if self.get(LPTIM + 0x10) & 4 else 0
        if GPIOA <= address < GPIOA + 0x2000 and address & 0x3FF == 0x10:
            port = (address - GPIOA) >> 10
            return sum(1 << n for n in range(16) if self.pins[port * 16 + n])
        for device in self.devices:
            value = device.read(address)
            if value is not None:
                return value
        return self.get(address)

    def write(self, address, value):
        self.advance(ACCESS_CYCLES)
        if any(device.write(address, value) for device in self.devices):
            return
        if address in (TIM15 + SR, LPTIM + 0x00):
            value = self.get(address) & value
        if 0xE000E100 <= address < 0xE000E300:
            self._nvic(address, value)
            return
        old = self.get(address)
        self.registers[address] = value
        if address == EXTI + 0x14:
            self.registers[address] = old & ~value
        elif address == LPTIM + 0x04:
            self.registers[LPTIM] = self.get(LPTIM) & ~value
            if value & ~self.get(LPTIM + 0x08):
                self.wrong.append("LPTIM flag cleared whose interrupt is disabled")
        elif address == LPTIM + 0x18:
            self.registers[LPTIM] = self.get(LPTIM) | 0x10
        elif address == LPTIM + 0x14:
            if self._compare_new is not None:
                self.wrong.append("LPTIM compare written while a value was under way")
            self._compare_new = (value, self.tick + 3)
        elif address in (TIM2 + EGR, TIM15 + EGR) and value & 1:
            self._generate(address - EGR)
        elif address == TIM2 + CR1 and value & 1 and not old & 1:
            self._clocked("TIM2")
            self._wait_ends = self.now + (self.tim(TIM2, ARR) + 1) * CYCLES_A_COUNT
        elif address == TIM2 + CR1 and not value & 1:
            self._wait_ends = None
        elif address == TIM15 + CR1 and not value & 1:
            self._period_start = None
        elif address == BURST + 4:
            self._words = value
        elif address == RCC:
            self.registers[RCC] |= (value & 1 << 24) << 1
        elif address == RCC + 0x08:
            self.registers[address] = (value & ~0xC) | (value & 3) << 2
        elif address == RCC + 0x90 and value & 1 and self.crystal:
            if not self.get(PWR) & 1 << 8:
                self.wrong.append("BDCR written while protected")
            self.registers[address] |= 2
        elif address == IWDG and value == 0xAAAA:
            self.feeds.append(self.now)
        elif GPIOA <= address < GPIOA + 0x2000 and address & 0x3FF == 0x18:
            self._drive((address - GPIOA) >> 10, value)

    def _drive(self, port, value):
        for n in range(16):
            if value & (0x10001 << n):
                high = bool(value & 1 << n)
                self.pins[port * 16 + n] = high
                self.drives.append((self.now, port * 16 + n, high))

    def _nvic(self, address, value):
        irqs = {32 * ((address & 0x7F) // 4) + n for n in range(32) if value >> n & 1}
        if address < 0xE000E180:
            self.enabled |= irqs
        elif address < 0xE000E200:
            self.enabled -= irqs
        elif address < 0xE000E280:
            self.pending |= irqs

    def _clocked(self, who):
        if self.get(RCC + 0x08) & 0xC != 0xC and self.stops:
            self.wrong.append(f"{who} started while the processor's clock was not the PLL's")

    def _generate(self, base):
        if base == TIM2 and self.tim(TIM2, CR2) & 0x70 == 0x20:
            self._trigger()  # the update event is its trigger output, this one too
        if base == TIM15:
            self._periods_left = self.tim(TIM15, RCR) + 1
            if not self.tim(TIM15, CR1) & 4:
                self.registers[TIM15 + SR] = self.get(TIM15 + SR) | 1

    def _trigger(self):
        if self.tim(TIM15, SMCR) & 0x77 == 0x06 | self.trigger_input << 4 and self._period_start is None:
            self._clocked("TIM15")
            if self.tim(TIM15, PSC) != 79 or self.tim(TIM2, PSC) != 79:
                self.wrong.append("prescaler")
            self.registers[TIM15 + CR1] = self.tim(TIM15, CR1) | 1
            self._period_start = self.now
            self._edge_done = False

    # Time

    @property
    def tick(self):
        return self.now // CYCLES_A_TICK

    def us(self):
        """The crystal's true time."""
        return self.now * 1_000_000 / CYCLES_A_SECOND

    def next_event(self):
        """Cycles at which something happens by itself."""
        events = [self._wait_ends, self._timer_event(), self._alarm_event()]
        events += [device.next() for device in self.devices]
        return min((each for each in events if each is not None), default=None)

    def _timer_event(self):
        if self._period_start is None:
            return None
        count = self.tim(TIM15, ARR) + 1 if self._edge_done else self.tim(TIM15, CCR1)
        return max(self._period_start + count * CYCLES_A_COUNT, self.now)

    def _alarm_event(self):
        if not self.get(LPTIM + 0x10) & 4:
            return None
        if self._compare_new:
            return self._compare_new[1] * CYCLES_A_TICK
        ahead = (self.get(LPTIM + 0x14) - self._tick_seen) & 0xFFFF or 0x10000
        return (self._tick_seen + ahead) * CYCLES_A_TICK

    def advance(self, cycles):
        """Time passes, and what happens in it happens in order."""
        end = self.now + cycles
        while True:
            event = self.next_event()
            if event is None or event > end:
                break
            self.now = max(event, self.now)
            self._happen()
        self.now = end
        self._tick_seen = self.tick
        self.lines()

    def _happen(self):
        tick = self.tick
        if self._compare_new and tick >= self._compare_new[1]:
            self._compare_new = None
            self.registers[LPTIM] = self.get(LPTIM) | 8
        elif tick > self._tick_seen and tick & 0xFFFF == self.get(LPTIM + 0x14) and not self._compare_new:
            self.registers[LPTIM] = self.get(LPTIM) | 1
        self._tick_seen = tick
        if self._wait_ends is not None and self.now >= self._wait_ends:
            self._wait_ends = None
            self.registers[TIM2 + CR1] &= ~1
            self._trigger() if self.tim(TIM2, CR2) & 0x70 == 0x20 else None
        event = self._timer_event()
        if event is not None and event <= self.now:
            self._count()
        for device in self.devices:
            device.step()

    def _count(self):
        if not self._edge_done:
            self._edge_done = True
            driven = self.tim(TIM15, CCER) & 1 and self.tim(TIM15, BDTR) & 0x8000 and self.get(GPIOA) >> 4 & 3 == 2
            if self.tim(TIM15, CCMR1) & 0x70 == 0x70 and driven:
                self.edges.append(self.now)
            if self.tim(TIM15, DIER) & 1 << 9:
                self._reload()
        else:
            self._edge_done = False
            self._period_start = self.now
            self._periods_left -= 1
            if self._periods_left == 0:
                self.registers[TIM15 + SR] = self.get(TIM15 + SR) | 1
                self._periods_left = self.tim(TIM15, RCR) + 1
                if self.tim(TIM15, CR1) & 8:
                    self.registers[TIM15 + CR1] &= ~1
                    self._period_start = None

    def _reload(self):
        left = self.get(BURST + 4)
        if self.get(BURST) & 1 and left and self.get(DMA1 + 0xA8) >> 16 & 15 == 7:
            place = self.get(BURST + 12) + 2 * (self._words - left)
            self.registers[self.get(BURST + 8)] = int.from_bytes(self.memory(place, 2), "little")
            self.registers[BURST + 4] = left - 1

    # Interrupts

    def lines(self):
        """Lines that a device holds up become pending."""
        if self.get(LPTIM) & self.get(LPTIM + 0x08) & 9:
            self.pending.add(IRQ_LPTIM)
        if self.get(TIM15 + SR) & self.get(TIM15 + DIER) & 1:
            self.pending.add(IRQ_TIM15)
        flags = self.get(EXTI + 0x14) & self.get(EXTI)
        for line in range(16):
            if flags >> line & 1:
                self.pending.add(6 + line if line < 5 else 23 if line < 10 else 40)
        for device in self.devices:
            self.pending |= device.lines()

    def drive(self, pin, high):
        """Somebody outside drives a pin."""
        if self.pins[pin] != high:
            self.pins[pin] = high
            line = pin % 16
            source = self.get(0x40010008 + 4 * (line // 4)) >> 4 * (line % 4) & 15
            wanted = self.get(EXTI + (0x08 if high else 0x0C)) >> line & 1
            if source == pin // 16 and wanted:
                self.registers[EXTI + 0x14] = self.get(EXTI + 0x14) | 1 << line
        self.lines()
