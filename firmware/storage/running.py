"""The deliveries under way, in the fields of the state record: put there with each store, made anew after a restart.

Implements: DOSE-3, STORE-1
"""

from firmware import protocol
from firmware.storage.delivery import Delivery
from firmware.storage.state_record import BOLUSES


def put_stretch(record, stretch, base):
    """Put the running stretch (None: stopped) into `record`; `base`: counts of the core's ledgers when it began."""
    record.stretch_id = stretch.id if stretch else 0
    if stretch:
        record.stretch_kind = stretch.kind
        record.stretch_start_us = stretch.start_us
        record.stretch_rate_mu_per_h = stretch.rate_mu_per_h
        record.stretch_since_us = stretch.since_us
        record.stretch_earned = stretch.earned
        record.stretch_commanded, record.stretch_delivered, record.stretch_abandoned = base


def take_stretch(record):
    """(the stretch that ran, or None; counts of the core's ledgers when it began)."""
    if not record.stretch_id:
        return None, None
    rate_mu_per_h = record.stretch_rate_mu_per_h
    stretch = Delivery(record.stretch_id, record.stretch_kind, record.stretch_start_us, 0, rate_mu_per_h)
    stretch.since_us = record.stretch_since_us
    stretch.earned = record.stretch_earned
    return stretch, (record.stretch_commanded, record.stretch_delivered, record.stretch_abandoned)


def put_bolus(record, part, latest, bolus):
    """Put a part of a bolus into `record`: the number of the latest, and the one that runs (None: none does)."""
    prefix = BOLUSES[part]
    setattr(record, prefix + "_id", latest)
    setattr(record, prefix + "_running", 1 if bolus else 0)
    if bolus:
        setattr(record, prefix + "_kind", bolus.kind)
        setattr(record, prefix + "_start_us", bolus.start_us)
        setattr(record, prefix + "_programmed_mu", bolus.programmed_mu)


def take_bolus(record, part):
    """(number of the latest, the one that ran, or None)."""
    prefix = BOLUSES[part]
    number = getattr(record, prefix + "_id")
    if not getattr(record, prefix + "_running"):
        return number, None
    start_us, programmed_mu = getattr(record, prefix + "_start_us"), getattr(record, prefix + "_programmed_mu")
    return number, Delivery(number, getattr(record, prefix + "_kind"), start_us, programmed_mu)


def add_unknown(record, at_us, unknown_mu):
    """Make the core's normal part, which no record knows of, a bolus of `unknown_mu` that began at `at_us`."""
    record.newest_delivery += 1
    record.normal_id, record.normal_running = record.newest_delivery, 1
    record.normal_kind, record.normal_start_us = protocol.KIND_NORMAL_BOLUS, at_us
    record.normal_programmed_mu = unknown_mu
