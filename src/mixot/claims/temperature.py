"""Claims F: what the temperature does to the objective.

Values are sums of n terms like those of A1, and differ from the reference's by as much. Exponents
are costs over epsilon, so that responsibilities are good to |C| / epsilon times the spacing of
floating-point numbers, below 1e-10 for the costs and temperatures here.

Slopes are differences of five points: for relative steps of 1e-3 their truncation is of the order
1e-12 and the rounding of values |C| / epsilon times 1e-13; balanced values are good to their
solver's gap of 1e-12, which a step of 1e-2 turns into 1e-9 / epsilon. Where epsilon is smaller than
delta by a factor of 40 the exponentially small rest is 1e-17, and what a difference of values over
epsilon loses is |C| / epsilon times rounding. A linear program's value is good to the same 1e-10,
and its slope at 1e-5 of the range of the costs to 1e-6. The rest vanishes at the rate delta or
faster; any power of epsilon up to the third would fall at less than a third of that rate.

Coefficients at infinity are those of a polynomial of degree 8 through values at 1 / epsilon up to a
third of the inverse range: its truncation is (1/10)^9, amplified and divided by the range to the
power of the order. Locations are extrapolated from two temperatures of 1e4 ranges and more, with a
rest of the order 1e-8.

Iterates are compared as in D1.
"""

from mixot.claims.verdict import Control, Part, Rule

_FREE = "free covariances in place of the known one"
_THE_OTHER = "the responsibilities of the other tempering"

CLAIMS = {
    "F1": Rule(
        parts=(
            Part("value", "smallest cost of a plan against the closed form", 1e-12),
            Part("value from points", "the same without a cost matrix", 1e-12),
            Part("root of the dual", "the same against a root find for every row", 1e-12),
            Part("responsibilities", "of the best plan against the closed form", 1e-10),
            Part("responsibilities of a fit", "those of the E-step against the same", 1e-10),
            Part("other plans", "excess of a random plan against epsilon KL(P | P*)", 1e-12),
        ),
        controls=(
            Control("epsilon 1", "value", "the likelihood itself"),
            Control("epsilon 1", "value from points", "the likelihood itself"),
            Control("weights tempered", "responsibilities", "(pi p)^(1/epsilon)"),
            Control("weights tempered", "responsibilities of a fit", "(pi p)^(1/epsilon)"),
            Control("without epsilon", "other plans", "KL(P | P*) alone"),
        ),
    ),
    "F2": Rule(
        parts=(
            Part("relation", "tempered value against the likelihood of the powers", 1e-12),
            Part("normaliser", "log Z against a sum of densities over a grid", 1e-10),
            Part("variation, known kernel", "of the last term over draws of parameters", 1e-11),
            Part("variation, free covariances", "the same, smallest", 1e-3, at_least=True),
            Part("iterates", "tempered fit against EM for the wider kernel", 1e-9),
        ),
        controls=(
            Control("no last term", "relation", "epsilon NLL alone"),
            Control("density itself", "normaliser", "Z = 1"),
            Control("free covariances", "variation, known kernel", _FREE),
            Control("free covariances", "iterates", _FREE),
        ),
    ),
    "F3": Rule(
        parts=(
            Part("slope, semirelaxed", "of the value in epsilon against KL(P | a x pi)", 1e-9),
            Part("slope, balanced", "the same for the balanced plan", 1e-7),
            Part("decrease", "largest from one temperature to a higher one", 1e-13),
            Part("convexity of chords", "largest increase of their slopes", 1e-10),
            Part("above a tangent", "largest excess of the value over a tangent", 1e-12),
        ),
        controls=(
            Control("entropy", "slope, semirelaxed", "sum P log P in place of the divergence"),
            Control("entropy", "slope, balanced", "sum P log P in place of the divergence"),
            Control("reversed", "decrease", "an increase"),
            Control("reversed", "convexity of chords", "concavity"),
            Control("reversed", "above a tangent", "below a tangent"),
        ),
    ),
    "F4": Rule(
        parts=(Part("value", "L_eps(2 sigma^2) against the likelihood", 1e-12),),
        controls=(Control("half the temperature", "value", "epsilon = sigma^2"),),
    ),
    "F5": Rule(
        parts=(
            Part("value", "of the cold plan against hard assignment plus epsilon S", 1e-12),
            Part("slope", "of the value at zero temperature against S", 1e-8),
            Part("slope as entropy and divergence", "against H(b) + KL(b | pi)", 1e-8),
            Part("plan", "rows of the cold plan against hard assignment", 1e-12),
            Part("hard plan", "objective of the plan hard against hard assignment", 1e-12),
            Part("remainder below zero", "hard assignment + epsilon S exceeded", 1e-13),
            Part("remainder above its bound", "the exponential bound exceeded", 1e-13),
            Part("decay of the remainder", "its rate over delta", 0.9, at_least=True),
            Part("balanced value", "against the linear program plus epsilon KL", 1e-10),
            Part("balanced slope", "against KL(P0 | a x pi)", 1e-6),
            Part("balanced plan", "against P0", 1e-8),
        ),
        controls=(
            Control("limit alone", "value", "no term of first order"),
            Control("entropy of the shares", "slope", "S = H(b)"),
            Control("one of the tied", "slope", "the weight of one tied component"),
            Control("at delta", "plan", "epsilon = delta"),
            Control("epsilon 1", "hard plan", "the likelihood"),
            Control("entropy of the shares", "remainder below zero", "S = H(b)"),
            Control("twice as cold", "remainder above its bound", "the bound at half epsilon"),
            Control("limit alone", "balanced value", "no term of first order"),
            Control("of the semi-relaxed plan", "balanced slope", "S of the semi-relaxed plan"),
            Control("any optimal plan", "balanced slope", "a vertex of the optimal plans"),
            Control("warmer", "balanced plan", "1e-2 of the range of the costs"),
        ),
    ),
    "F6": Rule(
        parts=(
            Part("mean coefficient", "against sum_i a_i E C_i", 1e-10),
            Part("second coefficient", "against -sum_i a_i Var C_i / 2", 1e-7),
            Part("third coefficient", "against sum_i a_i mu3 C_i / 6", 1e-4),
            Part("locations", "first order of an M-step against the covariance", 1e-6),
        ),
        controls=(
            Control("zero", "mean coefficient", "no mean cost"),
            Control("no factor 1/2", "second coefficient", "the variance itself"),
            Control("sign", "third coefficient", "the other sign"),
            Control("half", "locations", "half the covariance"),
        ),
    ),
    "F7": Rule(
        parts=(
            Part("powers of densities", "transport's responsibilities", 1e-10),
            Part("powers of weights and densities", "annealing's, as transport", 1e-10),
            Part("apart at epsilon 1", "the two", 1e-10),
            Part("apart", "the two, largest over temperatures", 1e-2, at_least=True),
            Part("hard step", "one step of a hard plan against that of its labels", 1e-10),
            Part("cold plan", "responsibilities when cold against labels", 1e-10),
        ),
        controls=(
            Control("the other", "powers of densities", _THE_OTHER),
            Control("the other", "powers of weights and densities", _THE_OTHER),
            Control("by classification", "hard step", "the labels of the other limit"),
            Control("by nearest", "hard step", "the labels of the other limit"),
            Control("by classification", "cold plan", "the labels of the other limit"),
            Control("by nearest", "cold plan", "the labels of the other limit"),
        ),
    ),
    "F8": Rule(
        parts=(
            Part("iterates", "centres against Lloyd's, iterate by iterate", 1e-9),
            Part("inertia at the end", "objective of the fit against Lloyd's", 1e-12),
            Part("below k-means", "tempered optimum under the least inertia", 1e-12),
            Part("above the entropy", "over the least inertia + epsilon H(b*)", 1e-12),
            Part("slope", "of the tempered optimum at zero temperature against H(b*)", 1e-7),
        ),
        controls=(
            Control("an iteration late", "iterates", "the centres of the iteration before"),
            Control("at the start", "inertia at the end", "the inertia of the start"),
            Control("no weights", "below k-means", "a sum in place of a weighted mean"),
            Control("half the entropy", "above the entropy", "epsilon H(b*) / 2"),
            Control("log K", "slope", "log K in place of H(b*)"),
        ),
    ),
}
