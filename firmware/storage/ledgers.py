"""The core's ledgers of the running deliveries, read from a Core.state(): the rate in force and the strokes to come.

Implements: DOSE-3, THER-2
"""

from firmware import dose_codes as code
from firmware import protocol

NORMAL, SQUARE = range(2)  # the parts of the core's bolus
# Where a part's ledger lies in Core.state(): programmed, commanded, delivered, abandoned; then its end and reason.
COUNTS = (code.NORMAL_PROGRAMMED, code.SQUARE_PROGRAMMED)
IDS = (code.NORMAL_ID, code.SQUARE_ID)
ENDS = (code.NORMAL_END_US, code.SQUARE_END_US)


def in_force(state):
    """(kind of stretch, mU/h) that a core in this state delivers when not suspended."""
    kind = protocol.KIND_TEMP_BASAL if state[code.TEMP] else protocol.KIND_BASAL
    return kind, with_temp(state, state[code.RATE_MU_PER_H])


def with_temp(state, rate_mu_per_h):
    """The rate after the temporary rate of a core in this state is applied to a programmed rate."""
    if state[code.TEMP] == code.TEMP_RATE:
        return state[code.TEMP_VALUE]
    if state[code.TEMP]:
        return rate_mu_per_h * state[code.TEMP_VALUE] // 100
    return rate_mu_per_h


def to_come(state, part):
    """Strokes of this part of a bolus still to come."""
    programmed, commanded, _, abandoned = state[COUNTS[part] : COUNTS[part] + 4]
    return programmed - commanded - abandoned


def over(state, part):
    """Has the core ended this part, its last stroke included?"""
    if to_come(state, part):
        return False
    return not (state[code.IN_FLIGHT] and state[code.ARMED_KIND] == code.KIND_NORMAL + part)


def basal_counts(state):
    """Commanded, delivered, abandoned of both basal ledgers together."""
    first, second = state[code.BASAL_COMMANDED : code.BASAL_COMMANDED + 3], state[code.TEMP_COMMANDED :]
    return tuple([mine + others for mine, others in zip(first, second)])
