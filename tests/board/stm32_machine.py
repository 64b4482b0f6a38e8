"""c_ext/stm32 in an emulated Cortex-M4 (unicorn) with the devices of hil/emulator_stm32 around it.

Interrupts come between calls and while the program waits in WFI, not in the middle of a call: as if each call were made
with interrupts off. Instructions take no time, accesses to devices do.
"""

import subprocess
from pathlib import Path

import unicorn
from unicorn import arm_const

from hil.emulator_stm32.adc import Adc
from hil.emulator_stm32.chip import NEVER, Chip
from hil.emulator_stm32.system import System
from hil.emulator_stm32.usart import Usart
from tools.core.target.elf import Elf

ROOT = Path(__file__).resolve().parents[2]
C_EXT = ROOT / "c_ext"
STM32 = C_EXT / "stm32"
PINS = {
    **{
        "LINK_TX": 22,
        "LINK_RX": 23,
        "STEP": 2,
        "DIR": 17,
        "MOTOR_ENABLE": 20,
        "STROKE_SENSOR": 62,
        "LED": 30,
        "ANNUNCIATOR": 16,
        "PRESSURE": 37,
        "I2C_SCL": 24,
        "I2C_SDA": 25,
    },
}
PARTS = (
    "annunciator.c",
    "bus.c",
    "chip.c",
    "clock.c",
    "early.c",
    "interrupts.c",
    "link.c",
    "power.c",
    "pressure.c",
    "sensor.c",
    "stroke.c",
)
WARNINGS = (
    "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wmissing-prototypes -Wcast-align -Werror"
).split()
M4 = ["-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-std=c11", "-Os", "-g"]
FLASH, RAM, STACK, STOP = 0x08000000, 0x20000000, 0x20020000, 0x080FF000
KEPT = 0x2001C000  # what early.c keeps over a reset
SCR, VTOR, ICSR = 0xE000ED10, 0xE000ED08, 0xE000ED04
STORM = 50


def build(folder, uart=1, edit=None, base=None):
    """The test image's ELF file.

    `edit` is (file, old, new): a mistake made on purpose. `base`: an image whose objects are taken that do not differ.
    """
    pins = [f"#define LINK_UART {uart}"] + [f"#define PIN_{name} {pin}u" for name, pin in PINS.items()]
    (folder / "pins.h").write_text("\n".join(pins) + "\n")
    sources = [STM32 / name for name in PARTS] + [
        C_EXT / "board" / "interrupts.c",
        C_EXT / "board" / "ring.c",
        C_EXT / "board" / "service.c",
        C_EXT / "board" / "start.c",
        C_EXT / "board" / "bus_clear.c",
        *sorted((C_EXT / "core").glob("*.c")),
    ]
    command = ["arm-none-eabi-gcc", *M4, f"-I{folder}", f"-I{STM32}"]
    objects = []
    for path in sources:
        name = f"{path.parent.name}/{path.name}"
        objects.append(folder / f"{path.parent.name}_{path.stem}.o")
        edited = edit is not None and edit[0] == name
        if base and not edited and name != "stm32/link.c":
            objects[-1] = base.with_name(objects[-1].name)
            continue
        source = path
        if edited:
            text = path.read_text(encoding="utf-8")
            assert edit[1] in text, f"{name} has changed, this edit no longer applies: {edit[1]}"
            text = text.replace(edit[1], edit[2], 1).replace('"../', f'"{C_EXT}/')
            source = folder / path.name
            source.write_text(text, encoding="utf-8")
        own = WARNINGS if not edited else ("-w",)
        subprocess.run([*command, *own, f"-I{path.parent}", "-c", source, "-o", objects[-1]], check=True)
    elf = folder / "image.elf"
    places = ["-nostdlib", "-Wl,-e,shim_setup", f"-Wl,-Ttext={FLASH + 0x1000:#x},-Tdata={RAM:#x}"]
    places += [f"-Wl,--defsym=releve_kept={KEPT:#x},--defsym=_sstack={STACK - 0x2000:#x}"]
    rest = [Path(__file__).with_name("stm32_shim.c"), C_EXT / "baremetal" / "memory.c", *objects, "-lgcc"]
    subprocess.run([*command, "-fno-tree-loop-distribute-patterns", *places, "-o", elf, *rest], check=True)
    return elf


class Machine:
    """One chip with the image in it. `chip` are its devices."""

    def __init__(self, path, uart=1):
        self.elf = Elf(path)
        self.engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self.engine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M4)
        self.engine.mem_map(FLASH, 0x100000)
        self.engine.mem_map(RAM, 0x20000)
        for address, content in self.elf.segments():
            self.engine.mem_write(address, content)
        self.chip = Chip(lambda address, length: bytes(self.engine.mem_read(address, length)))
        self.system = System(self.chip)
        self.chip.registers[VTOR] = FLASH
        put = lambda address, byte: self.engine.mem_write(address, bytes([byte]))  # noqa: E731
        self.usart = Usart(self.chip, uart, put, PINS["LINK_RX"])
        for base, size in ((0x40000000, 0x30000), (0x48000000, 0x2000), (0x50040000, 0x1000), (0xE000E000, 0x1000)):
            self.engine.mmio_map(base, size, self._read, base, self._write, base)
        self.adc = Adc(self.chip)
        self.deliver_interrupts = True
        self.interrupts = 0
        self.stop_cycles = 0

    def _read(self, _engine, offset, size, base):
        address = base + offset
        return self.chip.read(address & ~3) >> 8 * (address & 3) & (1 << 8 * size) - 1

    def _write(self, _engine, offset, size, value, base):
        address = base + offset
        if size == 4:
            self.chip.write(address, value)
        else:  # priorities: bytes
            shift = 8 * (address & 3)
            old = self.chip.get(address & ~3)
            self.chip.registers[address & ~3] = old & ~(((1 << 8 * size) - 1) << shift) | value << shift

    def address(self, name):
        return self.elf.addresses[name]

    def bytes_at(self, name, length):
        return bytes(self.engine.mem_read(self.address(name), length))

    def call(self, name, *words, wide=False):
        """Calls a function; interrupts that are due come after it. The result, 32 bits, or 64 if `wide`."""
        self._run(self.address(name), words)
        low, high = (self.engine.reg_read(each) for each in (arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R1))
        self.deliver()
        return low | high << 32 if wide else low

    def _run(self, address, words=()):
        registers = (arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R1, arm_const.UC_ARM_REG_R2, arm_const.UC_ARM_REG_R3)
        for register, word in zip(registers, words, strict=False):
            self.engine.reg_write(register, word)
        self.engine.reg_write(arm_const.UC_ARM_REG_SP, STACK - 16)
        self.engine.reg_write(arm_const.UC_ARM_REG_LR, STOP | 1)
        self.engine.emu_start(address | 1, STOP, count=20_000_000)
        while True:
            at = self.engine.reg_read(arm_const.UC_ARM_REG_PC) & ~1
            if at == STOP:
                return
            wait = self.address("chip_wait")
            assert wait <= at < wait + 16, f"ended at {at:#x}"
            self._wait()
            self.engine.emu_start(at | 1, STOP, count=20_000_000)

    def _wait(self):
        """WFI: time passes until an interrupt is pending, whether locked out or not."""
        chip = self.chip
        deep, begin = chip.get(SCR) & 4, chip.now
        if deep:
            chip.stops += 1
            chip.stopped = True
            chip.touch()
            if chip.get(0x40014000) & 1:
                chip.wrong.append("stop mode while a stroke plays")
        while not chip.pending & chip.enabled:
            event = chip.next_event()
            assert event < NEVER, "sleeps for ever"
            chip.advance(event - chip.now)
        if deep:
            self.stop_cycles += chip.now - begin
            chip.stopped = False
            chip.touch()
            chip.clocks.stop()

    def deliver(self):
        """Interrupts that are pending, one after the other, by priority."""
        times, before = 0, self.chip.now
        while self.deliver_interrupts:
            ready = self.chip.pending & self.chip.enabled
            if not ready:
                return
            irq = min(ready, key=lambda each: (self.chip.get(0xE000E400 + each // 4 * 4) >> 8 * (each % 4) & 255, each))
            self.chip.pending.discard(irq)
            table = self.chip.get(VTOR)
            handler = int.from_bytes(self.engine.mem_read(table + 4 * (16 + irq), 4), "little")
            assert handler, f"interrupt {irq} has no handler"
            self._run(handler & ~1)
            self.interrupts += 1
            # A line that was up all the while is pending again only if it is still up.
            self.chip.pending.discard(irq)
            self.chip.lines()
            times = times + 1 if self.chip.now - before < 1000 * STORM else 0
            before = before if times else self.chip.now
            assert times < STORM, f"interrupt {irq} comes for ever"

    def pass_time(self, us):
        """Time passes with the program elsewhere, interrupts on."""
        end = self.chip.now + us * 32768 * 2440 // 1_000_000
        while self.chip.now < end:
            event = self.chip.next_event()
            step = end if event > end else max(event, self.chip.now + 1)
            self.chip.advance(step - self.chip.now)
            self.deliver()
