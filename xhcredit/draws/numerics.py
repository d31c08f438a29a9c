"""Constants of the mathematics of draws: steps of quadrature, tolerances, lengths of chains.

None of them is law (law stands in dated rules); those of the protocol are fixed by
``xhcredit-draw/1`` for ever, the others only trade time for digits.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

# protocol
DIGITS: Final = 12  # decimals of odds and working probabilities in a frame
UNIT: Final = 10**DIGITS
STEPS_PER_PLACE: Final = 20  # steps of the swap chain for each place
HEX_DIGITS: Final = 13  # of a ticket, read as one number
HEX_BASE: Final = 16
LONGEST_SEED: Final = 256  # characters
SALT_BYTES: Final = 16
LONGEST_TEXT: Final = 200  # characters of a text in a plan

# quadrature on the log-odds line; the trapezoid rule converges there exponentially
WIDEST_STEP: Final = 0.25
STEP_IN_WIDTHS: Final = 0.5
LEFT_TAIL, RIGHT_TAIL = 42.0, 42.0  # exp(-42) is below the last digit of a double
DEVIATIONS, SLACK = 12.0, 60.0  # a sum of coins stays within 12 deviations and 60
CHUNK: Final = 1 << 22  # complex numbers held at once

# calibration
TOLERANCE, ROUNDS = 1e-11, 100
ACCEPTED: Final = 1e-9  # largest relative error of an inclusion probability
SMALL: Final = 1e-3  # below it twelve digits of a working probability are not enough

BYTES: Final = 256  # values of a byte
ASCII_SIZE: Final = 128  # bytes below it are characters of ASCII
LEAVES_AT_ONCE: Final = 1 << 16  # hashed together

CONFIDENCE: Final = 0.95
SHOWN: Final = 10  # names told in a message
SHOWN_HEX: Final = 16  # digits of a digest told in a message
