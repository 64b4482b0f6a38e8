# Run by test_on_micropython.py on both Pythons: every figure printed must be the same.
from firmware.errors import Refused
from firmware.protocol.all_procedures import PROCEDURES
from firmware.therapy.catheter import Catheter
from firmware.therapy.guide import STATE_BYTES, Guide

orders = []
guide = Guide(
    lambda strokes, ledger: orders.append((strokes, ledger)), lambda: orders.append("cancel"), Catheter(), 500
)
raw = bytearray(STATE_BYTES)
for procedure in PROCEDURES:
    guide.begin(procedure.number, False)
    while guide.procedure:
        step = guide.step
        place = procedure.place(step.name)
        guide.answer(place, 0, step.takes.low if step.takes else 0)
        while guide.delivering:
            guide.stroke()
        guide.pack_into(raw)
        report = guide.report()
        print(procedure.name, step.name, bytes(raw), [report[name] for name in sorted(report)])
    try:
        guide.answer(0, 0)
    except Refused as error:
        print(error)
print(orders)
