"""Claims J: consistency and efficiency of mixtures fitted by transport.

Statistics of samples are divided by four of their standard deviations where they are recorded, so
that the bound is 1 at every number of replicates: an entry of the covariance of R estimates, over
its limit, has the variance 2 / R. Samples are so large that the departure from the limit, of order
1/n, is below one deviation. Where the bound is statistical a control has to miss it, no more.

Batched estimates stop at a residual of 1e-12; ten times as much would move means by 1e-9 at most,
below what is asked of fits. Fits end within 1e-11 of their limits in the metric of complete data,
in which a mean counts with its weight, .35 at least.
"""

from mixot.claims.verdict import Control, Part, Rule

_EQUATIONS = Part("equations", "largest residual of the estimates of all samples", 1e-11)
_TRUTH = Control("truth", "equations", "the truth in place of the estimate")
_HARD = Control("hard assignment", "slope", "hard assignment, which is not consistent", factor=1.0)
_EFFICIENT = "the inverse information in place of the sandwich"

CLAIMS = {
    "J1": Rule(
        parts=(
            Part("slope", "of the error against n, less -1/2, over four deviations", 1.0),
            Part("covariance", "n Cov less inverse information, over four deviations", 1.0),
            Part("coverage", "of 95 % intervals, less .95, over four deviations", 1.0),
            Part("fit by semirelaxed", "fits of EM against the batched estimates", 1e-8),
            Part("fit by balanced_free", "fits by balanced transport against the same", 1e-8),
            _EQUATIONS,
        ),
        controls=(
            _HARD,
            Control("complete data", "covariance", "information of labelled data", factor=1.0),
            Control("complete data", "coverage", "information of labelled data", factor=1.0),
            Control("another", "fit by semirelaxed", "the estimate with known weights"),
            Control("another", "fit by balanced_free", "the estimate with known weights"),
            _TRUTH,
        ),
    ),
    "J3": Rule(
        parts=(
            Part("slope", "of the error against n, less -1/2, over four deviations", 1.0),
            Part("covariance", "n Cov less the sandwich, over four deviations", 1.0),
            Part("variances", "n Var of each mean over its limit, less 1, likewise", 1.0),
            Part("likelihood", "n Cov of likelihood with known weights less A^-1, likewise", 1.0),
            Part("efficiency", "its variance over that of balanced transport, likewise", 1.0),
            Part("beside free weights", "variance with free weights over the same, likewise", 1.0),
            Part("fit by balanced", "fits of Sinkhorn EM against the batched estimates", 1e-8),
            _EQUATIONS,
            Part("covariance beyond", "where the samples are too small for the sandwich"),
            Part("variances beyond", "at separations above 6"),
            Part("efficiency beyond", "at separations above 6"),
            Part("beside free weights beyond", "at separations above 6"),
        ),
        controls=(
            _HARD,
            Control("efficient", "covariance", _EFFICIENT, factor=1.0),
            Control("efficient", "variances", _EFFICIENT, factor=1.0),
            Control("sandwich", "likelihood", "the sandwich in place of A^-1", factor=1.0),
            Control("equal", "efficiency", "an efficiency of 1", factor=1.0),
            Control("equal", "beside free weights", "equal variances", factor=1.0),
            Control("another", "fit by balanced", "maximum likelihood with known weights"),
            _TRUTH,
        ),
    ),
}
