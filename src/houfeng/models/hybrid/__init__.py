"""The champion corrected by what can be learnt: its rate times a factor, its sources weighed anew.

The rate in time is Lambda(t) e^g: Lambda of the adaptive model, g constant on pieces of time and found from what was
known where the piece began. The integral of Lambda over a piece is known in closed form, so that the likelihood is a
Poisson regression whose exposure is what the champion expects, and no quadrature can be gamed. The density in space is
the champion's mixture with other weights of its sources, normalised by construction. With nothing learnt g is zero and
the weights are the champion's.
"""
