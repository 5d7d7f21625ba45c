"""Claims T: rows anywhere, in any number.

Sums are added in one order everywhere, so that paths agree to the bit on one machine; the bound of
T1 is what another processor's rounding may grow to. A slope over two decades, from seconds that
repeat to a few per cent, is known to 0.02. Memory may cost a tenth of a byte for a byte of data,
which on the smallest range is a megabyte, the size of the steps in which buffers grow. Objectives
at one optimum agree to the square of the distance, 1e-16, and to the rounding of sums; the distance
of 1e-8 is in the metric of the model, to which parameters are related by their scale. Passes are
known to the logarithm of the distance that a start has by chance; a number that grew with the rows
would exceed twice the first.
"""

from mixot.claims.verdict import Control, Part, Rule

_EARLY = "plain EM stopped after as many passes"

CLAIMS = {
    "T1": Rule(
        parts=(
            Part("path", "objectives and mixtures against those in memory", 1e-10),
            Part("reference", "the same in memory against EM written for reading", 1e-10),
            Part("numbers with other bits", "of all that were compared, rows of one weight"),
            Part("numbers with other bits, rows with weights", "the same for other rows"),
        ),
        controls=(
            Control("a row lost", "path", "the last row left out"),
            Control("an iteration before", "reference", "the iterate before"),
        ),
    ),
    "T2": Rule(
        parts=(
            Part("slope", "log seconds of an iteration over log rows", 1.05),
            Part("memory", "bytes of memory for a byte more of data", 0.1),
            Part("objective", "of the fit to the file against scikit-learn in memory", 1e-10),
            Part("slope by the clock", "the same by the clock on the wall"),
            Part("nanoseconds a row", "of one iteration at the largest size"),
            Part("megabytes", "of memory beyond the imports at the largest size"),
        ),
        controls=(
            Control("pairs", "slope", "a sum over all pairs of rows", factor=1.0),
            Control("in memory", "memory", "the fit to rows in memory", factor=10.0),
            Control("an iteration before", "objective", "an iteration less"),
        ),
        problems=1,
    ),
    "T3": Rule(
        parts=(
            Part("objective", "of the accelerated fit against that of plain EM", 1e-12),
            Part("standing still", "how far another EM iteration moves it", 1e-6),
            Part("passes over those of EM", "largest over sizes and designs", 0.5),
            Part("growth of em", "passes over those at the smallest size", 2.0),
            Part("growth of anderson", "the same with acceleration", 2.0),
        ),
        controls=(
            Control("as many passes of EM", "objective", _EARLY),
            Control("as many passes of EM", "standing still", _EARLY),
        ),
    ),
}
