"""Claims K and L: self-transport and kernel densities, deconvolution and projections.

Values of K and L are sums of n terms, solved to a duality gap of 1e-12 of their size. Plans are
solved to a marginal error of 1e-13, and what follows from it (symmetry, the distance to another
solver's plan) can be some times larger. Locations that minimise a value are known to the square
root of its last digits. Two hundred steps that each multiply by sums over some hundred pixels round
by 1e-12 at most.
"""

from mixot.claims.verdict import Control, Part, Rule

_ESTEP = "the E-step plan, which keeps one marginal only"
_OTHER = "the locations that minimise the other value"

CLAIMS = {
    "K": Rule(
        parts=(
            Part("gap", "value less the kernel density's and epsilon KL(P_OT | P*)", 1e-12),
            Part("violation", "epsilon KL(a | phat) above the gap", 1e-12),
            Part("tilt", "value against L_eps(w) - epsilon KL(a | w), w tilted by g", 1e-12),
            Part("symmetry", "the plan against its transpose, L1", 1e-11),
            Part("marginals", "row and column sums against the weights, L1", 1e-11),
            Part("plan, reference", "the plan against the reference's, L1", 1e-10),
            Part("plan, POT", "the plan against POT's, L1", 1e-10),
            Part("gap size", "how much self-transport costs beyond the likelihood"),
        ),
        controls=(
            Control("marginals", "gap", "KL(a | phat) taken for KL(P_OT | P*)"),
            Control("reversed", "violation", "the inequality reversed"),
            Control("untilted", "tilt", "weights not tilted by the potential"),
            Control("E-step plan", "symmetry", _ESTEP),
            Control("E-step plan", "marginals", _ESTEP),
            Control("E-step plan", "plan, reference", _ESTEP),
            Control("E-step plan", "plan, POT", _ESTEP),
        ),
    ),
    "K2": Rule(
        parts=(
            Part(
                "index at the best temperature",
                "adjusted Rand index of plan and mixture, mean over samples, least over problems",
                at_least=True,
            ),
            Part(
                "index at 2 sigma^2",
                "the same where the kernel is as wide as the clusters",
                at_least=True,
            ),
            Part("best temperature over 2 sigma^2", "largest over problems"),
            Part(
                "index of the kernel at its best",
                "the same of the Gaussian kernel, least over problems",
                at_least=True,
            ),
        ),
    ),
    "L": Rule(
        parts=(
            Part("minimum of transport", "min over weights of OT against that of NLL", 1e-11),
            Part("minimum of the likelihood", "the library's against the reference's", 1e-11),
            Part("transport at the likelihood's weights", "against the likelihood", 1e-11),
            Part("stationarity", "of the likelihood at the weights of the projection", 1e-9),
            Part("locations of the likelihood", "two atoms of equal weight, against SciPy", 1e-6),
            Part("locations of transport", "the same for the projection", 1e-6),
            Part("distance of the two", "for equal weights", 1e-3, at_least=True),
            Part("locations with free weights", "the projection against the likelihood", 1e-6),
            Part("argmin", "difference of the weights on atoms"),
        ),
        controls=(
            Control("uniform weights", "minimum of transport", "weights that stay uniform"),
            Control("entropy", "minimum of transport", "the plan's entropy for KL(. | a x pi)"),
            Control("uniform weights", "minimum of the likelihood", "weights that stay uniform"),
            Control(
                "uniform weights", "transport at the likelihood's weights", "at uniform weights"
            ),
            Control("uniform weights", "stationarity", "weights that stay uniform"),
            Control("the other's", "locations of the likelihood", _OTHER),
            Control("the other's", "locations of transport", _OTHER),
            Control("equal weights", "locations with free weights", "the class of equal weights"),
        ),
    ),
    "L2": Rule(
        parts=(Part("weights", "along all iterations that are kept", 1e-11),),
        controls=(
            Control("least squares", "weights", "the multiplicative step for least squares"),
        ),
    ),
}
