"""Claims D: the algorithms are block descent on one objective.

Iterates and parameters are compared over max(1, |entry|), terms of balances over
max(1, |objective|).
"""

from mixot.claims.verdict import Control, Part, Rule

_NO_WEIGHTS = "the balance without the term of the weights"
_EPSILON = "epsilon before the term of the components as well"

CLAIMS = {
    "D1": Rule(
        parts=(
            Part("em", "iterates of em against EM written for reading", 1e-9),
            Part("ot_semirelaxed", "iterates of ot_semirelaxed against the same", 1e-9),
            Part("scikit-learn", "iterates of em against scikit-learn without its floor", 1e-9),
        ),
        controls=(
            Control("reg_covar 1e-6", "scikit-learn", "scikit-learn's default floor of 1e-6"),
        ),
    ),
    "D2": Rule(
        parts=(
            Part("trace", "drop less the three terms, along every run", 1e-11),
            Part("recomputed", "drop less the terms that the reference finds", 1e-11),
            Part("terms", "each term against the reference's", 1e-11),
        ),
        controls=(
            Control("no weights term", "trace", _NO_WEIGHTS),
            Control("no weights term", "recomputed", _NO_WEIGHTS),
        ),
    ),
    "D3": Rule(
        parts=(
            Part("trace", "largest increase along every run", 1e-13),
            Part("recomputed", "largest increase of the likelihood at the snapshots", 1e-13),
        ),
        controls=(Control("reg_covar 1e-2", "recomputed", "a floor of 1e-2, from the solution"),),
    ),
    "D4": Rule(
        parts=(Part("parameters", "the M-step against BFGS", 1e-5),),
        controls=(Control("no step", "parameters", "parameters left where they were"),),
    ),
    "D5": Rule(
        parts=(
            Part("weights", "new weights", 1e-12),
            Part("location", "new means or rates", 1e-12),
            Part("covariances", "new covariances, the mean's step put back", 1e-12),
        ),
        controls=(Control("no outer product", "covariances", "the mean's step not put back"),),
    ),
    "D6": Rule(
        parts=(
            Part("semi-relaxed", "drop less the reference's terms, epsilon 1/2 and 2", 1e-11),
            Part("balanced", "the same with fixed weights, epsilon 1 included", 1e-11),
            Part("trace", "drop less the measured terms, along every run", 1e-11),
        ),
        controls=(
            Control("epsilon on components", "semi-relaxed", _EPSILON),
            Control("epsilon on components", "balanced", _EPSILON),
        ),
    ),
    "D7": Rule(
        parts=(
            Part("alternation", "how far 50 alternations moved the weights, L1", 1e-10),
            Part("left above the minimum", "its value less min NLL", 1e-6, at_least=True),
            Part("EM step at the end", "one EM step where the free-weight path stopped", 1e-6),
        ),
        controls=(
            Control("semi-relaxed plan", "alternation", "the semi-relaxed plan, once"),
            Control("start", "EM step at the end", "one EM step at the start"),
        ),
    ),
    "D8": Rule(
        parts=(
            Part("linear map", "slope of the map of the means against 1 / epsilon", 1e-6),
            Part("not collapsed", "any em run at epsilon > 1 that did not collapse: 1, none: 0"),
        ),
        controls=(Control("identity", "linear map", "slope 1 at every epsilon"),),
    ),
}
