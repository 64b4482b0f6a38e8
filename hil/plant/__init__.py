"""The plant: what hangs on the pump's pins in place of a patient's pump and catheter (HIL-3, first version)."""

from hil.plant.mechanism import PUMPS, load_mechanism, mechanisms, time_constant_us
from hil.plant.outflow import outflow
from hil.plant.plant import Plant, StrokeRecord

__all__ = ["PUMPS", "Plant", "StrokeRecord", "load_mechanism", "mechanisms", "outflow", "time_constant_us"]
