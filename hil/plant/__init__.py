"""The plant: the model on the pump's pins in place of a patient's pump and catheter (HIL-3)."""

from hil.plant.body import Body, load_body
from hil.plant.faulty import Fault, FaultyPlant, load_faults
from hil.plant.mechanism import PUMPS, load_mechanism, mechanisms, time_constant_us
from hil.plant.outflow import outflow
from hil.plant.plant import Plant, StrokeRecord

__all__ = [
    "PUMPS", "Body", "Fault", "FaultyPlant", "Plant", "StrokeRecord", "load_body", "load_faults", "load_mechanism",
    "mechanisms", "outflow", "time_constant_us",
]  # fmt: skip
