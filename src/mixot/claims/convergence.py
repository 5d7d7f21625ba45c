"""Claims I: how fast the algorithms converge.

Derivatives of maps are differences of five points over 1e-3 of a natural length, whose truncation
and rounding errors are both near 1e-12 in units of that length and come through eigenvalues
enlarged by the condition of their vectors: 1e-7 leaves room for that. The ratio of a run's steps
still holds what is left of the second direction, which 1e-4 allows for on data sets and 1e-3 in the
comparison of two rates, where nothing is chosen for a gap between the eigenvalues. Published
digits count to their last one. Fits end within 1e-10 of their limits in the metric of KL, and
coordinates over their natural lengths are of that size times at most 1e2.

Inequalities hold up to the rounding of values and divergences, some 1e-14. Newton's bound (I4) is a
theorem for full steps; its ratio is 1 at most, and a first-order method exceeds it by any factor.
Of the solver's sweeps four square an error from 1e-1 to 1e-16, for each of which two cheaper ones
with an earlier Hessian may stand in, and seven may come near, look at the problem and certify the
end. Sweeps and maps are counts: what needs some ten times as many as allowed has missed the bound.
"""

from mixot.claims.verdict import Control, Part, Rule

_KNOWN = "the fraction that is missing where the weights are known"
_EARLY = "after a hundred steps of EM"
_OTHER = "the rates of the other method"
_SWEEPS = "Sinkhorn's algorithm after as many sweeps"

CLAIMS = {
    "I1": Rule(
        parts=(
            Part("rate of the map", "largest eigenvalue of an EM step's derivative", 1e-7),
            Part("all eigenvalues", "the others as well", 1e-7),
            Part("rate of a fit", "ratio of the last steps of a fit", 1e-4),
            Part("largest fraction of missing information", "the rate, largest of all data sets"),
        ),
        controls=(
            Control("known weights", "rate of the map", _KNOWN),
            Control("known weights", "rate of a fit", _KNOWN),
        ),
    ),
    "I1b": Rule(
        parts=(
            Part("maximum by em", "weight and rates against the published digits", 1e-7),
            Part("maximum by squarem", "the same, accelerated", 1e-7),
            Part("maximum by anderson", "the same, accelerated", 1e-7),
            Part("log-likelihood by em", "against that at the published digits", 1e-12),
            Part("log-likelihood by squarem", "the same, accelerated", 1e-12),
            Part("log-likelihood by anderson", "the same, accelerated", 1e-12),
            Part("eigenvalues of the map", "against the published four digits", 5e-5),
            Part("steps of EM", "their number less that of EM written for reading", 0.5),
            Part("maps of squarem over EM's", "EM maps to a gap of 1e-12 nats", 0.1),
            Part("maps of anderson over EM's", "EM maps to a gap of 1e-12 nats", 0.1),
            Part(
                "maps of the published scheme over EM's steps",
                "SQUAREM as published against EM, until a step is short",
                0.1,
            ),
            Part("maps of em", "EM maps to a gap of 1e-12 nats, most from any start"),
            Part("maps of squarem", "the same, accelerated"),
            Part("maps of anderson", "the same, accelerated"),
        ),
        controls=(
            Control("a hundred steps of EM", "maximum by em", _EARLY),
            Control("a hundred steps of EM", "log-likelihood by em", _EARLY),
            Control("at the start", "eigenvalues of the map", "the derivative at the start"),
            Control("a tenth of the length", "steps of EM", "steps to a tenth of the length"),
            Control("EM itself", "maps of squarem over EM's", "EM in its place", factor=9.0),
            Control("EM itself", "maps of anderson over EM's", "EM in its place", factor=9.0),
            Control(
                "EM itself",
                "maps of the published scheme over EM's steps",
                "EM in its place",
                factor=9.0,
            ),
        ),
        problems=1,
    ),
    "I1c": Rule(
        parts=(
            Part("relative error after ten steps", "against adaptive quadrature", 1e-9),
            Part("error, one deviation apart or more", "the largest, relative", 0.01),
            Part("error, less than one deviation apart", "the largest, relative"),
            Part("separation of one per cent", "where the error is that, in deviations"),
        ),
        controls=(
            Control("nine steps", "relative error after ten steps", "one step fewer"),
            Control(
                "half the separation",
                "error, one deviation apart or more",
                "half the separation",
                factor=10.0,
            ),
        ),
    ),
    "I1d": Rule(
        parts=(
            Part("limit of squarem", "against EM's, over natural lengths", 1e-8),
            Part("limit of anderson", "against EM's, over natural lengths", 1e-8),
            Part("sweeps of squarem over EM's", "the largest of all data sets"),
            Part("sweeps of anderson over EM's", "the largest of all data sets"),
        ),
        controls=(
            Control("as many sweeps of EM", "limit of squarem", "EM after as many sweeps"),
            Control("as many sweeps of EM", "limit of anderson", "EM after as many sweeps"),
        ),
    ),
    "I2": Rule(
        parts=(
            Part("above the bound", "NLL_t - NLL* above KL(pi* | pi_0) / (t + 1)", 1e-12),
            Part("above the drop of the divergence", "NLL_t - NLL* above that drop", 1e-12),
            Part("rise of the divergence", "KL(pi* | pi_t) from one step to the next", 1e-12),
            Part("drop of the divergence", "against the mean of log D under pi*", 1e-12),
            Part("residual of the best weights", "Kuhn-Tucker residual of pi*"),
            Part("largest part of the bound", "how close to it any iterate comes"),
        ),
        controls=(
            Control("reversed", "above the bound", "the inequality reversed"),
            Control("square", "above the bound", "(t + 1)^2 in place of t + 1"),
            Control("reversed", "above the drop of the divergence", "the inequality reversed"),
            Control("from the start", "rise of the divergence", "KL(pi_0 | pi_t) instead"),
            Control("of the next step", "drop of the divergence", "that of the step after"),
        ),
    ),
    "I3": Rule(
        parts=(
            Part("slopes of Sinkhorn", "eigenvalues of a sweep's derivative against G's", 1e-7),
            Part("slopes of EM", "eigenvalues of a step's derivative against 1 - G's", 1e-7),
            Part("rate of Sinkhorn", "ratio of its last steps against l_2", 1e-3),
            Part("rate of EM", "ratio of its last steps against 1 - l_K", 1e-3),
        ),
        controls=(
            Control("the other's", "slopes of Sinkhorn", _OTHER),
            Control("the other's", "slopes of EM", _OTHER),
            Control("the other's", "rate of Sinkhorn", _OTHER),
            Control("the other's", "rate of EM", _OTHER),
        ),
    ),
    "I4": Rule(
        parts=(
            Part("error over its bound", "after a step, over e^osc(u) u'Hu", 1.0),
            Part("sweeps", "of Newton's method, problem and certificate included", 15.0),
            Part("marginal error", "of its plan by the reference, L1", 1e-13),
            Part("value", "against the reference's Sinkhorn algorithm", 1e-13),
            Part("sweeps of Sinkhorn over Newton's", "the largest of all problems"),
        ),
        controls=(
            Control("a sweep of Sinkhorn", "error over its bound", "a sweep of Sinkhorn instead"),
            Control("Sinkhorn", "sweeps", "the sweeps of Sinkhorn's algorithm", factor=10.0),
            Control("Sinkhorn, as many sweeps", "marginal error", _SWEEPS),
            Control("Sinkhorn, as many sweeps", "value", _SWEEPS),
        ),
    ),
    "I5": Rule(
        parts=(
            Part("slope of the error", "of log |m| on log n, against -1/4", 0.05),
            Part("slope of EM", "of log m_t on log t on the population, against -1/2", 0.05),
            Part("fit of the library", "where it ends, against bisection"),
        ),
        controls=(
            Control("two components", "slope of the error", "data of two components", factor=1.0),
        ),
        problems=1,
    ),
}
