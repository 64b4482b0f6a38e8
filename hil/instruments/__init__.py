"""Instruments of the bench: a real driver and a simulated twin behind one interface (HIL-4)."""

from hil.instruments.balance import SimulatedBalance, load_balance_parameters
from hil.instruments.calibration import Blank, Calibration, WeighedVolume, Weighing, evaluate_blank, load_calibration
from hil.instruments.interface import Balance, StrokeCapture
from hil.instruments.stroke_capture import BenchStrokeCapture
from hil.instruments.weighings import Weighings

__all__ = [
    "Balance", "BenchStrokeCapture", "Blank", "Calibration", "SimulatedBalance", "StrokeCapture", "WeighedVolume",
    "Weighing", "Weighings", "evaluate_blank", "load_balance_parameters", "load_calibration",
]  # fmt: skip
