"""Claims G: at which temperatures centroids part.

Derivatives of a step are differences of five points at a distance of 1e-3 of the points' spread:
with costs a few times the temperature their truncation and rounding errors lie below 1e-9. A
critical temperature is a root of a rate that is good to that much. Of later splits it depends on a
fixed point as well, which is found to 1e-12 and magnifies that by the inverse of how fast the loop
contracts to it; for these 1e-7.

Fits end within 1e-9 of their limit, by their own certificate. Below a critical temperature by a
fraction u copies part by about the root of u, which is .17 and more.

The amplitude of the pitchfork is extrapolated from u = 5e-4 and 1e-3, with a rest of order u^2.
"""

from mixot.claims.verdict import Control, Part, Rule

_UNWEIGHTED = "all observations of the same weight"
_BELOW = "below the critical temperature"
_HALF = "lambda_max, as for the cost |x - mu|^2 / 2"

CLAIMS = {
    "G1": Rule(
        parts=(
            Part("jacobian", "of a step at collapse against (2 / epsilon) S", 1e-8),
            Part("spectral radius", "against 2 lambda_max / epsilon", 1e-8),
            Part("weights and means mixed", "derivative of one in the other", 1e-8),
            Part("weights neutral", "derivative of the weights against the identity", 1e-8),
        ),
        controls=(
            Control("observations unweighted", "jacobian", _UNWEIGHTED),
            Control("means not projected", "jacobian", "the weighted mean displaced as well"),
            Control("lambda_max / epsilon", "spectral radius", _HALF),
            Control("neutral weights left in", "spectral radius", "eigenvalues of the weights"),
        ),
    ),
    "G2": Rule(
        parts=(
            Part("critical temperature, free", "against 2 lambda_max, relative", 1e-8),
            Part("critical temperature, fixed", "the same with fixed weights", 1e-8),
            Part("critical temperature, balanced", "the same with the balanced plan", 1e-8),
            Part("centroids apart above it", "at the end of a fit", 1e-6),
            Part("centroids apart below it", "at the end of a fit", 1e-2, at_least=True),
        ),
        controls=(
            *(
                Control(name, f"critical temperature, {loop}", what)
                for loop in ("free", "fixed", "balanced")
                for name, what in (
                    ("lambda_max", _HALF),
                    ("observations unweighted", _UNWEIGHTED),
                )
            ),
            Control("below it", "centroids apart above it", _BELOW),
        ),
    ),
    "G4": Rule(
        parts=(
            Part("amplitude", "delta^2 over the law, extrapolated to u = 0, against 1", 1e-5),
            Part("fit", "where a fit ends against the scalar equation", 1e-7),
        ),
        controls=(
            Control("fourth moment of a normal", "amplitude", "m4 = 3 m2^2"),
            Control("law alone", "fit", "the law at u of .03 and more"),
        ),
    ),
    "G5": Rule(
        parts=(
            Part("critical temperature", "against the implicit equation, relative", 1e-7),
            Part("others moved", "by copies that part, over what these move", 1e-8),
            Part("copies apart above it", "at the end of a fit", 1e-6),
            Part("copies apart below it", "at the end of a fit", 1e-2, at_least=True),
        ),
        controls=(
            Control("hard cluster", "critical temperature", "covariance of the nearest points"),
            Control("copy at rest", "others moved", "the centroid alone displaced"),
            Control("below it", "copies apart above it", _BELOW),
        ),
    ),
}
